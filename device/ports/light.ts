/** What the light ring shows. */
export type LightPattern = "off" | "idle" | "ringing" | "recording" | "fault";

/** The light ring, or nothing on a board without one. */
export interface Light {
  /** Shows the pattern from now on. Cheap, and nothing changes, when it is shown already. */
  show(pattern: LightPattern): void;
  /** Leaves it dark. */
  stop(): Promise<void>;
}
