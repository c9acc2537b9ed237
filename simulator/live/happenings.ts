import type { ClipEnd } from "../../device/ports/fragment-store.ts";
import type { LightPattern } from "../../device/ports/light.ts";
import type { Lane } from "../../device/ports/store.ts";

/** What a live run tells: the terminal view, the log lines and the JSON lines are all made of these. */
export type Fact =
  | { what: "started"; device: string; epoch: string; version: string }
  | { what: "light"; pattern: LightPattern }
  | { what: "chime" }
  | { what: "button"; down: boolean }
  | { what: "camera-up"; source: string; codec: string; widthPx: number; heightPx: number; video: string }
  | { what: "camera-down"; fault: "operator" | "world" | "none"; reason: string }
  /** The ring of recent video holds the whole pre-roll. */
  | { what: "ring-full" }
  | {
      what: "uplink";
      phase: "waiting" | "connecting" | "connected" | "closed";
      url: string;
      protocol: string;
      detail: string;
    }
  | { what: "queues"; inFlight: number; outboxRows: number; store: "opening" | "durable" | "memory" }
  | { what: "clip-recording"; clipId: string; eventId: string; preRollMs: number; endsAtMs: number }
  | { what: "clip-extended"; clipId: string; endsAtMs: number }
  | { what: "clip-grew"; clipId: string; recordedBytes: number }
  /** The agent has asked for its end. */
  | { what: "clip-stopping"; clipId: string }
  | {
      what: "clip-recorded";
      clipId: string;
      end: ClipEnd;
      bytes: number;
      durationMs: number;
      preRollMs: number;
    }
  | { what: "clip-sent"; clipId: string; sentBytes: number }
  | { what: "clip-received"; clipId: string; receivedBytes: number }
  /** `fin` has come and every hash is right. */
  | { what: "clip-verified"; clipId: string; receivedBytes: number }
  /** It is in its file. */
  | ({ what: "clip-whole" } & ReceivedClip)
  | { what: "clip-given-up"; clipId: string; reason: string }
  | {
      what: "event";
      id: string;
      epoch: string;
      /** Of its epoch. */
      monotonicMs: number;
      type: string;
      lane: Lane;
      sequence: number;
      topic: string;
      /** Came on `late/`: nobody rings for it. */
      late: boolean;
      /** From the moment the contact closed to the arrival; null for what is not a press made here. */
      afterPressMs: number | null;
      summary: string;
    }
  | ({ what: "snapshot" } & ReceivedSnapshot)
  | { what: "snapshot-failed"; eventId: string; reason: string }
  | { what: "broker"; on: boolean; url: string }
  | { what: "consumer"; connected: boolean; detail: string }
  | { what: "status"; state: "online" | "stopped" | "offline" }
  /** Numbers of a sequence that have not arrived; `reason`: why the device gave them up, or `undeclared`. */
  | { what: "gap"; lane: Lane; from: number; to: number; reason: string }
  /** Something arrived that is not as the contract has it, or could not be stored. */
  | { what: "refused"; detail: string }
  | { what: "log"; level: "debug" | "info" | "warn" | "error"; message: string; facts: LogFacts };

export type LogFacts = Record<string, string | number | boolean | null>;

/** A fact, and when it came to be known: monotonic milliseconds (with fractions) and UTC. */
export type Happening = Fact & { atMs: number; utcMs: number };

/** A clip that arrived with every byte, and whose every hash is right. */
export interface ReceivedClip {
  clipId: string;
  eventId: string;
  end: ClipEnd;
  /** Of the MP4 file. */
  path: string;
  bytes: number;
  sha256: string;
  widthPx: number;
  heightPx: number;
  durationMs: number;
  preRollMs: number;
}

export interface ReceivedSnapshot {
  eventId: string;
  path: string;
  bytes: number;
  widthPx: number;
  heightPx: number;
  frameOffsetMs: number;
}
