import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise, type IConfiguration, type ICruiseResult } from "dependency-cruiser";
import extractConfiguration from "dependency-cruiser/config-utl/extract-depcruise-config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Files by what they import; `type ` before it makes it a type's import. */
type Tree = Record<string, string[]>;

/** Everything that the table allows, and a file at each place that is imported. */
const ALLOWED: Tree = {
  "device/ports/clock.ts": [],
  "device/ports/camera.ts": ["./clock.ts"],
  "device/boards/pi.ts": ["type ../ports/clock.ts"],
  "device/linux/storage/outbox.ts": ["type ../../ports/clock.ts", "better-sqlite3", "node:worker_threads"],
  "device/linux/camera.ts": [
    "../../agent/media/ring.ts",
    "sharp",
    "fluent-ffmpeg",
    "@ffmpeg-installer/ffmpeg",
    "node:fs",
  ],
  "device/doctor/main.ts": ["../linux/camera.ts", "../boards/pi.ts", "../../agent/mqtt/broker.ts"],
  "agent/contract/topics.ts": ["typebox", "typebox/value"],
  "agent/consumer/parse.ts": ["../contract/topics.ts", "typebox"],
  "agent/config/load.ts": ["../contract/topics.ts", "yaml", "node:fs", "typebox/value"],
  "agent/reference/asyncapi.ts": ["../contract/topics.ts", "yaml", "type typebox"],
  "agent/broker-config/mosquitto.ts": ["../contract/topics.ts"],
  "agent/core/step.ts": [
    "../contract/topics.ts",
    "type ../../device/ports/clock.ts",
    "pure-rand/distribution/uniformInt",
  ],
  "agent/core/state.ts": ["type ./state-of.ts"],
  "agent/core/state-of.ts": ["./state.ts"],
  "agent/journal/writer.ts": ["../core/step.ts", "type ../contract/topics.ts", "node:fs", "typebox"],
  "agent/media/ring.ts": ["type ../../device/ports/camera.ts"],
  "agent/mqtt/broker.ts": ["mqtt", "../contract/topics.ts", "type ../../device/ports/clock.ts", "node:net"],
  "agent/vault/seal.ts": ["../contract/topics.ts", "node:crypto", "jose"],
  "agent/owner/open.ts": [
    "../consumer/parse.ts",
    "../config/load.ts",
    "node:fs",
    "jose",
    "mqtt",
    "commander",
  ],
  "agent/version.ts": [],
  "agent/runtime.ts": ["./core/step.ts", "type ../device/ports/clock.ts"],
  "agent/main.ts": [
    "./runtime.ts",
    "./config/load.ts",
    "../device/linux/camera.ts",
    "./mqtt/broker.ts",
    "pino",
    "commander",
  ],
  "simulator/world/world.ts": [
    "type ../../device/ports/clock.ts",
    "node:crypto",
    "pure-rand/generator/xoroshiro128plus",
  ],
  "simulator/hardware/button.ts": ["../world/world.ts", "type ../../device/ports/clock.ts"],
  "simulator/replay/run.ts": [
    "../../agent/core/step.ts",
    "../../agent/journal/writer.ts",
    "../../agent/config/load.ts",
    "../../agent/version.ts",
    "node:util",
    "typebox/value",
  ],
  "simulator/network/broker.ts": ["aedes", "node:net", "../world/world.ts", "../../agent/contract/topics.ts"],
  "simulator/sim/world.ts": ["../world/world.ts", "../../agent/contract/topics.ts", "typebox/value"],
  "simulator/scenarios/read.ts": ["../sim/world.ts", "yaml", "node:fs"],
  "simulator/live/consumer.ts": ["mqtt", "chalk", "../../agent/consumer/parse.ts", "../../agent/main.ts"],
  "simulator/scenarios/live/stage.ts": [
    "../../network/broker.ts",
    "../../../agent/compose.ts",
    "../../../agent/consumer/parse.ts",
    "type ../../../device/ports/clock.ts",
    "node:child_process",
  ],
  "agent/compose.ts": ["./runtime.ts"],
  "simulator/conformance/door.ts": [
    "../hardware/button.ts",
    "../../agent/runtime.ts",
    "../../agent/mqtt/broker.ts",
    "../../agent/consumer/parse.ts",
    "typebox/compile",
    "node:crypto",
  ],
  "simulator/fleet/doorbell.ts": [
    "node:perf_hooks",
    "../hardware/button.ts",
    "../live/consumer.ts",
    "../../agent/mqtt/broker.ts",
    "../../device/linux/camera.ts",
  ],
  "test/unit/any.test.ts": ["../../agent/core/step.ts", "../../simulator/world/world.ts", "vitest", "mqtt"],
};

/** One import too many, and the rule that must say so. */
const REFUSED: [file: string, imports: string, rule: string][] = [
  ["simulator/sim/bad.ts", "node:fs", "table: ^simulator/sim/"],
  ["simulator/sim/bad-live.ts", "../live/consumer.ts", "table: ^simulator/sim/"],
  ["device/ports/bad.ts", "type ../../agent/contract/topics.ts", "table: ^device/ports/"],
  ["device/ports/bad-node.ts", "type node:net", "table: ^device/ports/"],
  ["device/boards/bad.ts", "node:fs", "table: ^device/boards/"],
  ["device/linux/bad.ts", "type ../../agent/core/step.ts", "table: ^device/linux/"],
  ["device/linux/bad-contract.ts", "../../agent/contract/topics.ts", "table: ^device/linux/"],
  ["device/doctor/bad.ts", "../../agent/core/step.ts", "table: ^device/doctor/"],
  ["agent/contract/bad.ts", "node:url", "table: ^agent/contract/"],
  ["agent/consumer/bad.ts", "node:crypto", "table: ^agent/consumer/"],
  ["agent/consumer/bad-core.ts", "type ../core/step.ts", "table: ^agent/consumer/"],
  ["agent/config/bad.ts", "../core/step.ts", "table: ^agent/config/"],
  ["agent/reference/bad.ts", "node:fs", "table: ^agent/reference/"],
  ["agent/broker-config/bad.ts", "node:fs", "table: ^agent/broker-config/"],
  ["agent/core/bad.ts", "../media/ring.ts", "table: ^agent/core/"],
  ["agent/core/bad-node.ts", "node:timers", "table: ^agent/core/"],
  ["agent/core/bad-adapter.ts", "type ../../device/linux/camera.ts", "table: ^agent/core/"],
  ["agent/core/bad-library.ts", "typebox", "table: ^agent/core/"],
  ["agent/journal/bad.ts", "../runtime.ts", "table: ^agent/journal/"],
  ["agent/media/bad.ts", "node:buffer", "table: ^agent/media/"],
  ["agent/media/bad-library.ts", "tar-stream", "table: ^agent/media/"],
  ["agent/mqtt/bad.ts", "../core/step.ts", "table: ^agent/mqtt/"],
  ["agent/vault/bad.ts", "../mqtt/broker.ts", "table: ^agent/vault/"],
  ["agent/owner/bad.ts", "../core/step.ts", "table: ^agent/owner/"],
  ["agent/bad-root.ts", "typebox", "table: ^agent/[^/]+\\.ts$"],
  ["agent/main-bad.ts", "../simulator/world/world.ts", "what ships stands alone"],
  ["device/linux/bad-test.ts", "../../test/unit/any.test.ts", "what ships stands alone"],
  ["simulator/world/bad.ts", "node:fs", "table: ^simulator/world/"],
  ["simulator/hardware/bad.ts", "../../agent/core/step.ts", "table: ^simulator/hardware/"],
  ["simulator/replay/bad.ts", "../../agent/runtime.ts", "table: ^simulator/replay/"],
  ["simulator/network/bad.ts", "../../agent/mqtt/broker.ts", "table: ^simulator/network/"],
  ["simulator/scenarios/live/bad.ts", "../../../agent/mqtt/broker.ts", "table: ^simulator/scenarios/live/"],
  ["simulator/scenarios/live/bad-library.ts", "mqtt", "table: ^simulator/scenarios/live/"],
  ["simulator/conformance/bad.ts", "../../agent/compose.ts", "table: ^simulator/conformance/"],
  ["simulator/fleet/bad.ts", "../virtual/run.ts", "table: ^simulator/fleet/"],
  ["simulator/live/bad-test.ts", "../../test/unit/any.test.ts", "no test in the simulator"],
  ["agent/bad-mqtt.ts", "mqtt", "behind: mqtt"],
  ["agent/mqtt/bad-jose.ts", "jose", "behind: jose"],
  ["simulator/live/bad-aedes.ts", "aedes", "behind: aedes"],
  ["device/linux/bad-sqlite.ts", "type better-sqlite3", "behind: better-sqlite3"],
  ["simulator/live/bad-sharp.ts", "sharp", "behind: sharp"],
  ["simulator/live/bad-ffmpeg.ts", "fluent-ffmpeg", "behind: fluent-ffmpeg"],
  ["agent/mqtt/bad-pino.ts", "pino", "behind: pino"],
  ["agent/mqtt/bad-commander.ts", "commander", "behind: commander"],
  ["agent/mqtt/bad-chalk.ts", "chalk", "behind: chalk"],
  ["agent/bad-yaml.ts", "yaml", "behind: yaml"],
  ["agent/bad-random.ts", "pure-rand/distribution/uniformInt", "behind: pure-rand"],
  ["agent/core/circle-of.ts", "./circle.ts", "no circle"],
  ["agent/core/bad-path.ts", "./nowhere.ts", "nothing unresolved"],
  ["simulator/live/bad-dev.ts", "fast-check", "declared packages only"],
];

const HALF_OF_A_CIRCLE: Tree = { "agent/core/circle.ts": ["./circle-of.ts"] };

let folder = "";
let configuration: IConfiguration = {};
let found: ICruiseResult["summary"]["violations"] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-imports-"));
  for (const name of ["node_modules", "package.json", "tsconfig.json"])
    symlinkSync(join(ROOT, name), join(folder, name));
  for (const [file, imports] of Object.entries({ ...ALLOWED, ...HALF_OF_A_CIRCLE })) write(file, imports);
  for (const [file, imports] of REFUSED) write(file, [imports]);
  configuration = await extractConfiguration(join(ROOT, ".dependency-cruiser.mjs"));
  const { options, forbidden } = configuration;
  const { output } = await cruise(
    ["agent", "device", "simulator", "test"],
    {
      ...options,
      baseDir: folder,
      preserveSymlinks: true,
      validate: true,
      ruleSet: { ...(forbidden ? { forbidden } : {}) },
    },
    undefined,
    {},
  );
  if (typeof output === "string") throw new TypeError("a report where a result was expected");
  found = output.summary.violations;
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

function write(file: string, imports: string[]): void {
  const lines = imports.map((from, index) =>
    from.startsWith("type ")
      ? `import type { T${index} } from "${from.slice("type ".length)}";\nexport type U${index} = T${index};`
      : `import * as m${index} from "${from}";\nexport { m${index} };`,
  );
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), `${lines.join("\n")}\nexport type Own = 1;\n`);
}

describe("the import rules", () => {
  it.each(REFUSED)("%s may not import %s", (file, _imports, rule) => {
    const rules = found.filter(({ from }) => from === file).map(({ rule: { name } }) => name);
    expect(rules).toContain(rule);
  });

  it("allow what the table allows", () => {
    const files = new Set(Object.keys(ALLOWED));
    expect(
      found.filter(({ from }) => files.has(from)).map(({ from, to, rule }) => [from, to, rule.name]),
    ).toEqual([]);
  });

  it("are each tried above, and each says why", () => {
    const tried = new Set(REFUSED.map(([, , rule]) => rule));
    for (const { name, comment } of configuration.forbidden ?? []) {
      expect(tried, `no example of "${name}"`).toContain(name);
      expect(comment?.length).toBeGreaterThan(40);
    }
  });
});
