import { type PlayOptions, playStory } from "./run.ts";
import { defaultSettings } from "./settings.ts";
import type { DoorbellStory, Story } from "./story.ts";

export interface Shrunk {
  /** The smallest story that was found: taking any one thing out of it makes it pass. */
  story: Story;
  /** What it violates, as the whole story did. */
  checker: string;
  /** Worlds that were played to find it. */
  runs: number;
}

/**
 * Cuts a failing story down to what is needed to violate the same checker: doorbells, what happens to them, how long,
 * how bad, and every setting that is not the default (delta debugging: Zeller and Hildebrandt, "Simplifying and
 * Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002). Answers null when the story fails nowhere.
 * @param mostRuns after so many worlds it stops with what it has.
 */
export function shrink(story: Story, play: PlayOptions = {}, mostRuns = 2_000): Shrunk | null {
  const checker = playStory(story, play).violations[0]?.checker;
  if (checker === undefined) return null;
  let runs = 1;
  let smallest = story;
  const tries = (candidate: Story): boolean => {
    if (runs >= mostRuns) return false;
    runs += 1;
    if (!playStory(candidate, play).violations.some((violation) => violation.checker === checker))
      return false;
    smallest = candidate;
    return true;
  };
  let before: Story;
  do {
    before = smallest;
    if (smallest.doorbells.length > 1) cutList(smallest.doorbells, (doorbells) => tries(withAll(doorbells)));
    for (const at of smallest.doorbells.keys()) shrinkDoorbell(at);
    endSooner();
  } while (smallest !== before && runs < mostRuns);
  return { story: smallest, checker, runs };

  function withAll(doorbells: DoorbellStory[]): Story {
    return { ...smallest, doorbells };
  }

  function withOne(at: number, change: Partial<DoorbellStory>): Story {
    return withAll(
      smallest.doorbells.map((doorbell, i) => (i === at ? { ...doorbell, ...change } : doorbell)),
    );
  }

  function shrinkDoorbell(at: number): void {
    const now = () => smallest.doorbells[at] as DoorbellStory;
    cutList(now().mishaps, (mishaps) => tries(withOne(at, { mishaps })));
    cutList(now().configurations ?? [], (configurations) => tries(withOne(at, { configurations })));
    cutList(now().motions, (motions) => tries(withOne(at, { motions })));
    cutList(now().commands, (commands) => tries(withOne(at, { commands })));
    cutList(now().presses, (presses) => tries(withOne(at, { presses })));
    for (const change of simplerTraits(now())) tries(withOne(at, change(now())));
    for (const kind of ["mishaps", "motions", "presses"] as const) {
      for (const i of now()[kind].keys()) simplify(at, kind, i);
    }
  }

  /** Each number of one happening as small as it may be. */
  function simplify(at: number, kind: "mishaps" | "motions" | "presses", i: number): void {
    for (const [key, least] of LEAST) {
      const now: unknown = Reflect.get(smallest.doorbells[at]?.[kind][i] ?? {}, key);
      if (typeof now !== "number") continue;
      lower(now, least, (value) => {
        const changed = smallest.doorbells[at]?.[kind].map((old, j) =>
          i === j ? { ...old, [key]: value } : old,
        );
        return tries(withOne(at, { [kind]: changed }));
      });
    }
  }

  /** Nothing has to happen for a while after the last thing that does. */
  function endSooner(): void {
    let lastMs = 0;
    for (const { presses, motions, mishaps, commands } of smallest.doorbells) {
      for (const { atMs } of [...presses, ...motions, ...mishaps, ...commands])
        lastMs = Math.max(lastMs, atMs);
    }
    if (lastMs + AFTER_THE_LAST_MS < smallest.durationMs) {
      tries({ ...smallest, durationMs: lastMs + AFTER_THE_LAST_MS });
    }
    if (!smallest.finallyRunning) tries({ ...smallest, finallyRunning: true });
  }
}

const AFTER_THE_LAST_MS = 60_000;
/** What numbers are lowered to, if the story still fails then; in this order. */
const LEAST: readonly [key: string, least: number][] = [
  ["chatterMs", 0],
  ["holdMs", 200],
  ["forMs", 1_000],
  ["durationMs", 1_000],
  ["areaPermille", 100],
  ["dose", 0],
];

/** Takes parts out of a list as long as `tries` says that the rest still fails: halves first, single items last. */
function cutList<Item>(list: readonly Item[], tries: (rest: Item[]) => boolean): void {
  let rest = [...list];
  if (rest.length > 0 && tries([])) return;
  for (let size = Math.ceil(rest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < rest.length; ) {
      const without = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (tries(without)) rest = without;
      else from += size;
    }
  }
}

/** Brings a number as near to `least` as `tries` lets it, by halves. */
function lower(value: number, least: number, tries: (value: number) => boolean): void {
  if (value <= least || tries(least)) return;
  let [fails, passes] = [value, least];
  while (fails - passes > Math.max(1, passes)) {
    const middle = Math.floor((fails + passes) / 2);
    if (tries(middle)) fails = middle;
    else passes = middle;
  }
}

/** Every setting and trait that is not what it is where all is well, each as a change of its own. */
function simplerTraits(doorbell: DoorbellStory): ((now: DoorbellStory) => Partial<DoorbellStory>)[] {
  const changes: ((now: DoorbellStory) => Partial<DoorbellStory>)[] = [];
  const calm = { latencyMs: 5, jitterMs: 0, bytesPerSecond: 1_000_000 };
  const { faults, settings } = doorbell;
  if (JSON.stringify(faults.link) !== JSON.stringify(calm))
    changes.push((now) => ({ faults: { ...now.faults, link: calm } }));
  if (!faults.clock.synced)
    changes.push((now) => ({ faults: { ...now.faults, clock: { ...now.faults.clock, synced: true } } }));
  for (const [trait, value] of Object.entries(faults)) {
    if (value === true) changes.push((now) => ({ faults: { ...now.faults, [trait]: false } }));
  }
  const defaults = defaultSettings();
  for (const section of Object.keys(defaults) as (keyof typeof defaults)[]) {
    if (section === "device") continue;
    for (const [name, value] of Object.entries(defaults[section])) {
      const own: unknown = (settings[section] as Record<string, unknown>)[name];
      if (JSON.stringify(own) === JSON.stringify(value)) continue;
      changes.push((now) => ({
        settings: { ...now.settings, [section]: { ...now.settings[section], [name]: value } },
      }));
    }
  }
  return changes;
}
