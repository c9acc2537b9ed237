export {
  ClipAssembler,
  type ClipAssemblerLimits,
  type ClipBad,
  type ClipComplete,
  type ClipOutcome,
  type ClipProgress,
  type ClipRefused,
} from "./clip-assembler.ts";
export { type Clip, ClipFormatError, clipToMp4, readClip } from "./clip-file.ts";
export { Consumer, type ConsumerLimits, type Gap, type Incoming, type Outcome } from "./consumer.ts";
export {
  type ClipMessage,
  type ConsumerMessage,
  type EventMessage,
  type KnownEvent,
  parseMessage,
  type Refusal,
  type RefusalReason,
} from "./parse.ts";
export { buildRequest, type CommandRequest, type RequestOutcome, Requests } from "./requests.ts";
export type { GapReason } from "./sequence.ts";
export { sha256Hex } from "./sha256.ts";
