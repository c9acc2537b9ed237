import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Light, LightPattern } from "../ports/light.ts";

/** On and off times in ms; a pattern of one number is steady. */
const PATTERNS: Record<LightPattern, { on: boolean; blinkMs: number | null }> = {
  off: { on: false, blinkMs: null },
  idle: { on: false, blinkMs: null },
  ringing: { on: true, blinkMs: 250 },
  recording: { on: true, blinkMs: null },
  fault: { on: true, blinkMs: 1_000 },
};

/**
 * An LED of the kernel's LED class (Documentation/leds/leds-class.rst): writes `brightness` under `folder`.
 * A write that fails is told once to `trouble`, and again only after one that worked.
 */
export class LedLight implements Light {
  readonly #file: string;
  readonly #trouble: (line: string) => void;
  /** What it shows; null when that could not be written. */
  #shown: LightPattern | null = null;
  #blink: NodeJS.Timeout | null = null;
  #told = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(name: string, trouble: (line: string) => void, folder = "/sys/class/leds") {
    this.#file = join(folder, name, "brightness");
    this.#trouble = trouble;
  }

  show(pattern: LightPattern): void {
    if (pattern === this.#shown) return;
    this.#shown = pattern;
    if (this.#blink) clearInterval(this.#blink);
    this.#blink = null;
    const { on, blinkMs } = PATTERNS[pattern];
    let lit = on;
    this.#write(lit);
    if (blinkMs === null) return;
    this.#blink = setInterval(() => {
      lit = !lit;
      this.#write(lit);
    }, blinkMs);
  }

  async stop(): Promise<void> {
    this.show("off");
    await this.#writing;
  }

  #write(on: boolean): void {
    this.#writing = this.#writing
      .then(() => writeFile(this.#file, on ? "1" : "0"))
      .then(
        () => {
          this.#told = false;
        },
        (error: Error) => {
          this.#shown = null;
          if (!this.#told) this.#trouble(`light: ${this.#file} cannot be written: ${error.message}`);
          this.#told = true;
        },
      );
  }
}
