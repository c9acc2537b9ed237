/**
 * `porchlight/sim`: doorbells in a world on a virtual clock, for anybody's test runner. Everything is synchronous, and
 * the same seed is the same run on every machine. See docs/sim.md.
 */
export { UsageError, WorldError } from "../../agent/contract/errors.ts";
export type { EventType } from "../../agent/contract/events.ts";
export type { Violation } from "../checkers/evidence.ts";
export { MISHAP_KINDS, type MishapKind } from "../virtual/faults.ts";
export type { SimDoorbell, SimEvent } from "./doorbell.ts";
export type { Seen } from "./seen.ts";
export type { SomeSettings } from "./settings.ts";
export type { Time } from "./time.ts";
export {
  createWorld,
  type DoorbellOptions,
  type SimWorld,
  type Trouble,
  type WorldOptions,
} from "./world.ts";
