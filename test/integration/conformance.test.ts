import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Consumer } from "../../agent/consumer/index.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { type ConformanceFlags, conformance } from "../../simulator/conformance/command.ts";
import { ReferenceConsumer } from "../../simulator/conformance/reference.ts";
import { CASES, type ConformanceResult, runConformance } from "../../simulator/conformance/run.ts";
import { defaultSettings } from "../../simulator/virtual/settings.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";
import {
  BelievesOldWills,
  DoubleCounts,
  ForgetsReceipts,
  GivesReceiptsOnce,
  IgnoresEpochs,
  RingsForAnybody,
  SeesNoGaps,
} from "../fixtures/wrong-consumers.ts";

let mosquitto: Mosquitto;
beforeAll(async () => {
  mosquitto = await startMosquitto();
});
afterAll(async () => {
  await mosquitto.stop();
});

function settingsFor(url: string): Settings {
  const settings = defaultSettings();
  settings.broker.urls = [url];
  settings.motion.watch = false;
  settings.clip.segmentBytes = 32_768;
  return settings;
}

let runs = 0;
async function judge(consumer: Consumer | null, waitMs: number): Promise<ConformanceResult> {
  const settings = settingsFor(mosquitto.url);
  runs += 1;
  const run = `test${runs}`;
  const reference = consumer ? new ReferenceConsumer({ settings: settings.broker, run, consumer }) : null;
  await reference?.start();
  try {
    return await runConformance({ settings, run, waitMs, seed: 1_000 * runs, only: [] });
  } finally {
    await reference?.stop();
  }
}

const failed = ({ cases }: ConformanceResult) =>
  cases.filter(({ verdict }) => verdict === "failed").map(({ name, reason }) => [name, reason]);

test("our own consumer passes every case, and the program says so", async () => {
  const junit = join(tmpdir(), `conformance-${process.pid}.xml`);
  const args = ["--broker", mosquitto.url, "--reference", "--wait", "20", "--json", "--junit", junit];
  const program = startProgram("simulator", ["conformance", ...args]);
  expect(await program.ended, program.stderr()).toMatchObject({ code: 0 });
  const result: ConformanceResult = JSON.parse(program.stdout());
  expect(failed(result)).toEqual([]);
  expect(result).toMatchObject({ ok: true, receipts: true, answers: true, troubles: [] });
  expect(result.cases.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual(
    CASES.map(({ name }) => [name, "passed", ""]),
  );
  expect(readFileSync(junit, "utf8")).toContain(
    `tests="${CASES.length}" failures="0" errors="0" skipped="0"`,
  );
  rmSync(junit);
});

test("docs/conformance.md tells of every case, and its consumer in Python passes all of them", async () => {
  const page = readFileSync(new URL("../../docs/conformance.md", import.meta.url), "utf8");
  for (const { name, plays, expects } of CASES)
    expect(page).toContain(`| \`${name}\` | ${plays} | ${expects} |`);
  const [, code = ""] = /```python\n([^`]*)```/.exec(page) ?? [];
  const settings = settingsFor(mosquitto.url);
  const python = spawn("/usr/bin/python3", ["-", "127.0.0.1", String(mosquitto.port), "python"]);
  let said = "";
  for (const stream of [python.stdout, python.stderr])
    stream.on("data", (more) => {
      said += more;
    });
  python.stdin.end(code);
  try {
    await until(() => said.includes("subscribed"), "its subscription");
    const result = await runConformance({ settings, run: "python", waitMs: 20_000, seed: 77, only: [] });
    expect(failed(result), said).toEqual([]);
    expect(result.cases.map(({ verdict, reason }) => [verdict, reason])).toEqual(
      CASES.map(() => ["passed", ""]),
    );
  } finally {
    python.kill();
  }
});

const EPOCH = "[0-9a-f]{16}";
describe("a wrong consumer fails, and for what is wrong with it", () => {
  test.concurrent.each<[string, Consumer, Record<string, RegExp>]>([
    [
      "forgets receipts",
      new ForgetsReceipts(),
      { receipts: new RegExp(`^no receipt for ${EPOCH}-[pe]1 and for`) },
    ],
    [
      "gives a receipt only once",
      new GivesReceiptsOnce(),
      { duplicate: new RegExp(`^no receipt for ${EPOCH}-p1$`) },
    ],
    [
      "double-counts",
      new DoubleCounts(),
      { duplicate: /^rang 3 times for /, retained: /^counted 2 presses, not 1$/ },
    ],
    ["ignores epochs", new IgnoresEpochs(), { epoch: new RegExp(`^did not ring for ${EPOCH}-p1$`) }],
    [
      "rings for whoever has gone",
      new RingsForAnybody(),
      {
        late: /^rang for .*-p1, a press that was 17[0-9] s old$/,
        "held-back": /^rang for .*-p1, a press that was 1[0-9]{2} s old$/,
        order: /^rang for .*-p[12], a press that was 1[0-9]{2} s old$/,
      },
    ],
    [
      "believes an older will",
      new BelievesOldWills(),
      {
        "old-will": /^takes the doorbell for offline, though that will is of an older connection$/,
        "will-after-stop": /^takes the doorbell for offline, though that will is of the epoch before$/,
      },
    ],
    [
      "sees no gaps",
      new SeesNoGaps(),
      { gap: /^does not know that .*-p2 is missing$/, "epoch-gap": /^does not know that .*-p2 is missing$/ },
    ],
  ])("%s", async (_, consumer, expected) => {
    const result = await judge(consumer, 4_000);
    expect(Object.fromEntries(failed(result))).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([name, reason]) => [name, expect.stringMatching(reason)]),
      ),
    );
    expect(result.ok).toBe(false);
  });

  test.concurrent("there is none", async () => {
    const { cases, answers, receipts } = await judge(null, 500);
    expect({ answers, receipts }).toEqual({ answers: false, receipts: false });
    const [first, ...others] = cases;
    expect(first).toMatchObject({ name: "receipts", verdict: "failed" });
    expect(new Set(others.map(({ verdict }) => verdict))).toEqual(new Set(["unjudged"]));
  });
});

test.each<[Partial<ConformanceFlags>, number, RegExp]>([
  [{}, 1, /^no connection to the broker: .*127\.0\.0\.1:1/],
  [{ case: ["lat"] }, 2, /^--case lat: there is receipts, duplicate, late/],
  [{ wait: "0" }, 2, /^--wait is a whole number of seconds from 1 to 300/],
  [{ run: "A" }, 2, /^--run is 3 to 8 of a-z and 0-9, not "A"/],
  [{ broker: "elsewhere" }, 2, /broker\.urls/],
])("what cannot be: %j", async (flags, exitCode, words) => {
  const said = conformance({ broker: "mqtt://127.0.0.1:1", wait: "1", ...flags }, () => undefined);
  await expect(said).rejects.toMatchObject({ exitCode, message: expect.stringMatching(words) });
});
