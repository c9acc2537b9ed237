import { ConfigurationError } from "../../agent/contract/errors.ts";
import { createWorld, type SimWorld, type WorldOptions } from "../sim/world.ts";
import { playStory } from "../virtual/run.ts";
import { sectionsOf } from "./door-settings.ts";
import { type Played, play, unplayable } from "./play.ts";
import type { ReadScenario } from "./read.ts";
import { resultOf, type ScenarioResult } from "./result.ts";
import type { Scenario } from "./schema.ts";
import type { Playing, Stage } from "./stage.ts";
import { scenarioToStory } from "./story-file.ts";

/** Plays a scenario in a world on a virtual clock. Deterministic. `tamper` and `trace` are a world's. */
export function playVirtual(
  read: ReadScenario,
  options: Pick<WorldOptions, "tamper" | "trace"> = {},
): ScenarioResult {
  const beganMs = performance.now();
  const wallMs = () => Math.round(performance.now() - beganMs);
  const story = scenarioToStory(read.scenario);
  if (story) {
    const run = playStory(story, options);
    const { violations, virtualMs: storyMs, hash: fingerprint } = run;
    return resultOf(read, NOTHING_EXPECTED, {
      stage: "virtual",
      violations,
      storyMs,
      wallMs: wallMs(),
      fingerprint,
    });
  }
  const world = worldOf(read.scenario, options);
  const stage = stageIn(world);
  refuseUnplayable(read, stage);
  const played = drive(play(read.scenario, stage), world);
  if (world.violations().length === 0) world.settle({ end: read.scenario.end });
  return resultOf(read, played, {
    stage: "virtual",
    violations: [...world.violations()],
    storyMs: world.nowMs,
    wallMs: wallMs(),
    fingerprint: world.fingerprint(),
  });
}

const NOTHING_EXPECTED: Played = { failure: null, held: 0, said: [] };

/** @throws ConfigurationError naming each step that this stage cannot play, with its place. */
export function refuseUnplayable(read: ReadScenario, stage: Pick<Stage, "cannot">): void {
  const problems = unplayable(read.scenario, stage).map(({ step, text }) => {
    const { line, column } = read.steps[step] ?? { line: 1, column: 1 };
    return `${read.file}:${line}:${column}: ${text}`;
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** The world of a scenario, before anything has happened in it. */
export function worldOf(
  { seed, shard, broker, doorbells }: Scenario,
  options: Pick<WorldOptions, "tamper" | "trace"> = {},
): SimWorld {
  const { deliverTwice: deliverTwicePermille, ...kept } = broker;
  const world = createWorld({ ...options, seed, shard, broker: { ...kept, deliverTwicePermille } });
  for (const { settings, link, clock, receiver } of doorbells) {
    world.doorbell({
      settings: sectionsOf(settings),
      link: { latencyMs: link.latency, jitterMs: link.jitter, bytesPerSecond: link.rate },
      clock: {
        synced: clock.synced,
        behindMs: clock.behind,
        syncAfterMs: clock.syncAfter,
        driftPpm: clock.driftPpm,
      },
      receiptsAnyway: receiver.receiptsAnyway,
    });
  }
  return world;
}

/** A world as the stage of a scenario. */
export function stageIn(world: SimWorld): Stage {
  const door = (number: number) => {
    const doorbell = world.doorbells[number];
    if (!doorbell) throw new RangeError(`there is no doorbell ${number}`);
    return doorbell;
  };
  return {
    kind: "virtual",
    doorbells: world.doorbells.length,
    nowMs: () => world.nowMs,
    seen: world.seen,
    cannot: () => null,
    at: (atMs, run) => world.at(atMs, run),
    push: (number, { holdMs, chatterMs }) => door(number).press({ hold: holdMs, chatter: chatterMs }),
    move: (number, { forMs, ...motion }) => door(number).move({ for: forMs, ...motion }),
    begin(number, kind, dose) {
      const trouble = world.fault(kind, { dose, doorbell: door(number) });
      return () => trouble.heal();
    },
    ask: (number, command) => door(number).ask(command),
    setClock(number, to) {
      if (to === "sync") door(number).syncClock();
      else door(number).stepClock(to.stepMs);
    },
  };
}

/** Runs the world on whenever time has to pass. A world that breaks has said so in its violations. */
function drive(playing: Playing<Played>, world: SimWorld): Played {
  for (;;) {
    const next = playing.next();
    if (next.done) return next.value;
    const { untilMs, enough } = next.value;
    if (enough()) continue;
    try {
      world.runUntil(untilMs, enough);
    } catch (error) {
      const [violation] = world.violations();
      if (!violation) throw error;
      return NOTHING_EXPECTED;
    }
  }
}
