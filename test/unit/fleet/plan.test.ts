import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigurationError, UsageError } from "../../../agent/contract/errors.ts";
import { type FleetFlags, fleetPlan } from "../../../simulator/fleet/flags.ts";
import { checkOpenFiles } from "../../../simulator/fleet/machine.ts";
import { plannedPresses } from "../../../simulator/fleet/presses.ts";
import { fleetConfiguration, settingsOf } from "../../../simulator/fleet/settings.ts";

const FLAGS: FleetFlags = { doorbells: "10", ramp: "50/s", presses: "2/min", seconds: "60", seed: "1" };

test("rates and times are read in their units", () => {
  const plan = fleetPlan({ ...FLAGS, ramp: "600/min", presses: "30/h", storm: "1.5min", seconds: "600" });
  expect(plan).toEqual({
    doorbells: 10,
    rampPerS: 10,
    pressesPerMinute: 0.5,
    clips: false,
    stormEveryMs: 90_000,
    forMs: 600_000,
    seed: 1,
  });
});

describe("what makes no sense is refused in one line that names the flag, what was found and what would be right", () => {
  test.each<[Partial<FleetFlags>, RegExp]>([
    [{ doorbells: "0" }, /^--doorbells is a whole number from 1 to 25000, not 0$/],
    [{ doorbells: "1000000" }, /^--doorbells .* not 1000000$/],
    [{ doorbells: "ten\nlines" }, /^--doorbells .* not "ten\\nlines"$/],
    [{ doorbells: "1.5" }, /^--doorbells/],
    [{ ramp: "50" }, /^--ramp is a rate such as 50\/s, by s, min or h, not 50$/],
    [{ ramp: "0/s" }, /^--ramp is more than 0/],
    [{ presses: "2/s" }, /^--presses is at most 60\/min for each doorbell, not 2\/s$/],
    [{ storm: "1s" }, /^--storm is at least 2s/],
    [{ storm: "60s" }, /^--storm 60s never comes within --seconds 60$/],
    [{ storm: "often" }, /^--storm is a time such as 20s/],
    [{ seconds: "0" }, /^--seconds is a whole number/],
    [{ seed: "-1" }, /^--seed is a whole number/],
  ])("%j", (flags, line) => {
    expect(() => fleetPlan({ ...FLAGS, ...flags })).toThrow(UsageError);
    expect(() => fleetPlan({ ...FLAGS, ...flags })).toThrow(line);
  });
});

test("too few open files: how many are needed, and how to have them", () => {
  expect(() => checkOpenFiles(1_000, 1_064)).not.toThrow();
  expect(() => checkOpenFiles(1_000, 1_063)).toThrow(
    /need 1064 open files.* may have 1063: .*ulimit -n 1064/,
  );
});

test("all doorbells share their settings but for the name", () => {
  const { settings, ownBroker } = fleetConfiguration(FLAGS, "/nowhere");
  expect(ownBroker).toBe(true);
  const [first, second] = [settingsOf(settings, 1), settingsOf(settings, 2)];
  expect([first.device.id, second.device.id]).toEqual(["fleet-00001", "fleet-00002"]);
  expect(first.broker).toBe(second.broker);
  expect(first.camera.source).toBe("none");
  expect(fleetConfiguration({ ...FLAGS, clips: true }, "/nowhere").settings.camera.source).toBe("test");
});

test("a broker that the settings forbid is refused as for a device", () => {
  const refused = () => fleetConfiguration({ ...FLAGS, broker: "mqtt://example.org" }, "/nowhere");
  expect(refused).toThrow(ConfigurationError);
  expect(refused).toThrow(/allowPlaintext/);
});

test("the seed says who presses when: as often as asked, never before the press before is over", () => {
  fc.assert(
    fc.property(
      fc.record({
        doorbells: fc.integer({ min: 1, max: 20 }),
        pressesPerMinute: fc.integer({ min: 1, max: 60 }),
        forMs: fc.integer({ min: 1_000, max: 120_000 }),
        seed: fc.nat(1_000),
      }),
      (plan) => {
        const presses = [...plannedPresses(plan, 60)];
        expect([...plannedPresses(plan, 60)]).toEqual(presses);
        expect(presses.map(({ atMs }) => atMs)).toEqual(
          presses.map(({ atMs }) => atMs).sort((a, b) => a - b),
        );
        const periodMs = Math.round(60_000 / plan.pressesPerMinute);
        for (let doorbell = 0; doorbell < plan.doorbells; doorbell++) {
          const own = presses.filter((press) => press.doorbell === doorbell);
          expect(own.length).toBeGreaterThanOrEqual(Math.floor(plan.forMs / periodMs));
          expect(own.length).toBeLessThanOrEqual(Math.ceil(plan.forMs / periodMs));
          for (const [i, { atMs, holdMs }] of own.entries()) {
            expect(holdMs).toBeGreaterThanOrEqual(60);
            expect((own[i + 1]?.atMs ?? Number.POSITIVE_INFINITY) - atMs - holdMs).toBeGreaterThanOrEqual(
              500,
            );
          }
        }
      },
    ),
    { numRuns: 30 },
  );
  const other = (seed: number) => [
    ...plannedPresses({ doorbells: 5, pressesPerMinute: 2, forMs: 60_000, seed }, 60),
  ];
  expect(other(1)).not.toEqual(other(2));
});
