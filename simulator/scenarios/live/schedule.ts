/** Longest that a timer of Node waits. */
const LONGEST_MS = 2_147_483_647;

interface Planned {
  atMs: number;
  run: () => void;
}

/** What is to be done when, on a clock of whole milliseconds: in order, and in the order of the calls at one time. */
export class Schedule {
  readonly #nowMs: () => number;
  /** The next one last. */
  readonly #planned: Planned[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Runs `run` at that time, or soon when it is past; never before returning. Answers how to prevent it. */
  at(atMs: number, run: () => void): () => void {
    const planned = { atMs, run };
    const later = this.#planned.findLastIndex((one) => one.atMs > atMs);
    this.#planned.splice(later + 1, 0, planned);
    this.#wind();
    return () => {
      const index = this.#planned.indexOf(planned);
      if (index >= 0) this.#planned.splice(index, 1);
    };
  }

  /** Nothing of it happens any more. */
  clear(): void {
    this.#planned.length = 0;
    clearTimeout(this.#timer);
  }

  #wind(): void {
    clearTimeout(this.#timer);
    const next = this.#planned.at(-1);
    if (!next) return;
    const waitMs = Math.min(LONGEST_MS, Math.max(0, next.atMs - this.#nowMs()));
    this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  #run(): void {
    for (let next = this.#planned.at(-1); next && next.atMs <= this.#nowMs(); next = this.#planned.at(-1)) {
      this.#planned.pop();
      next.run();
    }
    this.#wind();
  }
}
