import { MotionGrid, type Picture } from "./motion-grid.ts";

/** What is still becomes the background in this time; what moves hardly does, or a crowd would dissolve in it. */
const LEARN_MS = 4_000;
const LEARN_MOVING_MS = 60_000;
/** What has come and does not move any more (a parked car, a parcel) is background after this. */
const ABSORB_MS = 3_000;
/** How much a place changes by itself (noise, leaves, compression) is a mean over this; what is more counts less. */
const HABIT_MS = 20_000;
const HABIT_BEYOND_MS = 90_000;
/** How far a place's habit reaches above its mean, in mean deviations. */
const HABIT_REACH = 4;
/** Change beyond habit, in gray levels, by which the scene is held to move there while it is learned. */
const LEARN_CONTRAST = 4;
/** A cell has become brighter or darker at once by more than this many gray levels and this share. */
const LIT_LEVELS = 8;
const LIT_SHARE = 1 / 8;
/** The scene is another one when so much of it looks otherwise; or when so much is lit at once, and some otherwise. */
const ANEW_UNLIKE_SHARE = 0.55;
const ANEW_LIT_SHARE = 0.6;
const ANEW_LIT_UNLIKE_SHARE = 0.2;

/**
 * What the camera usually sees, and how much each place of it changes by itself. It learns the same whatever the
 * sensitivity is, so that a higher one never sees less.
 */
export class MotionScene {
  readonly grid: MotionGrid;
  /** How unlike the background each cell of the newest picture is, and how unlike the picture before; gray levels. */
  readonly unlike: Float64Array;
  readonly stirred: Float64Array;
  /** What `unlike` reaches at each cell by habit. */
  readonly habit: Float64Array;
  readonly #mean: Float64Array;
  readonly #deviation: Float64Array;
  readonly #restedMs: Float64Array;
  readonly #background: Picture;
  #now: Picture;
  #before: Picture;
  #next: Picture;
  #pictures = 0;

  constructor(widthPx: number, heightPx: number) {
    this.grid = new MotionGrid(widthPx, heightPx);
    const plane = () => new Float64Array(this.grid.cells);
    this.unlike = plane();
    this.stirred = plane();
    this.habit = plane();
    this.#mean = plane();
    this.#deviation = plane();
    this.#restedMs = plane();
    this.#background = this.grid.newPicture();
    this.#now = this.grid.newPicture();
    this.#before = this.grid.newPicture();
    this.#next = this.grid.newPicture();
  }

  /** Looks at the next picture. False when it is the same as the one before: then nothing is stirred. */
  see(gray: Uint8Array): boolean {
    this.grid.read(gray, this.#next);
    if (this.#pictures > 0 && this.grid.areEqual(this.#next, this.#now)) {
      this.stirred.fill(0);
      return false;
    }
    this.grid.measure(this.#next);
    [this.#now, this.#before, this.#next] = [this.#next, this.#now, this.#before];
    this.#pictures += 1;
    if (this.#pictures === 1) {
      this.begin(0);
      return true;
    }
    this.grid.unlikeness(this.#now, this.#background, this.unlike);
    this.grid.unlikeness(this.#now, this.#before, this.stirred);
    return true;
  }

  /** The scene has become another one at once: lights on, lightning, the camera turned. */
  isAnew(): boolean {
    if (this.#pictures < 2) return false;
    let lit = 0;
    let unlike = 0;
    const [now, before] = [this.#now.mean, this.#before.mean];
    for (let at = 0; at < this.grid.cells; at += 1) {
      const wasLit = before[at] ?? 0;
      if (Math.abs((now[at] ?? 0) - wasLit) > LIT_LEVELS + LIT_SHARE * wasLit) lit += 1;
      if ((this.unlike[at] ?? 0) > LEARN_CONTRAST + (this.habit[at] ?? 0)) unlike += 1;
    }
    const { cells } = this.grid;
    if (unlike > ANEW_UNLIKE_SHARE * cells) return true;
    return lit > ANEW_LIT_SHARE * cells && unlike > ANEW_LIT_UNLIKE_SHARE * cells;
  }

  /** What is seen now is the background of a new scene. */
  begin(sinceMs: number): void {
    // Habit goes on learning: or noise that is strong from the start would be a new scene in every picture.
    const share = this.#shareOf(sinceMs, HABIT_MS);
    for (let at = 0; at < this.grid.cells; at += 1) {
      const limit = LEARN_CONTRAST + (this.habit[at] ?? 0);
      this.#learnHabit(at, Math.min(this.unlike[at] ?? 0, limit), share);
    }
    this.#background.cells.set(this.#now.cells);
    this.grid.measure(this.#background);
    this.#restedMs.fill(0);
  }

  /** Learns from the picture that was seen last, which came `sinceMs` after the one that was learned before. */
  learn(sinceMs: number): void {
    const quick = sinceMs / (sinceMs + LEARN_MS);
    const slow = sinceMs / (sinceMs + LEARN_MOVING_MS);
    const usual = this.#shareOf(sinceMs, HABIT_MS);
    const beyond = this.#shareOf(sinceMs, HABIT_BEYOND_MS);
    const [now, background] = [this.#now.cells, this.#background.cells];
    for (let at = 0; at < this.grid.cells; at += 1) {
      const unlike = this.unlike[at] ?? 0;
      const limit = LEARN_CONTRAST + (this.habit[at] ?? 0);
      let share = quick;
      let restedMs = 0;
      if (unlike > limit) {
        restedMs = (this.stirred[at] ?? 0) > limit ? 0 : (this.#restedMs[at] ?? 0) + sinceMs;
        share = restedMs >= ABSORB_MS ? 1 : slow;
        this.#learnHabit(at, limit, beyond);
      } else this.#learnHabit(at, unlike, usual);
      this.#restedMs[at] = restedMs;
      const behind = background[at] ?? 0;
      background[at] = behind + share * ((now[at] ?? 0) - behind);
    }
    this.grid.measure(this.#background);
  }

  /** What the newest picture counts in a mean over `overMs`. The first ones count alike: few are better than none. */
  #shareOf(sinceMs: number, overMs: number): number {
    return Math.max(sinceMs / (sinceMs + overMs), 1 / this.#pictures);
  }

  #learnHabit(at: number, unlike: number, share: number): void {
    const mean = this.#mean[at] ?? 0;
    const deviation = this.#deviation[at] ?? 0;
    const newDeviation = deviation + share * (Math.abs(unlike - mean) - deviation);
    const newMean = mean + share * (unlike - mean);
    this.#deviation[at] = newDeviation;
    this.#mean[at] = newMean;
    this.habit[at] = newMean + HABIT_REACH * newDeviation;
  }
}
