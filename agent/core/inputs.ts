import type { BrokerInput } from "../../device/ports/broker.ts";
import type { ButtonEdge, ButtonLineState } from "../../device/ports/button-line.ts";
import type { CameraInput } from "../../device/ports/camera.ts";
import type { ClockChanged, TimeTrust } from "../../device/ports/clock.ts";
import type { ConfigurationInput } from "../../device/ports/configuration-store.ts";
import type { FragmentStoreInput } from "../../device/ports/fragment-store.ts";
import type { StoreInput } from "../../device/ports/store.ts";
import type { TimerFired } from "../../device/ports/timers.ts";
import type { VaultInput } from "../../device/ports/vault.ts";
import type { ConfigurationAtStart } from "./configuration.ts";

/** The first input of every run. */
export interface Started {
  type: "agent.started";
  occurredAt: number;
  epoch: string;
  /** Seeds the generator that jitter comes from. */
  seed: number;
  utcMs: number;
  trust: TimeTrust;
  mode: "normal" | "bell-only";
  version: string;
  /** Requests that the last restarts were done for, oldest first. */
  restarts?: readonly string[];
  /** The last crashes, oldest first; reasons hold no secret. */
  crashes?: readonly Crash[];
  /** Absent where none is kept. */
  configuration?: ConfigurationAtStart;
}

/** A process of the agent that ended by a bug. */
export interface Crash {
  utcMs: number;
  /** One line; empty when it is not known. */
  reason: string;
}

/** The agent is asked to end: say so on the wire, then `agent.ended`. */
export interface StopRequested {
  type: "agent.stop";
  occurredAt: number;
}

/** The runtime's queue of one source was full, and `count` of its inputs were left out. */
export interface InputsShed {
  type: "runtime.shed";
  occurredAt: number;
  source: InputSource;
  count: number;
}

/** Everything that happens to a doorbell, as its adapters post it. `occurredAt` is monotonic integer milliseconds. */
export type PortInput =
  | ButtonEdge
  | ButtonLineState
  | CameraInput
  | ClockChanged
  | FragmentStoreInput
  | StoreInput
  | BrokerInput
  | ConfigurationInput
  | VaultInput
  | TimerFired;

export type AgentInput = Started | StopRequested | InputsShed | PortInput;

/** An input as the core gets it: `now` never decreases from one to the next. */
export type Input = AgentInput & { now: number };

/** Where inputs come from; each source has its own bound in the runtime's queue. */
export type InputSource =
  | "agent"
  | "button"
  | "camera"
  | "clock"
  | "clips"
  | "store"
  | "broker"
  | "timer"
  | "configuration"
  | "vault";

/** By type: each input is asked for its source twice, and there are few types. */
const knownSources = new Map<string, InputSource>();

/** The source of an input, by the first level of its type. */
export function sourceOf({ type }: AgentInput): InputSource {
  const known = knownSources.get(type);
  if (known !== undefined) return known;
  const source = sourceOfLevel(type.slice(0, type.indexOf(".")));
  knownSources.set(type, source);
  return source;
}

function sourceOfLevel(level: string): InputSource {
  switch (level) {
    case "button":
      return "button";
    case "camera":
      return "camera";
    case "clock":
      return "clock";
    case "clip":
      return "clips";
    case "store":
      return "store";
    case "broker":
      return "broker";
    case "timer":
      return "timer";
    case "configuration":
      return "configuration";
    case "vault":
      return "vault";
    default:
      return "agent";
  }
}
