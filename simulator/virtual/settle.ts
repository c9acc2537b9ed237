import { OWNER_CONFIGURATION_TYPE } from "../../agent/contract/configuration.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import type { Evidence } from "../checkers/evidence.ts";
import { payloadSealedBy } from "../hardware/vault.ts";
import type { World } from "../world/world.ts";
import type { Scene } from "./scene.ts";

/** The agent's longest pauses after the last fault, by what may be awaited. */
const SETTLE_PUBACK_MS = 1_200_000;
const SETTLE_RECEIPT_MS = 4_500_000;
/** As the agent sends it where it knows nothing of the link, or nothing good. */
const SMALLEST_PIECE_BYTES = 4_096;
/** A minute and its pre-roll, as a simulated camera makes them. */
const LONGEST_CLIP_BYTES = 8_388_608;
const LOOK_EVERY_MS = 1_000;
/** Old wills and the answers to them are over by then. */
const AFTERGLOW_MS = 20_000;
const NO_DISK = "agent that found no disk at its start: 1";

/**
 * The faults are gone: lets time pass until everything of every doorbell has arrived, or the bound is over. Then the
 * agents are left running or asked to stop. Answers what the checkers judge, one for each scene.
 */
export function settle(world: World, scenes: readonly Scene[], finallyRunning: boolean): Evidence[] {
  const fromMs = world.nowMs;
  const awaited = scenes.map((scene) => ({
    scene,
    boundMs: boundOf(scene),
    settledAtMs: null as number | null,
  }));
  const waiting = new Set(awaited);
  const look = () => {
    for (const one of waiting) {
      if (!lookAt(one.scene)) continue;
      one.settledAtMs = world.nowMs;
      waiting.delete(one);
    }
    if (waiting.size > 0) world.after(LOOK_EVERY_MS, look);
  };
  world.after(LOOK_EVERY_MS, look);
  const boundMs = Math.max(...awaited.map((one) => one.boundMs));
  world.runUntil(fromMs + boundMs, () => waiting.size === 0);
  world.runUntil(world.nowMs + AFTERGLOW_MS);
  if (!finallyRunning) {
    for (const { scene, settledAtMs } of awaited) if (settledAtMs !== null) scene.doorbell.requestStop();
    world.runUntil(world.nowMs + AFTERGLOW_MS);
  }
  return awaited.map(({ scene, boundMs, settledAtMs }) =>
    evidenceOf(scene, settledAtMs === null ? null : settledAtMs - fromMs, boundMs, finallyRunning),
  );
}

/** Whether all is settled; does what somebody would do who waits for it. */
function lookAt(scene: Scene): boolean {
  const waits = unsettled(scene);
  if (waits === "") return true;
  if (scene.doorbell.powerOn === null) scene.doorbell.start();
  // It works in memory until it is started again: not before everything in there has arrived.
  else if (waits === NO_DISK) scene.doorbell.requestStop();
  return false;
}

/** Of a clip at least the smallest piece goes in each round trip, however much the link trembles. */
function boundOf({ ledger, doorbell, options }: Scene): number {
  const pauseMs = ledger.settings.uplink.settle === "receipt" ? SETTLE_RECEIPT_MS : SETTLE_PUBACK_MS;
  const { latencyMs, jitterMs } = options.link;
  let bytes = 0;
  for (const clip of doorbell.spool.clips.values()) {
    if (!clip.uploaded) bytes += clip.closed === null ? LONGEST_CLIP_BYTES : clip.bytes;
  }
  return pauseMs + Math.ceil(bytes / SMALLEST_PIECE_BYTES) * 2 * (latencyMs + jitterMs);
}

function evidenceOf(
  scene: Scene,
  settledAfterMs: number | null,
  boundMs: number,
  finallyRunning: boolean,
): Evidence {
  const { doorbell, ledger, network, deviceId } = scene;
  const onDisk = [...doorbell.disk.rows("press"), ...doorbell.disk.rows("event")];
  const { press, event } = doorbell.disk.totals();
  ledger.onDisk(onDisk, press.bytes + event.bytes);
  return ledger.evidence({
    outbox: [...onDisk, ...doorbell.rowsInMemory()],
    clips: [...doorbell.spool.clips.values()],
    status: network.broker.retained(topicsOf(deviceId).status),
    finallyRunning: finallyRunning || settledAfterMs === null,
    settledAfterMs,
    settleBoundMs: boundMs,
    unsettled: unsettled(scene),
    link: scene.options.link,
    ownersWord: (jws) => payloadSealedBy(ledger.settings.owner.publicKey, jws, OWNER_CONFIGURATION_TYPE),
  });
}

/** What is not settled yet, in words; empty when everything is. */
function unsettled({ doorbell, cloud, network, deviceId }: Scene): string {
  const { press, event } = doorbell.disk.totals();
  const open = [...doorbell.spool.clips.values()].filter((clip) => clip.closed === null).length;
  const status = network.broker.retained(topicsOf(deviceId).status) ?? "";
  const { epoch = "", connection = 0 } = doorbell.powerOn ?? {};
  const isTrue = status.includes(`"epoch":"${epoch}","connection":${connection},`);
  const waits: [string, number][] = [
    ["status to be put right", isTrue ? 0 : 1],
    ["agent not connected", doorbell.state?.uplink.phase === "connected" ? 0 : 1],
    ["presses in the outbox", press.rows],
    ["events in the outbox", event.rows],
    ["rows in memory", doorbell.rowsInMemory().length],
    ["gaps to be declared", doorbell.state?.outbox.undeclared.length ?? 0],
    ["outboxes that were set aside, to be told", doorbell.disk.untold === null ? 0 : 1],
    ["clips being recorded", open],
    ["clips to be uploaded", doorbell.spool.pending().length],
    ["messages for the consumer", cloud.waiting()],
    ["configuration on trial", doorbell.configurationDisk.read()?.trial ? 1 : 0],
  ];
  // Its rows of earlier runs stay on the disk until then.
  if (doorbell.state?.outbox.store === "memory") {
    const inMemory = doorbell.rowsInMemory().length + open + doorbell.state.outbox.undeclared.length;
    if (inMemory === 0) return NO_DISK;
  }
  return waits.flatMap(([what, count]) => (count > 0 ? [`${what}: ${count}`] : [])).join(", ");
}
