import type { LightPattern } from "../../device/ports/light.ts";
import type { Lane } from "../../device/ports/store.ts";

/** Everything that the terminal view shows, as plain data. */
export interface LiveModel {
  /** Monotonic, of the last happening. */
  nowMs: number;
  utcMs: number;
  device: string;
  light: LightPattern;
  buttonIsDown: boolean;
  rings: number;
  camera: CameraModel;
  uplink: UplinkModel;
  /** The broker that the run brings itself, or that a switch stands before. */
  brokerIsOn: boolean;
  ownBroker: boolean;
  consumer: { connected: boolean; detail: string };
  /** Newest last. */
  events: EventModel[];
  /** Newest last. */
  clips: ClipModel[];
  /** The last warning, and when it came. */
  notice: { text: string; atMs: number };
  preRollMs: number;
  /** The working directory: files below it are shown from there. */
  folder: string;
}

export interface CameraModel {
  state: "off" | "up" | "down";
  source: string;
  codec: string;
  widthPx: number;
  heightPx: number;
  video: string;
  reason: string;
  upSinceMs: number;
}

export interface UplinkModel {
  phase: "waiting" | "connecting" | "connected" | "closed";
  url: string;
  protocol: string;
  detail: string;
  inFlight: number;
  outboxRows: number;
  store: "opening" | "durable" | "memory";
}

export interface EventModel {
  utcMs: number;
  type: string;
  lane: Lane;
  sequence: number;
  topic: string;
  late: boolean;
  afterPressMs: number | null;
  summary: string;
}

export interface ClipModel {
  clipId: string;
  /** Monotonic time of its first picture, and when recording ends; both 0 for a clip of an earlier run. */
  startsAtMs: number;
  endsAtMs: number;
  recordedBytes: number;
  sentBytes: number;
  receivedBytes: number;
  state: "recording" | "recorded" | "whole" | "given-up";
  durationMs: number;
  /** Why it ended, when that was not as planned. */
  remark: string;
  path: string;
  fileBytes: number;
}

/** The model before anything has happened. */
export function newModel(about: {
  source: string;
  preRollMs: number;
  brokerUrl: string;
  ownBroker: boolean;
  folder: string;
}): LiveModel {
  return {
    nowMs: 0,
    utcMs: 0,
    device: "",
    light: "off",
    buttonIsDown: false,
    rings: 0,
    camera: {
      state: "off",
      source: about.source,
      codec: "",
      widthPx: 0,
      heightPx: 0,
      video: "",
      reason: about.source === "none" ? "there is none" : "starting",
      upSinceMs: 0,
    },
    uplink: {
      phase: "waiting",
      url: about.brokerUrl,
      protocol: "",
      detail: "",
      inFlight: 0,
      outboxRows: 0,
      store: "opening",
    },
    brokerIsOn: true,
    ownBroker: about.ownBroker,
    consumer: { connected: false, detail: "" },
    events: [],
    clips: [],
    notice: { text: "", atMs: 0 },
    preRollMs: about.preRollMs,
    folder: about.folder,
  };
}
