import type { Chime, ChimeSound } from "../../device/ports/chime.ts";

/** A chime that counts instead of sounding. */
export class SimulatedChime implements Chime {
  readonly #played: (sound: ChimeSound) => void;
  #rings = 0;

  /** `played` is told of every sound as it begins. */
  constructor(played: (sound: ChimeSound) => void = () => undefined) {
    this.#played = played;
  }

  play(sound: ChimeSound): void {
    this.#rings += 1;
    this.#played(sound);
  }

  async stop(): Promise<void> {}

  /** How often it was rung. */
  get rings(): number {
    return this.#rings;
  }
}
