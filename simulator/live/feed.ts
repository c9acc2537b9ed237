import type { Fact, Happening } from "./happenings.ts";

/** Brings what happens in a live run to whoever listens, in order, with its time. */
export class Feed {
  readonly #listeners = new Set<(happening: Happening) => void>();

  /** Answers how to stop listening. */
  listen(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `atMs`: monotonic, as of `performance.now()`. */
  readonly tell = (fact: Fact, atMs = performance.now()): void => {
    const happening = { ...fact, atMs, utcMs: Date.now() - Math.round(performance.now() - atMs) };
    for (const listener of this.#listeners) listener(happening);
  };

  /** The first happening for which `wanted` answers something: that answer. Null after `withinMs`. */
  async first<T>(wanted: (happening: Happening) => T | null, withinMs: number): Promise<T | null> {
    return new Promise((resolve) => {
      const end = (answer: T | null) => {
        clearTimeout(timer);
        stop();
        resolve(answer);
      };
      const timer = setTimeout(() => end(null), withinMs);
      const stop = this.listen((happening) => {
        const answer = wanted(happening);
        if (answer !== null) end(answer);
      });
    });
  }
}
