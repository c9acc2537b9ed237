import { originOf, type RebaseOrigin, rebase } from "../../../agent/media/rebase.ts";
import type { Fragment } from "../../../agent/media/ring.ts";
import type { InitSegment } from "../../ports/fragment-store.ts";
import type { NewFragments } from "./messages.ts";

/** Cuts one clip out of the running stream: which fragments are in it already, and where its time begins. */
export class ClipCutter {
  readonly stream: InitSegment;
  /** Capture time of the clip's first picture. */
  readonly firstAtMs: number;
  readonly #origin: RebaseOrigin;
  #nextFragment: number;
  #nextSequence = 1;

  /**
   * @param first the fragment that the clip begins with, of which one pair must be there.
   * @throws RebaseError when the camera's bytes cannot be cut.
   */
  constructor(stream: InitSegment, first: Readonly<Fragment>) {
    this.stream = stream;
    this.firstAtMs = first.capturedAtMs;
    this.#origin = originOf(first.pairs[0] ?? new Uint8Array(0), stream);
    this.#nextFragment = first.number;
  }

  /**
   * Those of `fragments` that are not in the clip yet, as they go into it. Each counts as done, also one that
   * is still being filled.
   * @throws RebaseError when the camera's bytes cannot be cut.
   */
  cut(fragments: readonly Readonly<Fragment>[]): NewFragments {
    const cut: NewFragments = { fragments: [], durationMs: 0 };
    for (const fragment of fragments) {
      if (fragment.number < this.#nextFragment) continue;
      this.#nextFragment = fragment.number + 1;
      const { data, nextSequence } = rebase(fragment.pairs, this.#origin, this.#nextSequence);
      this.#nextSequence = nextSequence;
      if (data.length === 0) continue;
      cut.fragments.push(data);
      cut.durationMs += fragment.durationMs;
    }
    return cut;
  }
}
