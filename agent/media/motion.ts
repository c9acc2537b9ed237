import { MotionBackground } from "./motion-background.ts";
import { findBlobs } from "./motion-blobs.ts";
import { coverage, type Polygon } from "./polygon.ts";

/** What a picture has changed. */
export type MotionVerdict =
  /** Something began to move, or moves in another zone as well. `areaPermille` of what is watched. */
  | { kind: "moving"; areaPermille: number; zones: number[] }
  | { kind: "still" }
  /** The whole scene has changed, and was learned anew. */
  | { kind: "recalibrated" };

export interface MotionOptions {
  widthPx: number;
  heightPx: number;
  /** 1 to 100: how little may move to be told. */
  sensitivity: number;
  /** Only what moves in one of these counts; the whole picture when there are none. */
  zones: readonly Polygon[];
}

/** More of the picture than this does not change by somebody walking. */
const RECALIBRATE_ABOVE = 0.6;
/** The light swings back and forth after it was switched on, and a camera's exposure follows. */
const SETTLE_MS = 1_000;
/** Of the pictures within this time, so many must show the same, lest a flicker be told. */
const CONFIRM_WITHIN_MS = 1_000;
const CONFIRM_PICTURES = 3;
/** Pictures further apart than this confirm by their size: a camera that is copied gives its keyframes only. */
const SPARSE_MS = 600;

/**
 * Tells from small gray pictures where something starts and ceases to move: a running background, its noise, and
 * connected areas that differ from it. What was new to us is in `motion-background.ts`; the rest is the common
 * recipe (Frigate's motion detector, OpenCV's `accumulateWeighted`). Deterministic: the same pictures at the same times
 * give the same verdicts.
 */
export class MotionDetector {
  readonly #options: MotionOptions;
  readonly #background: MotionBackground;
  readonly #zones: Uint8Array[];
  readonly #watchedPx: number;
  readonly #smallestPx: number;
  #settledAtMs = 0;
  #lastAtMs: number | null = null;
  #seenAtMs: number[] = [];
  #lastSeenAtMs = 0;
  #moving = false;
  #told: number[] = [];

  constructor(options: MotionOptions) {
    this.#options = options;
    this.#background = new MotionBackground(options);
    this.#zones = options.zones.map((zone) => coverage([zone], options));
    const all = options.widthPx * options.heightPx;
    this.#watchedPx =
      options.zones.length === 0 ? all : coverage(options.zones, options).reduce((sum, is) => sum + is, 0);
    this.#smallestPx = Math.ceil((all * smallestShare(options.sensitivity)) / 1_000);
  }

  /** Takes the picture of `atMs` (monotonic). Answers what it has changed: mostly nothing. */
  push(gray: Uint8Array, atMs: number): MotionVerdict[] {
    const sinceMs = this.#lastAtMs === null ? null : atMs - this.#lastAtMs;
    this.#lastAtMs = atMs;
    if (sinceMs === null) {
      this.#background.learnAnew(gray);
      this.#settledAtMs = atMs + SETTLE_MS;
      return [];
    }
    const differs = this.#background.compare(gray);
    if (differs.share > RECALIBRATE_ABOVE) {
      this.#background.learnAnew(gray);
      this.#settledAtMs = atMs + SETTLE_MS;
      this.#seenAtMs = [];
      return [{ kind: "recalibrated" }, ...this.#comesToRest()];
    }
    const seen = this.#look(differs.mask);
    this.#background.adapt(sinceMs);
    if (atMs < this.#settledAtMs) return [];
    return this.#decide(seen, atMs, sinceMs);
  }

  #look(mask: Uint8Array): { areaPx: number; zones: number[] } {
    const blobs = findBlobs(mask, this.#options, this.#smallestPx).filter(
      (blob) => !this.#background.isOnlyLight(blob),
    );
    if (this.#zones.length === 0)
      return { areaPx: blobs.reduce((sum, { length }) => sum + length, 0), zones: [] };
    let areaPx = 0;
    const zones: number[] = [];
    this.#zones.forEach((zone, i) => {
      const inZone = blobs.reduce((sum, blob) => sum + blob.reduce((px, at) => px + (zone[at] ?? 0), 0), 0);
      if (inZone < this.#smallestPx) return;
      zones.push(i);
      areaPx += inZone;
    });
    return { areaPx, zones };
  }

  #decide(seen: { areaPx: number; zones: number[] }, atMs: number, sinceMs: number): MotionVerdict[] {
    this.#seenAtMs = this.#seenAtMs.filter((at) => atMs - at < CONFIRM_WITHIN_MS);
    if (seen.areaPx === 0) {
      const quietMs = Math.max(CONFIRM_WITHIN_MS, 1.5 * sinceMs);
      return atMs - this.#lastSeenAtMs >= quietMs ? this.#comesToRest() : [];
    }
    this.#seenAtMs.push(atMs);
    const sparse = sinceMs >= SPARSE_MS && seen.areaPx >= 2 * this.#smallestPx;
    if (!this.#moving && !sparse && this.#seenAtMs.length < CONFIRM_PICTURES) return [];
    this.#lastSeenAtMs = atMs;
    const isNews = !this.#moving || seen.zones.some((zone) => !this.#told.includes(zone));
    if (!isNews) return [];
    this.#moving = true;
    this.#told = [...new Set([...this.#told, ...seen.zones])].sort((a, b) => a - b);
    const areaPermille = Math.min(1_000, Math.max(1, Math.round((1_000 * seen.areaPx) / this.#watchedPx)));
    return [{ kind: "moving", areaPermille, zones: seen.zones }];
  }

  #comesToRest(): MotionVerdict[] {
    if (!this.#moving) return [];
    this.#moving = false;
    this.#told = [];
    return [{ kind: "still" }];
  }
}

/** The smallest connected area that counts, in thousandths of the picture: 30 at 1, 2.5 at 50, 0.5 at 100. */
function smallestShare(sensitivity: number): number {
  return sensitivity <= 50 ? 30 - (27.5 * (sensitivity - 1)) / 49 : 2.5 - (2 * (sensitivity - 50)) / 50;
}
