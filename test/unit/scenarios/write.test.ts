import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseScenario } from "../../../simulator/scenarios/read.ts";
import type { ActStep, Door, ExpectStep, Scenario, Step } from "../../../simulator/scenarios/schema.ts";
import { scenarioToStory, storyToScenario } from "../../../simulator/scenarios/story-file.ts";
import { writeScenario } from "../../../simulator/scenarios/write.ts";
import { STEADY_BUTTON } from "../../../simulator/virtual/faults.ts";
import { defaultSettings } from "../../../simulator/virtual/settings.ts";
import { drawStory } from "../../../simulator/virtual/story.ts";

const line = fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text));
const ms = (most: number) => fc.integer({ min: 1, max: most });
const optional = <T extends object>(value: fc.Arbitrary<T>): fc.Arbitrary<T | object> =>
  fc.option(value, { nil: {} });

const door: fc.Arbitrary<Door> = fc.record({
  settings: fc.constantFrom<Door["settings"]>(
    {},
    { "outbox.maxBytes": 8192 },
    { "uplink.settle": "receipt", "button.holdMs": 41 },
    { "motion.zones": ["0,0 500,0 500,500", "0,0 1000,0 1000,1000"], "motion.watch": false },
  ),
  link: fc.record({
    latency: fc.integer({ min: 0, max: 60_000 }),
    jitter: fc.integer({ min: 0, max: 60_000 }),
    rate: fc.integer({ min: 100, max: 1_000_000_000 }),
  }),
  clock: fc.record({
    synced: fc.boolean(),
    behind: fc.integer({ min: 0, max: 7_776_000_000 }),
    syncAfter: fc.integer({ min: 0, max: 600_000 }),
    driftPpm: fc.integer({ min: -1_000, max: 1_000 }),
  }),
  receiver: fc.record({ receiptsAnyway: fc.boolean() }),
});

const act: fc.Arbitrary<ActStep> = fc.oneof(
  fc.record({
    step: fc.constant("press" as const),
    hold: ms(120_000),
    chatter: fc.integer({ min: 0, max: 1_000 }),
  }),
  fc.record({ step: fc.constant("hold" as const), for: ms(120_000) }),
  fc.record({ step: fc.constant("double" as const) }),
  fc.record({ step: fc.constant("visitor" as const), for: fc.integer({ min: 300, max: 120_000 }) }),
  fc.record({
    step: fc.constant("motion" as const),
    for: ms(120_000),
    area: fc.integer({ min: 1, max: 1_000 }),
    zones: fc.constant<number[]>([]),
  }),
  fc.record({ step: fc.constant("wait" as const), for: fc.integer({ min: 0, max: 900_000_000 }) }),
  fc
    .record({
      step: fc.constant("fault" as const),
      kind: fc.constantFrom("link.cut" as const, "power.cut" as const, "camera.stall" as const),
      dose: fc.integer({ min: 0, max: 1_000 }),
      for: ms(1_200_000),
    })
    .chain(({ for: forMs, ...rest }) =>
      rest.kind === "power.cut"
        ? fc.constant({ ...rest, for: forMs })
        : optional(fc.constant({ for: forMs })).map((more) => ({ ...rest, ...more })),
    ),
  fc.record({ step: fc.constant("clock" as const), to: fc.constant("sync" as const) }),
  fc.record({ step: fc.constant("clock" as const), by: fc.integer({ min: -7_200_000, max: 7_200_000 }) }),
  fc.record({ step: fc.constant("mark" as const), name: line }),
  fc.record({ step: fc.constant("say" as const), text: line }),
);

/** Of things that any story may be asked. */
const expectation: fc.Arbitrary<ExpectStep> = fc.oneof(
  fc
    .tuple(
      optional(fc.record({ late: fc.constant(false) })),
      optional(
        fc.record({
          where: fc.record({
            previousEpoch: line,
            previousLastPress: fc.record({ from: fc.nat(), to: fc.constant(4e9) }),
          }),
        }),
      ),
      optional(fc.record({ perSecond: fc.integer({ min: 1, max: 100 }) })),
      fc.integer({ min: 0, max: 60_000 }),
    )
    .map(([late, where, perSecond, within]) => ({
      ...{ step: "expect" as const, of: "event" as const, event: "start" as const, count: 1, within },
      ...{ ...late, ...where, ...perSecond },
    })),
  fc
    .integer({ min: 0, max: 60_000 })
    .map((within) => ({ step: "expect" as const, of: "status" as const, status: "online" as const, within })),
  fc
    .integer({ min: 0, max: 60_000 })
    .map((within) => ({ step: "expect" as const, of: "light" as const, light: "idle" as const, within })),
  fc
    .integer({ min: 0, max: 60_000 })
    .map((time) => ({ step: "expect" as const, of: "none" as const, none: "press" as const, for: time })),
);

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    name: line,
    about: line,
    seed: fc.maxSafeNat(),
    shard: fc.nat({ max: 100 }),
    end: fc.constantFrom("running" as const, "stopped" as const),
    broker: fc.record({
      keepsRetained: fc.boolean(),
      keepsSessions: fc.boolean(),
      oldWillLast: fc.boolean(),
      deliverTwice: fc.integer({ min: 0, max: 1_000 }),
    }),
    doorbells: fc.oneof(
      fc.array(door, { minLength: 1, maxLength: 4 }),
      fc
        .tuple(door, fc.integer({ min: 2, max: 9 }))
        .map(([one, count]) => Array.from({ length: count }, () => one)),
    ),
    steps: fc.array(fc.tuple(fc.oneof(act, expectation), fc.boolean(), fc.nat({ max: 3 })), {
      maxLength: 12,
    }),
    isTimed: fc.boolean(),
  })
  .map(({ steps, isTimed, ...rest }) => ({
    ...rest,
    lasts: isTimed ? 12 * 1_000_000_000 : 0,
    steps: steps.map(([step, hasDoor, number], at): Step => {
      const isShared = step.step === "mark" || step.step === "say";
      return {
        ...step,
        ...(hasDoor && !isShared ? { door: number % rest.doorbells.length } : {}),
        ...(isTimed ? { at: at * 1_000_000_000 } : {}),
      };
    }),
  }));

describe("a scenario that is written", () => {
  it("is the same when it is read", () => {
    fc.assert(
      fc.property(scenarios, line, (scenario, comment) => {
        const text = writeScenario(scenario, comment);
        expect(parseScenario("F", text).scenario).toEqual(scenario);
      }),
      { numRuns: 100 },
    );
  });

  it("is a file that a person would have written", () => {
    const story = drawStory({ seed: 4, hours: 1, faults: "none", doorbells: 1 });
    const [doorbell] = story.doorbells;
    if (!doorbell) throw new Error("a story has a doorbell");
    doorbell.presses = [
      { atMs: 61_000, holdMs: 250, chatterMs: 0 },
      { atMs: 70_500, holdMs: 2_000, chatterMs: 5 },
    ];
    doorbell.motions = [];
    doorbell.commands = [];
    doorbell.mishaps = [{ kind: "link.cut", atMs: 60_000, durationMs: 90_000, dose: 500 }];
    doorbell.faults.link = { latencyMs: 20, jitterMs: 0, bytesPerSecond: 2_000_000 };
    doorbell.faults.clock = { synced: true, behindMs: 0, syncAfterMs: 0, driftPpm: 0 };
    Object.assign(doorbell.faults, {
      keepsRetained: true,
      keepsSessions: true,
      oldWillLast: false,
      deliverTwicePermille: 0,
    });
    doorbell.settings = defaultSettings();
    doorbell.settings.uplink.settle = "receipt";
    doorbell.settings.outbox.maxBytes = 8_192;
    const words = { name: "Seed 4", about: "What is left of it" };
    const scenario = storyToScenario({ ...story, finallyRunning: true }, words);
    expect(
      writeScenario(scenario, "violated: accepted\nporchlight-sim world --seed 4"),
    ).toBe(`# violated: accepted
# porchlight-sim world --seed 4

name: Seed 4
about: What is left of it
seed: 4
lasts: 1h
settings:
  outbox.maxBytes: 8192
  uplink.settle: receipt
link: { latency: 20ms, rate: 2MB/s }
steps:
  - fault: link.cut
    at: 1m
    for: 1m30s
  - press:
    at: 1m1s
  - press: { hold: 2s, chatter: 5ms }
    at: 1m10.5s
`);
  });
});

describe("a story", () => {
  it.each([1, 3])("of %i doorbells is the same story after it was a scenario's file", (doorbells) => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const story = drawStory({ seed, hours: 6, faults: "harsh", doorbells });
      // A scenario has no words for configuration from the wire.
      for (const doorbell of story.doorbells) delete doorbell.configurations;
      const text = writeScenario(storyToScenario(story, { name: `seed ${seed}`, about: "" }));
      const again = scenarioToStory(parseScenario("F", text).scenario);
      // What a broker keeps is the world's, and counts and zones of what was drawn say nothing that happens.
      const broker = story.doorbells[0]?.faults;
      for (const { faults, settings } of story.doorbells) {
        const { keepsRetained, keepsSessions, oldWillLast, deliverTwicePermille } = broker ?? faults;
        Object.assign(faults, {
          counts: {},
          keepsRetained,
          keepsSessions,
          oldWillLast,
          deliverTwicePermille,
        });
        faults.button = STEADY_BUTTON;
        settings.motion.zones = [];
      }
      for (const { presses, motions, mishaps } of story.doorbells) {
        for (const deeds of [presses, motions, mishaps]) deeds.sort((a, b) => a.atMs - b.atMs);
        for (const press of presses) delete press.fault;
      }
      for (const { settings } of again?.doorbells ?? []) settings.motion.zones = [];
      expect(again).toEqual(story);
    }
  });

  it("is not what a scenario is that expects something, or says when to wait", () => {
    const file = (...steps: string[]) =>
      parseScenario("F", `name: x\nlasts: 1h\nsteps: [${steps.join(", ")}]`).scenario;
    expect(scenarioToStory(file("{ press: , at: 5s }"))?.doorbells[0]?.presses).toHaveLength(1);
    expect(scenarioToStory(file("press"))).toBeNull();
    expect(scenarioToStory(file("{ press: , at: 5s }", "{ expect: { ring: 1, within: 1s } }"))).toBeNull();
    expect(scenarioToStory(file("{ fault: link.cut, at: 5s }"))).toBeNull();
  });
});
