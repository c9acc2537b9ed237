/** The sounds a chime can make. */
export type ChimeSound = "ring";

/** The chime inside the house, or nothing on a board without one. */
export interface Chime {
  /** Starts the sound; a second call while it sounds starts it again. */
  play(sound: ChimeSound): void;
  stop(): Promise<void>;
}
