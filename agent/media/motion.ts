import { AreaFinder } from "./motion-areas.ts";
import { MotionScene } from "./motion-scene.ts";
import { coverage, type Polygon } from "./polygon.ts";

/** A change of what moves. */
export type MotionVerdict =
  /**
   * Something moves: told when it begins, and again when it comes into another zone or grows to twice its size.
   * `areaPermille` of the watched picture; `zones` by index, empty when none are set.
   */
  | { kind: "moving"; areaPermille: number; zones: number[] }
  /** Nothing moves any more. */
  | { kind: "still" }
  /** The whole scene changed at once: it was learned anew. */
  | { kind: "recalibrated" };

export interface MotionOptions {
  /** Of the gray pictures. */
  widthPx: number;
  heightPx: number;
  /** 1 to 100: how little may move, and how little it may stand out, to be told. */
  sensitivity: number;
  /** At most 16; only what moves in one of them counts. The whole picture when there are none. */
  zones: readonly Polygon[];
}

/** Before this much has been seen of a new scene, nothing is told. */
const FIRST_LOOK_MS = 3_000;
const FIRST_LOOK_PICTURES = 3;
const LOOK_AGAIN_MS = 1_000;
/** A source that is slower than its pictures come repeats them; one that stays the same for so long is really still. */
const REPEATED_AT_MOST_MS = 1_000;
/** What has moved for so long is told; a picture is worth no more than `MOST_…`, however long it was awaited. */
const TOLD_AFTER_MS = 600;
const MOST_PER_PICTURE_MS = 400;
const MOST_PER_CLEAR_PICTURE_MS = 600;
/** Where pictures come quicker than this, one alone is never enough: it may be spoiled. */
const SLOW_PACE_MS = 600;
/** An area is clear when it is so many times the least one. */
const CLEAR = 3;

/** Finds motion in small gray pictures that come at any pace. Pure: the same pictures give the same verdicts. */
export class MotionDetector {
  readonly #scene: MotionScene;
  readonly #areas: AreaFinder;
  readonly #contrast: number;
  readonly #leastCells: number;
  readonly #leastStirred: number;
  readonly #watched: Uint8Array;
  readonly #watchedCells: number;
  readonly #zoneMarks: Uint16Array;
  readonly #changed: Uint8Array;
  readonly #solid: Uint8Array;
  readonly #stirred: Uint8Array;
  #lastAtMs: number | null = null;
  #lastPushAtMs = 0;
  #tellFromMs = 0;
  #pictures = 0;
  /** How long something has moved, as far as it is believed: 0 to `TOLD_AFTER_MS`. */
  #evidenceMs = 0;
  #moving = false;
  #toldCells = 0;
  #toldMarks = 0;
  #movedCells = 0;
  #movedMarks = 0;

  constructor({ widthPx, heightPx, sensitivity, zones }: MotionOptions) {
    this.#scene = new MotionScene(widthPx, heightPx);
    const { columns, rows, cells } = this.#scene.grid;
    this.#areas = new AreaFinder(columns, rows);
    this.#changed = new Uint8Array(cells);
    this.#solid = new Uint8Array(cells);
    this.#stirred = new Uint8Array(cells);
    this.#zoneMarks = new Uint16Array(cells);
    this.#watched = new Uint8Array(cells).fill(zones.length === 0 ? 1 : 0);
    for (const [index, zone] of zones.entries()) {
      for (const [at, inside] of coverage([zone], { widthPx: columns, heightPx: rows }).entries()) {
        if (inside === 0) continue;
        this.#watched[at] = 1;
        this.#zoneMarks[at] = (this.#zoneMarks[at] ?? 0) | (1 << index);
      }
    }
    this.#watchedCells = this.#watched.reduce((sum, one) => sum + one, 0);
    this.#contrast = between(CONTRAST, sensitivity);
    const least = Math.ceil((between(LEAST_AREA_PERMILLE, sensitivity) * cells) / 1_000);
    this.#leastCells = Math.max(1, Math.min(least, Math.ceil(this.#watchedCells / 4)));
    this.#leastStirred = Math.ceil(this.#leastCells / 4);
  }

  /**
   * Takes in the next picture, captured at monotonic `atMs`; answers what has changed by it, mostly nothing.
   * @throws RangeError when the picture is not of the size that was told.
   */
  push(gray: Uint8Array, atMs: number): MotionVerdict[] {
    const sinceMs = this.#lastAtMs === null ? 0 : Math.max(1, atMs - this.#lastAtMs);
    const paceMs = atMs - this.#lastPushAtMs;
    this.#lastPushAtMs = atMs;
    const isNew = this.#scene.see(gray);
    if (!isNew && sinceMs < REPEATED_AT_MOST_MS) return [];
    if (this.#lastAtMs === null) this.#tellFromMs = atMs + FIRST_LOOK_MS;
    this.#lastAtMs = atMs;
    this.#pictures += 1;
    const tells = atMs >= this.#tellFromMs && this.#pictures > FIRST_LOOK_PICTURES;
    if (isNew && this.#scene.isAnew()) {
      this.#scene.begin(sinceMs);
      this.#tellFromMs = Math.max(this.#tellFromMs, atMs + LOOK_AGAIN_MS);
      return tells ? [{ kind: "recalibrated" }] : [];
    }
    this.#lookForAreas();
    this.#scene.learn(sinceMs);
    return this.#weigh(tells ? this.#movedCells : 0, sinceMs, paceMs);
  }

  #lookForAreas(): void {
    const { unlike, stirred, habit, grid } = this.#scene;
    const contrast = this.#contrast;
    for (let at = 0; at < grid.cells; at += 1) {
      const limit = contrast + (habit[at] ?? 0);
      this.#changed[at] = (unlike[at] ?? 0) > limit ? 1 : 0;
      this.#stirred[at] = (stirred[at] ?? 0) > limit ? 1 : 0;
    }
    this.#areas.erode(this.#changed, this.#solid);
    for (let at = 0; at < grid.cells; at += 1)
      this.#solid[at] = (this.#solid[at] ?? 0) & (this.#watched[at] ?? 0);
    this.#movedCells = 0;
    this.#movedMarks = 0;
    this.#areas.each(this.#solid, this.#stirred, this.#zoneMarks, (area) => {
      if (area.cells < this.#leastCells || area.stirred < this.#leastStirred) return;
      this.#movedCells += area.cells;
      this.#movedMarks |= area.marks;
    });
  }

  /** Believes in motion the more, the longer and the more clearly something has moved. */
  #weigh(moved: number, sinceMs: number, paceMs: number): MotionVerdict[] {
    if (moved === 0) {
      this.#evidenceMs = Math.max(0, this.#evidenceMs - Math.min(sinceMs, TOLD_AFTER_MS));
      if (!this.#moving || this.#evidenceMs > 0) return [];
      this.#moving = false;
      return [{ kind: "still" }];
    }
    const isClear = moved >= CLEAR * this.#leastCells;
    const most = isClear && paceMs >= SLOW_PACE_MS ? MOST_PER_CLEAR_PICTURE_MS : MOST_PER_PICTURE_MS;
    const worth = Math.min(isClear ? 1.5 * sinceMs : sinceMs, most);
    this.#evidenceMs = Math.min(TOLD_AFTER_MS, this.#evidenceMs + worth);
    if (this.#moving ? !this.#isNews() : this.#evidenceMs < TOLD_AFTER_MS) return [];
    if (!this.#moving) this.#toldMarks = 0;
    this.#moving = true;
    this.#toldCells = moved;
    this.#toldMarks |= this.#movedMarks;
    return [
      {
        kind: "moving",
        areaPermille: Math.min(1_000, Math.round((moved * 1_000) / this.#watchedCells)),
        zones: indexesOf(this.#movedMarks),
      },
    ];
  }

  #isNews(): boolean {
    return this.#movedCells >= 2 * this.#toldCells || (this.#movedMarks & ~this.#toldMarks) !== 0;
  }
}

/** By sensitivity: how many gray levels something must stand out, and how much of the picture it must fill. */
const CONTRAST: Curve = [
  [1, 16],
  [50, 6],
  [100, 3],
];
const LEAST_AREA_PERMILLE: Curve = [
  [1, 60],
  [25, 15],
  [50, 5],
  [100, 1],
];

type Curve = readonly (readonly [sensitivity: number, value: number])[];

/** On the straight line between the two points of a curve around `sensitivity`. */
function between(curve: Curve, sensitivity: number): number {
  const above = Math.max(
    1,
    curve.findIndex(([at]) => at >= sensitivity),
  );
  const [fromAt, from] = curve[above - 1] ?? [0, 0];
  const [toAt, to] = curve[above] ?? [1, 0];
  return from + ((sensitivity - fromAt) * (to - from)) / (toAt - fromAt);
}

function indexesOf(marks: number): number[] {
  const indexes: number[] = [];
  for (let index = 0; marks >> index !== 0; index += 1) if ((marks >> index) & 1) indexes.push(index);
  return indexes;
}
