import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fleet } from "../../simulator/fleet/command.ts";
import type { FleetFlags } from "../../simulator/fleet/flags.ts";
import type { FleetResult } from "../../simulator/fleet/result.ts";
import { freePort } from "../../simulator/network/mosquitto.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { startProgram } from "../fixtures/programs.ts";

const FLAGS: FleetFlags = {
  doorbells: "10",
  ramp: "100/s",
  presses: "60/min",
  seconds: "2",
  seed: "1",
  json: true,
};

async function run(flags: Partial<FleetFlags>, hears?: (topic: string) => boolean) {
  const lines: string[] = [];
  const code = await fleet({ ...FLAGS, ...flags }, (line) => lines.push(line), hears);
  expect(lines).toHaveLength(1);
  return { code, result: JSON.parse(lines[0] ?? "") as FleetResult };
}

test("fifty doorbells on mosquitto, rung through a storm: every press arrives, and everybody is back", async () => {
  const mosquitto = await startMosquitto({ config: ["max_queued_messages 0"] });
  const folder = mkdtempSync(join(tmpdir(), "porchlight-fleet-"));
  const config = join(folder, "settings.yaml");
  writeFileSync(config, "device: {id: street}\nclip: {preRollMs: 500, postRollMs: 1000}\n");
  try {
    const { code, result } = await run({
      ...{ doorbells: "50", broker: mosquitto.url, storm: "2s", seconds: "3", clips: true },
      ...{ presses: "20/min", config },
    });
    expect(result.connections).toMatchObject({ up: 50, failed: 0, why: [], dropped: 0 });
    expect(result.presses).toMatchObject({ pressed: 50, rang: 50, arrived: 50, lost: 0 });
    expect(result.presses.latencyMs?.p50).toBeGreaterThan(result.holdMs);
    expect(result.storms).toHaveLength(1);
    expect(result.storms[0]).toMatchObject({ cut: 50, back: 50 });
    // Without jitter all of them try at once; with it a fifth of them, but for chance and a busy machine.
    expect(result.storms[0]?.mostTriesIn100Ms).toBeLessThan(40);
    expect(result.clips).toMatchObject({ recorded: 50, whole: 50, missing: 0 });
    expect(result.heard).toMatchObject({ refused: 0, interruptions: 0 });
    expect(result.heard.bytes).toBeGreaterThan(result.clips?.bytes ?? 0);
    expect(result.memory.perDoorbell.resident).toBeGreaterThan(5_000);
    expect([code, result.ok]).toEqual([0, true]);
  } finally {
    rmSync(folder, { recursive: true });
    await mosquitto.stop();
  }
});

test("a subscriber that misses one press: one is lost, and the exit code says so", async () => {
  let missed = 0;
  const { code, result } = await run({ doorbells: "3", seconds: "1" }, () => ++missed > 1);
  expect(result.presses).toMatchObject({ pressed: 3, rang: 3, arrived: 2, lost: 1 });
  expect([code, result.ok]).toEqual([1, false]);
});

test("Ctrl-C ends it in order, and it still reports", async () => {
  const rung = new Set<string>();
  const pressCtrlC = () => process.listeners("SIGINT").at(-1)?.("SIGINT");
  const { code, result } = await run({ doorbells: "3", seconds: "600" }, (topic) => {
    if (rung.size < 3 && rung.add(topic).size === 3) pressCtrlC();
    return true;
  });
  expect(result).toMatchObject({ interrupted: true, connections: { up: 3 }, presses: { lost: 0 } });
  expect(result.presses.pressed).toBeGreaterThanOrEqual(3);
  expect(result.ranMs).toBeLessThan(60_000);
  expect(code).toBe(0);
});

test("what cannot be is said in one line", async () => {
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  const cases: [args: string[], code: number, line: RegExp][] = [
    [["--doorbells", "0"], 2, /^porchlight-sim: --doorbells is a whole number from 1 to 25000, not 0\n$/],
    [
      ["--broker", nobody],
      1,
      /^porchlight-sim: the fleet's subscriber cannot reach the broker at .*: nothing listens there/,
    ],
  ];
  await Promise.all(
    cases.map(async ([args, code, line]) => {
      const program = startProgram("simulator", ["fleet", ...args]);
      expect((await program.ended).code).toBe(code);
      expect(program.stderr()).toMatch(line);
      expect(program.stderr().trimEnd().split("\n")).toHaveLength(1);
    }),
  );
});
