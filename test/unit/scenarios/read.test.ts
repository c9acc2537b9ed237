import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../../agent/contract/errors.ts";
import { parseScenario } from "../../../simulator/scenarios/read.ts";

function problemsOf(text: string): string[] {
  try {
    parseScenario("F", text);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.exitCode).toBe(2);
    return [...error.problems];
  }
  return [];
}

/** A file with these steps, the first of them on line 3. */
const steps = (...lines: string[]) => ["name: x", "steps:", ...lines.map((line) => `  ${line}`)].join("\n");
/** Somebody has rung, on line 3 and 4. */
const rung = (...lines: string[]) => steps("- press", "- wait: 10s", ...lines);

describe("a scenario that is right", () => {
  it("has every default filled in, and knows where its steps stand", () => {
    const { scenario, steps: places } = parseScenario(
      "F",
      "name: n\nsettings: {outbox.maxBytes: 8KiB, button.longMs: 2s, broker.keepAliveS: 10s}\nsteps:\n  - press\n  - press:\n    at: 10s\n  - hold: 2s\n  - fault: link.cut\n    for: 20s\n    dose: 300\n",
    );
    expect(scenario).toEqual({
      ...{ name: "n", about: "", seed: 1, shard: 0, lasts: 0, end: "running" },
      broker: { keepsRetained: true, keepsSessions: true, oldWillLast: false, deliverTwice: 0 },
      doorbells: [
        {
          settings: { "outbox.maxBytes": 8192, "button.longMs": 2000, "broker.keepAliveS": 10 },
          link: { latency: 5, jitter: 0, rate: 1_000_000 },
          clock: { synced: true, behind: 0, syncAfter: 0, driftPpm: 0 },
          receiver: { receiptsAnyway: false },
        },
      ],
      steps: [
        { step: "press", hold: 250, chatter: 0 },
        { step: "press", hold: 250, chatter: 0, at: 10_000 },
        { step: "hold", for: 2_000 },
        { step: "fault", kind: "link.cut", for: 20_000, dose: 300 },
      ],
    });
    expect(places.map(({ line, column }) => [line, column])).toEqual([
      [4, 5],
      [5, 5],
      [7, 5],
      [8, 5],
    ]);
  });

  it.each([
    rung("- expect: { event: press, count: 1, late: false, within: 1s, where: { heldMs: { from: 40 } } }"),
    rung("- expect: { clip: whole, preRoll: 4s, end: finished, within: 1m }"),
    steps("- press:", "- wait: 0"),
    steps("- power: cut", "- wait: 1s", "- power: on"),
    steps("- fault: link.cut", "- heal: all"),
    steps("- press", "- expect: { ring: 1, within: 40ms }"),
    "name: x\ndoorbells: 3\nsteps:\n  - press:\n    door: 2\n  - expect: { ring: 1, within: 1s }\n    door: 2\n",
    "name: x\ndoorbells: [{}, { settings: { camera.source: none }, link: { rate: 20kB/s } }]\nsteps: []\nlasts: 1h",
    'name: x\nsettings: { motion.zones: ["0,0 500,0 500,500"] }\nsteps: [{ motion: { zones: [0] } }]',
  ])("%j", (text) => {
    expect(problemsOf(text)).toEqual([]);
  });
});

describe("what is wrong by itself", () => {
  it.each([
    ["", "F:1:1: found nothing, allowed: a map with name and steps"],
    ["- press", 'F:1:1: found a list of "press", allowed: a map with name and steps'],
    ["name: x", "F:1:1: a scenario needs steps: a list such as [press, {wait: 10s}]"],
    ["steps: []", "F:1:1: a scenario needs name: text on one line"],
    ["name: x\nsteps: press", 'F:2:8: steps: found "press", allowed: a list of steps'],
    ["name: x\nsed: 7\nsteps: []", "F:2:1: a scenario has no sed; did you mean seed?"],
    [
      "name: x\nseed: -1\nsteps: []",
      "F:2:7: seed: found -1, allowed: a whole number from 0 to 9007199254740991",
    ],
    ["name: [\nsteps: []", /^F:\d+:\d+: not YAML: /],
    [
      "name: &a x\nsteps: []",
      "F:1:10: anchors and aliases (& and *) are not used in scenarios: write the value out",
    ],
    ["name: x\nname: y\nsteps: []", "F:2:1: the same name twice"],
    [steps("- pres"), "F:3:5: there is no step pres; did you mean press?"],
    [steps("- dance"), /^F:3:5: there is no step dance; there are press, hold, double, /],
    [steps("- 7"), /^F:3:5: there is no step 7; there are /],
    [steps("- [press]"), /^F:3:5: found a list of "press", allowed: a step: press, hold, /],
    [steps("- at: 5s"), /^F:3:5: no step: it needs a name, one of press, /],
    [
      steps("- press:", "  wait: 5s"),
      "F:4:5: one step does one thing: wait is a step of its own, with a - before it",
    ],
    [
      steps("- wait: 5sec"),
      'F:3:11: wait: found "5sec", allowed: a duration such as 200ms, 2.5s, 90m or 1h2m3.5s (did you mean 5s?)',
    ],
    [
      steps("- wait: 5"),
      "F:3:11: wait: found 5, allowed: a duration such as 200ms, 2.5s, 90m or 1h2m3.5s (a number without its unit: did you mean 5s?)",
    ],
    [
      steps("- wait: -5s"),
      'F:3:11: wait: found "-5s", allowed: a duration such as 200ms, 2.5s, 90m or 1h2m3.5s',
    ],
    [steps("- wait"), "F:3:5: wait needs for: a duration such as 200ms, 2.5s, 90m or 1h2m3.5s"],
    [
      steps("- wait: [1]"),
      "F:3:11: wait: found a list of 1, allowed: a duration such as 200ms, 2.5s, 90m or 1h2m3.5s",
    ],
    [
      "name: x\nlink: { rate: 20 kb/s }\nsteps: []",
      'F:2:15: rate: found "20 kb/s", allowed: a rate such as 20kB/s, 2MB/s or 256kbit/s, from 100B/s to 1GB/s (did you mean 20kB/s or 20kbit/s?)',
    ],
    ["name: x\nlink: { speed: 1 }\nsteps: []", "F:2:9: link has no speed; it has latency, jitter, rate"],
    [steps("- press: 2s"), 'F:3:12: press: found "2s", allowed: a map of hold, chatter'],
    [steps("- press: { held: 2s }"), "F:3:14: press has no held; did you mean hold?"],
    [steps("- press: { door: 1 }"), "F:3:14: door stands beside press, on a line of its own below it"],
    [steps("- press:", "  hold: 2s"), "F:4:5: hold stands within press: press: {hold: …}"],
    [
      steps("- fault: link.cutt"),
      /^F:3:12: fault: found "link.cutt", allowed: .* \(did you mean link.cut\?\)$/,
    ],
    [
      steps("- fault: link.cut", "  dose: 2000"),
      "F:4:11: dose: found 2000, allowed: a whole number from 0 to 1000",
    ],
    [steps("- power: off"), 'F:3:12: power: found "off", allowed: cut, on'],
    [
      steps("- motion: { area: 12 }"),
      "F:3:21: area: found 12, allowed: a share such as 12% or 0.5%, from 0.1% to 100% (did you mean 12%?)",
    ],
    [
      rung("- expect: press"),
      'F:5:13: found "press", allowed: a map with one of event, ring, snapshot, clip, status, light, none',
    ],
    [
      rung("- expect: { evnt: press }"),
      "F:5:15: an expectation says what it looks at, one of event, ring, snapshot, clip, status, light, none: evnt; did you mean event?",
    ],
    [
      rung("- expect: { ring: 1, snapshot: 1 }"),
      "F:5:24: one expectation looks at one thing, one of event, ring, snapshot, clip, status, light, none",
    ],
    [
      rung("- expect: { event: pres }"),
      /^F:5:22: event: found "pres", allowed: press, .* \(did you mean press\?\)$/,
    ],
    [
      rung("- expect: { status: onlin }"),
      'F:5:23: status: found "onlin", allowed: online, stopped, offline (did you mean online?)',
    ],
    [
      rung("- expect: { event: press, count: -1 }"),
      "F:5:36: count: found -1, allowed: a whole number from 1 to 1000000000",
    ],
    [
      rung("- expect: { ring: 1 }", "  within: 5s"),
      "F:6:5: within stands within expect: expect: {…, within: …}",
    ],
    [
      "name: x\nsettings: { uplink.setle: receipt }\nsteps: []",
      "F:2:13: there is no setting uplink.setle; did you mean uplink.settle?",
    ],
    [
      "name: x\nsettings: { uplink.settle: maybe }\nsteps: []",
      'F:2:28: uplink.settle: found "maybe", allowed: "puback" or "receipt"',
    ],
    [
      "name: x\nsettings: { outbox.maxBytes: 8kib }\nsteps: []",
      'F:2:30: outbox.maxBytes: found "8kib", allowed: a whole number from 1024 to 17179869184 (bytes) (did you mean 8KiB?)',
    ],
    [
      "name: x\nsettings: { broker.urls: [mqtt://10.0.0.1] }\nsteps: []",
      "F:2:13: broker.urls belongs to the machine on which a scenario is played: leave it out",
    ],
    [
      "name: x\nsettings: { camera.source: 'file:/etc/passwd' }\nsteps: []",
      'F:2:28: camera.source: found "file:/etc/passwd", allowed: test, none',
    ],
    [
      "name: x\ndoorbells: 0\nsteps: []",
      "F:2:12: doorbells: found 0, allowed: a whole number from 1 to 20000, or a list of what differs",
    ],
    ["name: x\ndoorbells: [{ colour: red }]\nsteps: []", "F:2:15: a doorbell has no colour"],
  ])("%j", (text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toEqual([typeof problem === "string" ? problem : expect.stringMatching(problem)]);
  });

  it("is told of everything at once, in the order of the file", () => {
    expect(
      problemsOf(steps("- wait: 5", "- jump", "- press: { hold: 0s }")).map((line) => line.slice(0, 6)),
    ).toEqual(["F:3:11", "F:4:5:", "F:5:20"]);
  });

  it("is never repeated where it could steer a terminal", () => {
    for (const problem of problemsOf('name: x\n"\\e[2Jsteps": 1\nsteps: ["\\e[2J"]'))
      expect(problem).not.toContain("\u001b");
  });
});

describe("what makes no sense", () => {
  it.each([
    [
      steps("- wait: 10s", "- press:", "  at: 5s"),
      "F:5:9: time goes backwards: the step before it may last until 10s, allowed: that or later",
    ],
    [
      steps("- press:", "  at: 10s", "- press:", "  at: 5s"),
      "F:6:9: time goes backwards: the step before it begins at 10s, allowed: that or later",
    ],
    [
      rung("- expect: { ring: 1, within: 10s }", "- press:", "  at: 15s"),
      "F:7:9: time goes backwards: the step before it may last until 20.4s, allowed: that or later",
    ],
    [
      steps("- hold: 10s", "- press:", "  at: 5s"),
      "F:4:5: too soon after the push before it, allowed: from 10.04s on (button.holdMs after the release)",
    ],
    [
      "name: x\nlasts: 5s\nsteps:\n  - wait: 10s",
      "F:4:5: the scenario ends at 5s (lasts), and this goes on until 10s",
    ],
    [steps("- press:", "  door: 1"), "F:4:11: there is no doorbell 1: there is one, doorbell 0"],
    [
      "name: x\ndoorbells: 3\nsteps:\n  - press:\n    door: 3",
      "F:5:11: there is no doorbell 3: they count from 0 to 2",
    ],
    [steps("- motion: { zones: [0] }"), "F:3:22: there is no zone 0: the setting motion.zones has none"],
    [
      steps("- heal: link.cut"),
      "F:3:11: link.cut did not begin before it without an end: nothing goes on that has no end",
    ],
    [
      steps("- fault: link.slow", "- heal: link.cut"),
      "F:4:11: link.cut did not begin before it without an end: what goes on without an end is link.slow",
    ],
    [
      steps("- fault: link.cut", "  for: 5s", "- heal: all"),
      "F:5:11: nothing to heal: nothing goes on that has no end",
    ],
    [steps("- power: on"), "F:3:12: the power was not cut before it"],
    [steps("- power: cut", "- power: cut"), "F:4:12: the power is off already"],
    [
      "name: x\ndoorbells: 2\nsteps:\n  - fault: broker.kill\n    door: 1",
      "F:5:11: all doorbells have one broker: leave door out",
    ],
    [steps("- clock"), "F:3:5: clock is one of sync and {by: …}, such as clock: {by: -2h}"],
    [
      "name: x\nsettings: { button.longMs: 300, button.holdMs: 300 }\nsteps: []",
      "F:2:28: button.longMs: found 300, allowed: more than button.holdMs, which is 300",
    ],
    [
      "name: x\ndoorbells: 2\nsettings: { button.longMs: 300, button.holdMs: 300 }\nsteps: []",
      "F:3:28: button.longMs: found 300, allowed: more than button.holdMs, which is 300",
    ],
  ])("%j", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});

describe("what can never be met", () => {
  it.each([
    [
      steps("- wait: 1s", "- expect: { event: press }"),
      "F:4:22: there is no press event: nobody pushes the button before it, long enough and at this door",
    ],
    [
      steps("- press: { hold: 30ms }", "- expect: { ring: 1, within: 1s }"),
      "F:4:21: 1 press expected, and nobody rings before it",
    ],
    [rung("- expect: { ring: 2, within: 1h }"), "F:5:21: 2 presses expected, and only 1 come before it"],
    [rung("- expect: { event: press, count: 3 }"), "F:5:36: 3 presses expected, and only 1 come before it"],
    [
      steps("- hold: 10s", "- press:", "  at: 20s", "- expect: { ring: 2 }", "  at: 20s"),
      "F:6:5: a press is one after button.holdMs (40ms): wait, or write within: 1s",
    ],
    [
      rung("- expect: { event: press, late: true, within: 1h }"),
      "F:5:35: late is true, and nothing goes wrong before it that could delay anything",
    ],
    [
      steps("- fault: link.cut", "- press", "- expect: { event: press, late: true, within: 20s }"),
      "F:5:35: nothing is late within 30s of its press: wait, or write a longer within",
    ],
    [
      rung("- expect: { event: press, count: 1, atLeast: 1 }"),
      "F:5:48: count and atLeast are two ways to say how many: keep one",
    ],
    [
      rung("- expect: { event: press, where: { helMs: 5 } }"),
      "F:5:36: a press event has no helMs; did you mean heldMs?",
    ],
    [
      rung("- expect: { event: press, where: { heldMs: long } }"),
      'F:5:36: heldMs is never "long", allowed: a whole number from 0 on',
    ],
    [
      rung("- expect: { event: button, where: { gesture: tripple } }"),
      /^F:5:37: gesture is never "tripple", allowed: single, double/,
    ],
    [
      rung("- expect: { event: button, where: { gesture: { from: 1 } } }"),
      /^F:5:37: gesture is no number: give one of single/,
    ],
    [
      rung("- expect: { event: press, where: { heldMs: { from: 5, to: 1 } } }"),
      "F:5:36: heldMs is never from 5 to 1",
    ],
    [
      rung("- expect: { event: motion, within: 1h }"),
      "F:5:22: there is no motion event: nothing moves before it",
    ],
    [
      rung("- expect: { event: clock, within: 1h }"),
      "F:5:22: there is no clock event: the clock is right from the start, and nobody sets it before it",
    ],
    [
      rung("- expect: { event: drop, within: 1h }"),
      "F:5:22: there is no drop event: nothing has gone wrong before it",
    ],
    [
      rung("- expect: { event: start, count: 2, within: 1h }"),
      "F:5:36: 2 starts expected, and the agent starts at most 1 times before it",
    ],
    [
      rung("- expect: { snapshot: 2, within: 1h }"),
      "F:5:25: 2 expected, and only 1 presses or recorded motions come before it",
    ],
    [
      steps("- wait: 1s", "- expect: { clip: whole, within: 1h }"),
      "F:4:21: no clip: nobody rings before it, and no motion is recorded",
    ],
    [
      steps("- press", "- expect: { clip: whole, within: 5s }"),
      "F:4:36: a clip goes on for clip.postRollMs (6s) after the press: wait, or a longer within",
    ],
    [rung("- expect: { clip: whole, preRoll: 10s }"), "F:5:37: the setting clip.preRollMs keeps 4s"],
    [
      rung("- expect: { clip: whole, end: interrupted }"),
      "F:5:33: nothing goes wrong before it, so a clip ends finished, not interrupted",
    ],
    [
      rung("- expect: { status: offline, within: 1h }"),
      "F:5:23: nothing goes wrong before it: nobody tells that it is offline",
    ],
    [
      rung("- expect: { status: stopped, within: 1h }"),
      "F:5:23: nothing stops the agent before it: use fault: agent.restart",
    ],
    [steps("- wait: 1s", "- expect: { light: ringing, within: 1h }"), "F:4:22: nobody rings before it"],
    [rung("- expect: { light: fault, within: 1h }"), "F:5:22: nothing goes wrong before it"],
    [rung("- expect: { none: ring, late: true }"), "F:5:33: a ring is no event: leave late out"],
    [
      rung("- expect: { none: press, where: { held: 5 } }"),
      "F:5:35: a press event has no held; did you mean heldMs?",
    ],
  ])("%j", (text, problem) => {
    expect(problemsOf(text)).toEqual([
      typeof problem === "string" ? problem : expect.stringMatching(problem),
    ]);
  });

  it.each([
    [
      "camera.source: none",
      "- expect: { clip: whole, within: 1h }",
      "no clip: the setting camera.source is none",
    ],
    [
      "camera.source: none",
      "- expect: { snapshot: 1, within: 1h }",
      "no snapshot: the setting camera.source is none",
    ],
    [
      "camera.source: none",
      "- expect: { event: camera, within: 1h }",
      "there is no camera event: the setting camera.source is none",
    ],
    [
      "motion.watch: false",
      "- expect: { event: motion, within: 1h }",
      "there is no motion event: the setting motion.watch is false",
    ],
  ])("with %s: %s", (setting, expectation, text) => {
    const file = `name: x\nsettings: { ${setting} }\nsteps:\n  - visitor\n  ${expectation}\n`;
    expect(problemsOf(file)).toEqual([expect.stringContaining(text)]);
  });

  it("at a door where nobody rings, with several doorbells", () => {
    const file =
      "name: x\ndoorbells: 2\nsteps:\n  - press:\n    door: 0\n  - expect: { ring: 1, within: 1s }\n";
    expect(problemsOf(file)).toEqual(["F:6:21: 1 press expected, and nobody rings before it"]);
    expect(problemsOf(`${file}    door: 0\n`)).toEqual([]);
  });
});
