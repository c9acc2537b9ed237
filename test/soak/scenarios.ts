import { deepStrictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cannotPlay } from "../../simulator/scenarios/live/live-mishaps.ts";
import { MISHAP_KINDS } from "../../simulator/virtual/faults.ts";
import { playLiveOnly, playOnBoth } from "../integration/stories/scenarios.ts";

const GALLERY = "simulator/scenarios/gallery";
const FIXTURES = "test/fixtures/scenarios";
/** From the gallery, those that are over within minutes; and what takes an hour there in a minute. */
const FILES = [
  `${GALLERY}/a-double-ring-and-a-long-one.yaml`,
  `${GALLERY}/a-parcel-is-delivered.yaml`,
  `${GALLERY}/the-power-fails-while-a-clip-records.yaml`,
  `${GALLERY}/the-camera-is-unplugged.yaml`,
  `${GALLERY}/the-router-reboots-every-minute.yaml`,
  `${FIXTURES}/two-friends-in-a-minute.yaml`,
];

/**
 * Five scenarios of the gallery and one more, each on a virtual clock and live: the agent as a process, real ffmpeg, a
 * link that breaks, mosquitto. Both must see the same. Then everything that can go wrong live, one after the other.
 * @throws Error that says what was different.
 */
export async function soakScenarios(): Promise<string[]> {
  const lines: string[] = [];
  for (const file of FILES) {
    const beganMs = performance.now();
    const { virtual, live, broker } = await playOnBoth(file);
    deepStrictEqual([virtual.failure, virtual.violations], [null, []], file);
    deepStrictEqual(live, virtual, file);
    const seen = Object.values(live.counts).reduce((sum, count) => sum + count, 0);
    const tookS = Math.round((performance.now() - beganMs) / 1_000);
    lines.push(
      `${file}: ${live.held} expectations held, the same ${seen} sights, on ${broker}, in ${tookS} s`,
    );
    console.error(lines.at(-1));
  }
  return [...lines, await soakEveryKind()];
}

async function soakEveryKind(): Promise<string> {
  const kinds = MISHAP_KINDS.filter(
    (kind) => cannotPlay(kind, { cannotKill: () => null }, { retained: true, sessions: true }) === null,
  );
  const folder = mkdtempSync(join(tmpdir(), "porchlight-every-kind-"));
  try {
    const file = join(folder, "every-kind.yaml");
    writeFileSync(file, everyKind(kinds));
    const { live } = await playLiveOnly(file);
    deepStrictEqual([live.failure, live.violations], [null, []]);
    return `${kinds.length} kinds of fault, 3 s each: ${live.held} expectations held`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whatever happens to the doorbell, a press after it rings and arrives. */
function everyKind(kinds: readonly string[]): string {
  return [
    "name: everything that can go wrong",
    "settings:",
    "  camera.widthPx: 320",
    "  camera.heightPx: 180",
    "  camera.stallMs: 1s",
    "  camera.restartMaxMs: 1s",
    "  clip.preRollMs: 1s",
    "  clip.postRollMs: 1s",
    "  broker.keepAliveS: 5",
    "  uplink.settle: receipt",
    "  uplink.receiptTimeoutMs: 3s",
    "  uplink.ackTimeoutMs: 3s",
    "  uplink.reconnectMaxMs: 1s",
    "steps:",
    ...kinds.flatMap((kind) => [
      `  - mark: ${kind}`,
      `  - fault: ${kind}`,
      "    for: 3s",
      "  - wait: 1s",
      "  - press",
      `  - wait: ${/^(agent|camera|memory|power)/.test(kind) ? 15 : 5}s`,
      `  - mark: after ${kind}`,
      "  - press",
      "  - expect: { ring: 1, within: 1s }",
      "  - expect: { event: press, count: 1, within: 30s }",
      "  - expect: { clip: whole, atLeast: 1, within: 30s }",
    ]),
    "",
  ].join("\n");
}
