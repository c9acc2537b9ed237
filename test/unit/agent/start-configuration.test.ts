import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ConfigurationError } from "../../../agent/contract/errors.ts";
import { configurationForStart, readConfiguration } from "../../../agent/start-configuration.ts";
import type { ConfigurationRecord } from "../../../device/ports/configuration-store.ts";

const NONE = { version: 0, settings: {}, ownerSettings: {} };
const record = (change: Partial<ConfigurationRecord> = {}): ConfigurationRecord => ({
  inForce: {
    version: 4,
    settings: { button: { holdMs: 60 } },
    ownerSettings: { privacy: { masks: ["0,0 9,0 9,9"] } },
  },
  trial: null,
  rolledBack: null,
  ownerCounter: 2,
  ...change,
});
const trial = (starts: number) => record({ trial: { starts, before: { ...NONE, version: 3 } } });
const noWarning = (line: string) => expect.fail(line);

let folder: string;
let from: { file: string; overrides: []; folder: string };

beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), "porchlight-start-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  folder = made;
  from = { file: join(made, "door.yaml"), overrides: [], folder: made };
  own("camera: { source: test }\n");
});

function own(yaml: string): void {
  writeFileSync(from.file, `device: { dataFolder: . }\n${yaml}`);
}

const file = () => join(folder, "config-desired.json");
const keep = (kept: unknown) => writeFileSync(file(), JSON.stringify(kept));
const kept = (): ConfigurationRecord => JSON.parse(readFileSync(file(), "utf8"));

describe("an agent that starts", () => {
  it("has the device's own configuration where nothing came over the wire", async () => {
    const start = await configurationForStart(from, noWarning);
    expect(start).toMatchObject({ atStart: undefined, isRolledBack: false });
    expect(start.settings.button.holdMs).toBe(40);
  });

  it("has what came over the wire over its file, and says where each came from", async () => {
    own("button: { holdMs: 50, longMs: 900 }\n");
    keep(record());
    const { settings, origins, atStart } = await configurationForStart(from, noWarning);
    expect(settings).toMatchObject({
      button: { holdMs: 60, longMs: 900 },
      privacy: { masks: ["0,0 9,0 9,9"] },
    });
    expect(origins.get("button.holdMs")).toEqual({ from: "wire", version: 4, signed: false });
    expect(origins.get("privacy.masks")).toEqual({ from: "wire", version: 4, signed: true });
    expect(atStart).toEqual({ record: record() });
  });

  it("counts the starts of a configuration on trial, durably, and goes back after three", async () => {
    keep(trial(0));
    for (const starts of [1, 2, 3]) {
      const start = await configurationForStart(from, noWarning);
      expect(start).toMatchObject({ isRolledBack: false, atStart: { record: { trial: { starts } } } });
      expect(start.settings.button.holdMs).toBe(60);
      expect(kept().trial?.starts).toBe(starts);
    }
    const back = await configurationForStart(from, noWarning);
    expect(back.isRolledBack).toBe(true);
    expect(back.settings.button.holdMs).toBe(40);
    const reason = "the agent ended 3 times before it held";
    expect(kept()).toEqual({
      inForce: { ...NONE, version: 3 },
      trial: null,
      rolledBack: { version: 4, reason },
      ownerCounter: 2,
    });
    expect((await configurationForStart(from, noWarning)).isRolledBack).toBe(false);
  });

  it("gives up a configuration on trial that does not go together with its file any more", async () => {
    own("button: { longMs: 300 }\n");
    keep(
      record({
        inForce: { ...NONE, version: 4, settings: { button: { holdMs: 300 } } },
        trial: { starts: 0, before: NONE },
      }),
    );
    expect((await configurationForStart(from, noWarning)).settings.button.holdMs).toBe(40);
    expect(kept().rolledBack?.reason).toMatch(
      /^button\.longMs: found 300, allowed: more than button\.holdMs/,
    );
  });

  it("is refused where a configuration that was applied contradicts its file, with both places", async () => {
    own("button: { longMs: 300 }\n");
    keep(record({ inForce: { ...NONE, version: 4, settings: { button: { holdMs: 300 } } } }));
    const refused = configurationForStart(from, noWarning);
    await expect(refused).rejects.toThrow(ConfigurationError);
    await expect(refused).rejects.toThrow(/door\.yaml:2: button\.longMs: .* button\.holdMs, which is 300/);
  });

  it.each(["", "{", "null", '{"inForce":{}}', JSON.stringify({ ...record(), ownerCounter: -1 })])(
    "films nothing where the record is damaged (%j): masks may be lost",
    async (text) => {
      writeFileSync(file(), text);
      const { settings, atStart } = await configurationForStart(from, noWarning);
      expect(settings.camera.source).toBe("none");
      expect(atStart).toEqual({
        unusable: expect.stringMatching(/config-desired\.json is damaged: remove it/),
      });
      expect(readFileSync(file(), "utf8")).toBe(text);
    },
  );
});

it("a look at the configuration changes nothing", async () => {
  keep(trial(1));
  expect((await readConfiguration(from)).settings.button.holdMs).toBe(60);
  expect(kept()).toEqual(trial(1));
});
