import { describe, expect, it } from "vitest";
import { galleryFiles, galleryName } from "../../simulator/scenarios/gallery.ts";
import { failuresOf } from "../../simulator/scenarios/junit.ts";
import { parseScenario, readScenario } from "../../simulator/scenarios/read.ts";
import { scenarioToStory, storyToScenario } from "../../simulator/scenarios/story-file.ts";
import { playVirtual } from "../../simulator/scenarios/virtual-stage.ts";
import { writeScenario } from "../../simulator/scenarios/write.ts";
import type { Tamper } from "../../simulator/virtual/doorbell.ts";
import { playStory } from "../../simulator/virtual/run.ts";
import { drawStory } from "../../simulator/virtual/story.ts";
import { BROKEN_AGENTS, type BrokenAgent } from "./broken-agents.ts";

describe("the gallery", () => {
  const files = galleryFiles();

  it("has the stories that a person would look for", () => {
    expect(files.length).toBeGreaterThanOrEqual(14);
    for (const file of files) expect(readScenario(file).scenario.about).not.toBe("");
  });

  it.each(files.map((file) => [galleryName(file), file]))("%s", (_name, file) => {
    const read = readScenario(file);
    // A thousand doorbells are a storm, and a hundred of them are one, too.
    read.scenario.doorbells.splice(100);
    const result = playVirtual(read);
    expect(failuresOf(result)).toEqual([]);
    expect(result.held).toBeGreaterThanOrEqual(3);
  });

  it("is the same run again, and another one from another seed", () => {
    const read = readScenario(files.find((file) => file.includes("router")) as string);
    const [first, again] = [playVirtual(read), playVirtual(read)];
    expect({ ...again, wallMs: 0 }).toEqual({ ...first, wallMs: 0 });
    read.scenario.seed = 2;
    expect(playVirtual(read).fingerprint).not.toBe(first.fingerprint);
  });
});

const CALM = `
  - wait: 15s
  - visitor: { for: 10s }`;

/** An expectation of each kind, and an agent that it must not pass. */
const CONTROLS: { expectation: string; agent: string; steps: string; tamper: Tamper; text: RegExp }[] = [
  {
    ...{ expectation: "{ ring: 1 }", agent: "that never rings" },
    ...{ steps: CALM, text: /^expected 1 × ring; seen: / },
    tamper: (ports) => ({ ...ports, chime: { play: () => undefined, stop: () => ports.chime.stop() } }),
  },
  {
    ...{ expectation: "{ event: press, count: 1, within: 5s }", agent: "that keeps presses to itself" },
    ...{ steps: CALM, text: /^expected 1 × event press within 5s; seen: / },
    tamper: publishing(({ topic }) => !topic.endsWith("/press")),
  },
  {
    ...{
      expectation: "{ event: press, count: 1, late: true, within: 5m }",
      agent: "that sends late events as new",
    },
    ...{
      steps: `${CALM}\n  - fault: link.cut\n    for: 2m\n  - press`,
      text: /^expected 1 × event press \(late\) within 5m; seen: .* event press/,
    },
    tamper: broken("sends late events on event/"),
  },
  {
    ...{
      expectation: "{ event: button, where: { gesture: single }, within: 5s }",
      agent: "that never sees a finger go",
    },
    ...{ steps: CALM, text: /^expected at least 1 × event button \(gesture "single"\) within 5s; seen: / },
    tamper: (ports) => ({
      ...ports,
      button: {
        start: (post) =>
          ports.button.start((input) =>
            input.type === "button.edge" && !input.pressed ? undefined : post(input),
          ),
        stop: () => ports.button.stop(),
      },
    }),
  },
  {
    ...{ expectation: "{ clip: whole, within: 2m }", agent: "that leaves out a part of each clip" },
    ...{ steps: CALM, text: /^expected at least 1 × clip whole within 2m; seen: / },
    tamper: publishing(({ payload }) => payload.kind !== "segment" || payload.index !== 1),
  },
  {
    ...{ expectation: "{ clip: whole, preRoll: 4s, within: 2m }", agent: "whose clips begin with the press" },
    ...{ steps: CALM, text: /pre-roll of at least 4s\) within 2m; seen: .*clip whole \(pre-roll [0-3]/ },
    tamper: (ports) => {
      const { fragments } = ports;
      const openClip: typeof fragments.openClip = (request) =>
        fragments.openClip({ ...request, fromMs: request.eventAtMs });
      return { ...ports, fragments: over(fragments, { openClip }) };
    },
  },
  {
    ...{ expectation: "{ snapshot: 1, within: 10s }", agent: "that keeps previews to itself" },
    ...{ steps: CALM, text: /^expected 1 × snapshot within 10s; seen: / },
    tamper: publishing(({ topic }) => !topic.includes("/snapshot/")),
  },
  {
    ...{ expectation: "{ status: online, within: 1m }", agent: "that says once that it is there" },
    ...{
      steps: `${CALM}\n  - fault: link.black-hole\n    for: 2m\n  - wait: 3m`,
      text: /^expected status online within 1m; seen: .*status offline/,
    },
    tamper: saysOnce(),
  },
  {
    ...{ expectation: "{ light: ringing }", agent: "that leaves the light dark" },
    ...{ steps: CALM, text: /^expected light ringing; seen: / },
    tamper: (ports) => ({ ...ports, light: { show: () => undefined, stop: () => ports.light.stop() } }),
  },
  {
    ...{ expectation: "{ none: press, late: false, for: 5m }", agent: "that rings for those who have gone" },
    ...{
      steps: "\n  - wait: 15s\n  - fault: link.cut\n    for: 2m\n  - press",
      text: /^expected no press \(not late\); seen: .*event press/,
    },
    tamper: broken("sends late events on event/"),
  },
];

describe("an expectation", () => {
  it.each(CONTROLS)("$expectation fails for an agent $agent", ({ expectation, steps, tamper, text }) => {
    const read = parseScenario("F", `name: x\nsteps:${steps}\n  - expect: ${expectation}\n`);
    expect(failuresOf(playVirtual(read))).toEqual([]);
    const result = playVirtual(read, { tamper });
    expect(result.passed).toBe(false);
    expect(result.failure?.text).toMatch(text);
    expect(result.failure?.line).toBe(steps.split("\n").length + 2);
  });

  it("sees that all come back at once", () => {
    const file = readScenario(galleryFiles().find((one) => one.includes("storm")) as string);
    file.scenario.doorbells.splice(100);
    // The pause before each connection is drawn from this seed: with the same one all of them pause alike.
    const tamper: Tamper = (ports) => ({
      ...ports,
      entropy: { epoch: () => ports.entropy.epoch(), seed: () => 7 },
    });
    file.scenario.steps = file.scenario.steps.map((step) =>
      step.step === "expect" && step.of === "status" && step.perSecond ? { ...step, perSecond: 30 } : step,
    );
    expect(failuresOf(playVirtual(file))).toEqual([]);
    expect(playVirtual(file, { tamper }).failure?.text).toMatch(
      /^expected at most 30 × status within any second/,
    );
  });
});

describe("whatever a scenario expects", () => {
  it.each(BROKEN_AGENTS.filter(({ checker }) => ["bell", "retained", "clips", "motion"].includes(checker)))(
    "it fails when $checker is violated: an agent that $name",
    ({ tamper, checker, settings }) => {
      if (settings) return;
      const visits = Array.from({ length: 6 }, () => "  - visitor: { for: 10s }\n  - wait: 1m\n").join("");
      const result = playVirtual(parseScenario("F", `name: x\nsteps:\n  - wait: 15s\n${visits}`), { tamper });
      expect(result.violations.map((one) => one.checker)).toContain(checker);
      expect(result.passed).toBe(false);
    },
  );
});

describe("a seed's story", () => {
  it("is the same run when it is played from a scenario's file", () => {
    for (const [seed, doorbells] of [
      [5, 1],
      [6, 1],
      [7, 3],
    ] as const) {
      const story = drawStory({ seed, hours: 1, faults: "harsh", doorbells });
      const file = parseScenario("F", writeScenario(storyToScenario(story, { name: "x", about: "" })));
      const [drawn, written] = [
        linesOf((trace) => playStory(story, { trace })),
        linesOf((trace) => playVirtual(file, { trace })),
      ];
      expect(written.length).toBeGreaterThan(500);
      expect(written).toEqual(drawn);
    }
  });

  it("fails as a file for the agent that fails it", () => {
    const agent = BROKEN_AGENTS.find(({ checker }) => checker === "lateness") as BrokenAgent;
    const story = drawStory({ seed: 1, hours: 1, faults: "harsh", doorbells: 1 });
    const { violations } = playStory(story, { tamper: agent.tamper });
    expect(violations.length).toBeGreaterThan(0);
    const file = parseScenario("F", writeScenario(storyToScenario(story, { name: "x", about: "" })));
    expect(playVirtual(file, { tamper: agent.tamper }).violations).toEqual(violations);
  });
});

/** Without what a story was drawn by: the line of the options, and the reason of a push. */
function linesOf(run: (trace: (line: string) => void) => unknown): string[] {
  const lines: string[] = [];
  run((line) => lines.push(line));
  return lines
    .filter((line) => !/^0 (\S+ )?options /.test(line))
    .map((line) => line.replace(/^(\d+ (?:\S+ )?press .*),"fault":"[a-z.]+"\}$/, "$1}"));
}

function broken(name: string): Tamper {
  const agent = BROKEN_AGENTS.find((one) => one.name === name);
  if (!agent) throw new Error(`no broken agent ${name}`);
  return agent.tamper;
}

type Publish = Parameters<Parameters<Tamper>[0]["broker"]["publish"]>;

/** Sends only some messages; the others count as acknowledged. */
function publishing(isSent: (message: Publish[2]) => boolean): Tamper {
  return (ports) => {
    const { broker, clock, timers } = ports;
    let post: Parameters<typeof broker.start>[0] = () => undefined;
    const start: typeof broker.start = (taken) => {
      post = taken;
      broker.start(taken);
    };
    const publish: typeof broker.publish = (connection, token, message) => {
      if (isSent(message)) broker.publish(connection, token, message);
      else
        timers.soon(() => post({ type: "broker.acked", occurredAt: clock.monotonicMs(), connection, token }));
    };
    return { ...ports, broker: over(broker, { start, publish }) };
  };
}

/** A port with some of its calls changed. */
function over<Port extends object>(port: Port, changes: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(key in changes ? changes : target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function saysOnce(): Tamper {
  let said = 0;
  return publishing(({ topic }) => !topic.endsWith("/status") || said++ === 0);
}

it("asks as a story does: one that was drawn with requests is the same run from its file", () => {
  const story = drawStory({ seed: 4, hours: 1, faults: "none", doorbells: 1 });
  expect(story.doorbells[0]?.commands.length).toBeGreaterThan(2);
  const scenario = storyToScenario(story, { name: "asked", about: "" });
  const read = parseScenario("asked.yaml", writeScenario(scenario));
  const again = scenarioToStory(read.scenario);
  if (!again) throw new Error("it is no story any more");
  expect(again.doorbells[0]?.commands).toEqual(story.doorbells[0]?.commands);
  const [one, other] = [playStory(story), playStory(again)];
  expect([other.inputs, other.events, other.clips]).toEqual([one.inputs, one.events, one.clips]);
});
