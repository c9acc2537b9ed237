import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { originInWords } from "../../../agent/config/load.ts";
import { printConfiguration } from "../../../agent/config/print.ts";
import { ConfigurationError } from "../../../agent/contract/errors.ts";
import { type LiveFlags, liveConfiguration, OWN_BROKER } from "../../../simulator/live/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "porchlight-live-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("without flags: the test camera, the system's clock, receipts, its own broker", () => {
  const { settings, origins, ownBroker } = liveConfiguration({}, folder);
  expect(ownBroker).toBe(true);
  expect(settings).toMatchObject({
    camera: { source: "test" },
    device: { clock: "system", dataFolder: join(folder, "porchlight-data") },
    uplink: { settle: "receipt" },
    broker: { urls: [OWN_BROKER], protocol: "3.1.1" },
  });
  expect(originInWords(origins.get("camera.source") ?? { from: "default" })).toBe("porchlight-sim live");
});

test("the file wins over the simulator's defaults, the command line over the file", () => {
  const config = write("camera:\n  source: none\nuplink:\n  settle: puback\n");
  const { settings, origins } = liveConfiguration({ config, camera: "file:door.mp4" }, folder);
  expect(settings.uplink.settle).toBe("puback");
  expect(settings.camera.source).toBe(`file:${join(folder, "door.mp4")}`);
  expect(originInWords(origins.get("camera.source") ?? { from: "default" })).toBe("--camera");
  expect(originInWords(origins.get("uplink.settle") ?? { from: "default" })).toBe(`${config}:4`);
});

test("another broker speaks MQTT 5 unless told, and keeps the agent's own pauses", () => {
  const { settings, ownBroker } = liveConfiguration({ broker: "mqtt://localhost:1883" }, folder);
  expect(ownBroker).toBe(false);
  expect(settings.broker).toMatchObject({ urls: ["mqtt://localhost:1883"], protocol: "5" });
  expect(settings.uplink.reconnectMaxMs).toBe(60_000);
});

test("what is printed, read again, is the same run", () => {
  const printed = liveConfiguration({}, folder);
  const again = liveConfiguration({ config: write(printConfiguration(printed)) }, folder);
  expect(again.settings).toEqual(printed.settings);
  expect(again.ownBroker).toBe(true);
});

test.each<[LiveFlags, RegExp]>([
  [
    { protocol: "5" },
    /^--protocol: broker\.protocol: found 5, allowed with the simulator's own broker: 3\.1\.1/,
  ],
  [{ protocol: "4" }, /^--protocol: broker\.protocol: found "4"/],
  [{ broker: "http://127.0.0.1" }, /^--broker: broker\.urls/],
  [{ camera: "webcam" }, /^--camera: camera\.source: found something else/],
])("%j is refused", (flags, line) => {
  expect(problemsOf(() => liveConfiguration(flags, folder))).toMatch(line);
});

function problemsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

let files = 0;
function write(text: string): string {
  const file = join(folder, `${++files}.yaml`);
  writeFileSync(file, text);
  return file;
}
