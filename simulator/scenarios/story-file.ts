import { isDeepStrictEqual } from "node:util";
import { listSettings, type SettingTree } from "../../agent/contract/setting-list.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { isOfTheMachine } from "../sim/settings.ts";
import { STEADY_BUTTON } from "../virtual/faults.ts";
import { defaultSettings } from "../virtual/settings.ts";
import type { DoorbellStory, Story } from "../virtual/story.ts";
import { settingsOf } from "./door-settings.ts";
import { commandOf } from "./play.ts";
import type { ActStep, Door, Scenario, SettingText } from "./schema.ts";

/** What a drawn motion says of zones needs zones: the picture in three upright parts. */
const THREE_ZONES = [
  "0,0 333,0 333,1000 0,1000",
  "333,0 666,0 666,1000 333,1000",
  "666,0 1000,0 1000,1000 666,1000",
];

/**
 * A story as a scenario that, played again, is the same run: every deed at its time, in the order in which a story has
 * them at one instant. What it violated is what its checkers find again; it has no expectations of its own.
 */
export function storyToScenario(story: Story, words: { name: string; about: string }): Scenario {
  const { seed, shard, durationMs, finallyRunning, doorbells } = story;
  const several = doorbells.length > 1;
  const steps = doorbells.flatMap((doorbell, door) =>
    stepsOf(doorbell).map((step) => (several ? { ...step, door } : step)),
  );
  const broker = doorbells[0]?.faults;
  return {
    ...words,
    seed,
    shard,
    lasts: durationMs,
    end: finallyRunning ? "running" : "stopped",
    broker: {
      keepsRetained: broker?.keepsRetained ?? true,
      keepsSessions: broker?.keepsSessions ?? true,
      oldWillLast: broker?.oldWillLast ?? false,
      deliverTwice: broker?.deliverTwicePermille ?? 0,
    },
    doorbells: doorbells.map(doorOf),
    // Sorting keeps the order of what happens at one instant.
    steps: steps.map(withoutDoorAtBroker).sort((a, b) => (a.at ?? 0) - (b.at ?? 0)),
  };
}

/**
 * The story that a scenario is when it says nothing but what happens when: then both are the same run, to the last
 * turn of the agent. Null for any other scenario, which a player plays.
 */
export function scenarioToStory(scenario: Scenario): Story | null {
  const { seed, shard, lasts, end, broker } = scenario;
  if (lasts === 0) return null;
  const doorbells = scenario.doorbells.map(({ settings, link, clock, receiver }, door): DoorbellStory => {
    return {
      settings: settingsOf(settings),
      faults: {
        link: { latencyMs: link.latency, jitterMs: link.jitter, bytesPerSecond: link.rate },
        counts: {},
        keepsRetained: broker.keepsRetained,
        keepsSessions: broker.keepsSessions,
        oldWillLast: broker.oldWillLast,
        deliverTwicePermille: broker.deliverTwice,
        ...receiver,
        clock: {
          synced: clock.synced,
          behindMs: clock.behind,
          syncAfterMs: clock.syncAfter,
          driftPpm: clock.driftPpm,
        },
        button: STEADY_BUTTON,
      },
      ...deedsOf(scenario, door),
    };
  });
  const deeds = doorbells.reduce(
    (sum, one) => sum + one.presses.length + one.motions.length + one.mishaps.length + one.commands.length,
    0,
  );
  const names = new Set(doorbells.map(({ settings }) => settings.device.id));
  if (deeds !== scenario.steps.length || names.size !== doorbells.length) return null;
  return { seed, shard, durationMs: lasts, finallyRunning: end === "running", doorbells };
}

type Deeds = Pick<DoorbellStory, "presses" | "motions" | "mishaps" | "commands">;

/** Those steps at one doorbell that a story knows. */
function deedsOf({ doorbells, steps }: Scenario, door: number): Deeds {
  const deeds: Deeds = {
    presses: [],
    motions: [],
    mishaps: [],
    commands: [],
  };
  for (const step of steps) {
    const { at: atMs } = step;
    const isShared = step.step === "fault" && step.kind.startsWith("broker.");
    const of = isShared ? 0 : doorbells.length === 1 ? 0 : step.door;
    if (atMs === undefined || of !== door) continue;
    if (step.step === "press") deeds.presses.push({ atMs, holdMs: step.hold, chatterMs: step.chatter });
    else if (step.step === "motion")
      deeds.motions.push({ atMs, forMs: step.for, areaPermille: step.area, zones: step.zones });
    else if (step.step === "ask") deeds.commands.push({ atMs, ...commandOf(step) });
    else if (step.step === "fault" && step.for !== undefined)
      deeds.mishaps.push({ kind: step.kind, atMs, durationMs: step.for, dose: step.dose });
  }
  return deeds;
}

function stepsOf({ presses, motions, mishaps, commands }: DoorbellStory): ActStep[] {
  return [
    ...presses.map(
      ({ atMs, holdMs, chatterMs }): ActStep => ({
        step: "press",
        hold: holdMs,
        chatter: chatterMs,
        at: atMs,
      }),
    ),
    ...motions.map(
      ({ atMs, forMs, areaPermille, zones }): ActStep => ({
        ...{ step: "motion", for: forMs, area: areaPermille, zones: [...zones], at: atMs },
      }),
    ),
    ...commands.map(({ atMs, name, repeats, everyMs, expiresAfterMs, elsewhere, retained }): ActStep => {
      const expires = expiresAfterMs === null ? {} : { expires: expiresAfterMs };
      return {
        step: "ask",
        command: name,
        repeats,
        every: everyMs,
        ...expires,
        elsewhere,
        retained,
        at: atMs,
      };
    }),
    ...mishaps.map(
      ({ atMs, kind, durationMs, dose }): ActStep => ({
        step: "fault",
        kind,
        for: durationMs,
        dose,
        at: atMs,
      }),
    ),
  ];
}

function withoutDoorAtBroker(step: ActStep): ActStep {
  if (step.step !== "fault" || !step.kind.startsWith("broker.")) return step;
  const { door: _, ...shared } = step;
  return shared;
}

function doorOf({ settings, faults, motions }: DoorbellStory): Door {
  const { link, clock, receiptsAnyway } = faults;
  const own = differing(settings);
  const zones = motions.some((motion) => motion.zones.length > 0) && settings.motion.zones.length === 0;
  return {
    settings: zones ? { ...own, "motion.zones": THREE_ZONES } : own,
    link: { latency: link.latencyMs, jitter: link.jitterMs, rate: link.bytesPerSecond },
    clock: {
      synced: clock.synced,
      behind: clock.behindMs,
      syncAfter: clock.syncAfterMs,
      driftPpm: clock.driftPpm,
    },
    receiver: { receiptsAnyway },
  };
}

/** Settings that are not their defaults, by path. */
function differing(settings: Settings): Record<string, SettingText> {
  const [defaults, own]: SettingTree[] = [defaultSettings(), settings];
  const values: Record<string, SettingText> = {};
  for (const { path, section, name } of listSettings()) {
    const value = own?.[section]?.[name] as SettingText;
    if (!isOfTheMachine(path) && !isDeepStrictEqual(value, defaults?.[section]?.[name])) values[path] = value;
  }
  return values;
}
