/**
 * `porchlight/consumer`: the receiving side of the wire, for Node and browsers. It speaks no MQTT itself and has no
 * clock: hand it what your client receives. docs/consumer.md shows how.
 */
export {
  ClipAssembler,
  type ClipAssemblerLimits,
  type ClipAssemblerOptions,
  type ClipBad,
  type ClipComplete,
  type ClipOutcome,
  type ClipPart,
  type ClipProgress,
  type ClipRefused,
  type ClipStreamed,
} from "./clip-assembler.ts";
export { type Clip, clipToMp4, readClip } from "./clip-file.ts";
export { ClipFormatError } from "./clip-format.ts";
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
