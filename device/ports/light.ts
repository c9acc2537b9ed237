/** What the light ring shows. */
export type LightPattern = "off" | "idle" | "ringing" | "recording" | "fault";

/** The light ring, or nothing on a board without one. */
export interface Light {
  show(pattern: LightPattern): void;
  stop(): Promise<void>;
}
