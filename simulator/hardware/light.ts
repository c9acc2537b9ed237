import type { Light, LightPattern } from "../../device/ports/light.ts";

/** A light ring that a test can read. */
export class SimulatedLight implements Light {
  readonly #changed: (pattern: LightPattern) => void;
  #pattern: LightPattern = "off";

  /** `changed` is told every change, as a terminal or a page wants to know. */
  constructor(changed: (pattern: LightPattern) => void = () => undefined) {
    this.#changed = changed;
  }

  show(pattern: LightPattern): void {
    if (pattern === this.#pattern) return;
    this.#pattern = pattern;
    this.#changed(pattern);
  }

  async stop(): Promise<void> {
    this.show("off");
  }

  /** What it shows. */
  get pattern(): LightPattern {
    return this.#pattern;
  }
}
