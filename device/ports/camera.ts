/** Pictures are arriving. Posted once for every start of the capture and every new init segment. */
export interface CameraUp {
  type: "camera.up";
  occurredAt: number;
  /** As configured, with no credentials: `test`, `file:/path/door.mp4`, `rtsp://camera.lan/stream`. */
  source: string;
  /** RFC 6381 codec string, such as `avc1.42c01f`. */
  codec: string;
  widthPx: number;
  heightPx: number;
  /** `copy`: the source's own H.264; `encode`: encoded here. */
  video: "copy" | "encode";
  /** RFC 6381 codec string of the sound, such as `mp4a.40.2`; empty when none is recorded. */
  soundCodec: string;
}

/** The capture ended. Who must act: `operator` (no such file, not video, no ffmpeg) or `world` (crash, stall). */
export interface CameraDown {
  type: "camera.down";
  occurredAt: number;
  fault: "operator" | "world" | "none";
  /** One line for a person: what, where, what would be right. Never a password. */
  reason: string;
  /** True when a file came to its end and the next pass may begin at once. */
  seam: boolean;
}

/** A preview is in the FragmentStore under `eventId`. */
export interface StillTaken {
  type: "camera.still";
  occurredAt: number;
  eventId: string;
  widthPx: number;
  heightPx: number;
  bytes: number;
  /** Lower-case hexadecimal SHA-256 of the JPEG. */
  sha256: string;
  /** Monotonic time at which the camera saw this picture, as well as it can be known. */
  frameAtMs: number;
}

/** No preview could be made for `eventId`. */
export interface StillFailed {
  type: "camera.still-failed";
  occurredAt: number;
  eventId: string;
  reason: string;
}

/**
 * Something began to move before the camera, or nothing moves any more. While it moves it is posted again only when it
 * comes into another zone or has grown.
 */
export interface MotionChanged {
  type: "camera.motion";
  /** When the picture that showed it was captured. */
  occurredAt: number;
  moving: boolean;
  /** Share of the watched picture that moved, per mille; 0 when nothing moves. */
  areaPermille: number;
  /** Indexes of the zones (`motion.zones`) in which it moved; empty when there are none. */
  zones: number[];
}

/** The whole scene changed (lights on, lightning, the camera was turned): what is still was learned anew. */
export interface SceneRecalibrated {
  type: "camera.recalibrated";
  occurredAt: number;
}

export type CameraInput =
  | CameraUp
  | CameraDown
  | StillTaken
  | StillFailed
  | MotionChanged
  | SceneRecalibrated;

/** One hot capture. It writes fragments to the FragmentStore it was built with; only what happens to it is posted. */
export interface Camera {
  start(post: (input: CameraInput) => void): void;
  /** Begins capturing; answers `camera.up` or `camera.down`. Idempotent while open. */
  open(): void;
  /** Ends the capture; answers `camera.down` with `fault: none`. */
  close(): void;
  /** A press may follow within milliseconds: get whatever makes stills ready. */
  prepareStill(): void;
  /** Takes the picture nearest to monotonic `atMs` as a JPEG of at most `maxBytes`. */
  takeStill(request: { eventId: string; atMs: number; maxBytes: number }): void;
  stop(): Promise<void>;
}
