import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError, WorldError } from "../../agent/contract/errors.ts";
import * as sim from "../../simulator/sim/index.ts";

const { createWorld } = sim;

/** The examples of docs/sim.md, by the runner that each is for. */
const examples = [
  ...readFileSync(new URL("../../docs/sim.md", import.meta.url), "utf8").matchAll(
    /```js\n\/\/ (.+)\n([^`]+(?:`[^`]+`[^`]+)*)```/g,
  ),
].map(([, runner = "", code = ""]) => ({ runner, code }));

describe("the examples of docs/sim.md", () => {
  it("are three", () => {
    expect(examples.map(({ runner }) => runner)).toEqual(["vitest", "node:test", "any runner"]);
  });

  it.each(examples)("$runner: holds as it stands there", ({ code }) => {
    const tests: [string, () => void][] = [];
    const given = {
      ...sim,
      assert,
      expect,
      test: (name: string, run: () => void) => tests.push([name, run]),
    };
    // What is imported is given instead: the package is not installed in itself.
    const body = code.replaceAll(/^import .*\n/gm, "");
    expect(code).toContain('import { createWorld } from "porchlight/sim";');
    new Function(...Object.keys(given), `"use strict";\n${body}`)(...Object.values(given));
    for (const [, run] of tests) run();
    expect(tests.length).toBe((code.match(/^test\(/gm) ?? []).length);
  });

  it("fail for an agent that is wrong", () => {
    const [, , outage] = examples;
    const silent: typeof createWorld = (options) =>
      createWorld({
        ...options,
        tamper: (ports) => ({ ...ports, chime: { play: () => undefined, stop: () => ports.chime.stop() } }),
      });
    const body = (outage?.code ?? "").replaceAll(/^import .*\n/gm, "");
    const run = new Function("createWorld", "assert", body) as (...given: unknown[]) => void;
    expect(() => run(silent, assert)).toThrow(/seed 1/);
  });
});

describe("a world", () => {
  it("stands still until time is let pass, and is the same again from the same seed", () => {
    const live = (seed: number) => {
      const world = createWorld({ seed });
      const door = world.doorbell({ link: { jitterMs: 200 } });
      world.advance("15s");
      door.press({ hold: "2s", chatter: 5 });
      expect(door.rings).toEqual([]);
      world.advance("10s");
      door.double();
      door.move({ for: "5s" });
      world.fault("link.cut", { for: "20s" });
      world.advance("1m");
      expect(world.settle({ end: "stopped" })).toEqual([]);
      expect(door.status).toBe("stopped");
      expect(door.isOn).toBe(false);
      return { seen: world.seen, hash: world.fingerprint(), nowMs: world.nowMs };
    };
    expect(live(7)).toEqual(live(7));
    expect(live(8).hash).not.toBe(live(7).hash);
  });

  it("waits for what comes true, and throws for what does not", () => {
    const world = createWorld();
    const door = world.doorbell();
    expect(world.waitFor(() => door.status, "10s")).toBe("online");
    const beganMs = world.nowMs;
    expect(() => world.waitFor(() => door.events("press")[0], "10s")).toThrow(WorldError);
    expect(world.nowMs).toBe(beganMs + 10_000);
    door.press();
    expect(world.waitFor(() => door.events("press")[0], "1s")?.data.heldMs).toBe(40);
  });

  it("has what goes wrong until it is healed, at one doorbell or at all", () => {
    const world = createWorld();
    const [one, other] = [world.doorbell(), world.doorbell()];
    world.advance("10s");
    const power = world.fault("power.cut", { doorbell: one });
    world.advance("1s");
    expect([one.isOn, other.isOn, one.light]).toEqual([false, true, "off"]);
    power.heal();
    power.heal();
    world.advance("5s");
    expect(one.isOn).toBe(true);
    world.fault("link.cut");
    one.press();
    other.press();
    world.advance("1m");
    expect([one, other].map((door) => [door.rings.length, door.events("press").length])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    world.heal();
    world.advance("3m");
    expect([one, other].map((door) => door.events("press").map(({ late }) => late))).toEqual([
      [true],
      [true],
    ]);
    expect(new Set([one.deviceId, other.deviceId]).size).toBe(2);
    expect(world.settle()).toEqual([]);
  });

  it("says what was violated", () => {
    const world = createWorld({
      tamper: (ports) => ({ ...ports, chime: { play: () => undefined, stop: () => ports.chime.stop() } }),
    });
    world.doorbell().press();
    expect(world.settle()).toEqual([{ checker: "bell", detail: "a press at 0 did not ring" }]);
    expect(world.violations()).toHaveLength(1);
  });

  it.each<[string, (world: sim.SimWorld) => unknown, string]>([
    [
      "a fault that does not exist",
      (world) => world.fault("link.cutt" as "link.cut"),
      "there is no fault link.cutt; did you mean link.cut?",
    ],
    ["a wrong unit", (world) => world.advance("5sec"), "(did you mean 5s?)"],
    ["a time that goes back", (world) => world.advance(-1), "advance: found -1, allowed: a duration"],
    ["half a millisecond", (world) => world.doorbells[0]?.press({ hold: 0.5 }), "hold: found 0.5, allowed:"],
    [
      "a doorbell that comes too late",
      (world) => {
        world.advance(1);
        world.doorbell();
      },
      "made before anything happens",
    ],
    [
      "an unknown setting",
      (world) => world.doorbell({ settings: { uplink: { setle: 1 } as object } }),
      "there is no setting uplink.setle; did you mean uplink.settle?",
    ],
    [
      "a setting that is not allowed",
      (world) => world.doorbell({ settings: { button: { holdMs: 4 } } }),
      "button.holdMs: found 4, allowed: a whole number from 5 to 1000 (ms)",
    ],
    [
      "a setting of a machine",
      (world) => world.doorbell({ settings: { broker: { urls: ["mqtt://10.0.0.1"] } } }),
      "broker.urls belongs to a machine",
    ],
  ])("refuses %s", (_what, call, message) => {
    const world = createWorld();
    world.doorbell();
    expect(() => call(world)).toThrow(UsageError);
    const again = createWorld();
    again.doorbell();
    expect(() => call(again)).toThrow(message);
  });

  it("refuses a world without a doorbell, and a seed that is none", () => {
    expect(() => createWorld().advance("1s")).toThrow("a world needs a doorbell");
    expect(() => createWorld({ seed: 1.5 })).toThrow("seed: found 1.5, allowed: a whole number from 0 on");
  });
});
