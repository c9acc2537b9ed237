import type { Settings } from "../../agent/contract/settings.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { type Evidence, firstDeliveries, type Violation } from "../checkers/evidence.ts";
import { checkAll } from "../checkers/index.ts";
import { lostWithThePower } from "../checkers/kept.ts";
import { ModelledBroker } from "../network/modelled-broker.ts";
import { ModelledCloud } from "../network/modelled-cloud.ts";
import { ModelledLink } from "../network/modelled-link.ts";
import { World } from "../world/world.ts";
import { type Tamper, VirtualDoorbell } from "./doorbell.ts";
import { drawFaults, type FaultLevel, type FaultOptions, type Mishap, planMishaps } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { begin, type Scene } from "./mischief.ts";
import { drawSettings } from "./settings.ts";
import { type PlannedMotion, type PlannedPress, planMotions, planVisits } from "./visits.ts";

export interface RunOptions {
  seed: number;
  /** Virtual time in which people ring and things go wrong; 1 unless told. */
  hours?: number;
  /** `harsh` unless told. */
  faults?: FaultLevel;
  /** Changes the settings that the seed drew. */
  settings?: (settings: Settings) => void;
  /** Changes the agent's ports: a broken agent for a test. */
  tamper?: Tamper;
  /** Gets every line of the trace. */
  trace?: (line: string) => void;
}

export interface RunResult {
  seed: number;
  /** The run's fingerprint: the same seed has the same on every machine. */
  hash: string;
  virtualMs: number;
  /** Inputs that the agent took in. */
  inputs: number;
  /** Times that the bell rang. */
  presses: number;
  /** Presses whose row became durable or whose publish was settled. */
  accepted: number;
  /** Presses that reached the consumer, and of those the ones that first came on `late/`. */
  delivered: number;
  late: number;
  /** Presses in the outbox at the end. */
  inOutbox: number;
  /** Events in declared drops, as the consumer was told. */
  dropped: number;
  /** Presses that rang and went with the power before they were accepted. */
  lostWithThePower: number;
  /** Presses that a broker acknowledged and lost. */
  forgotten: number;
  clips: number;
  /** Clips given up before they were uploaded. */
  clipsDropped: number;
  powerCuts: number;
  settledAfterMs: number | null;
  violations: Violation[];
  faults: FaultOptions;
  mishaps: Mishap[];
  settings: Settings;
}

const HOUR_MS = 3_600_000;
const FEWEST_PRESSES = 8;
/** The agent's longest pauses after the last fault, by what may be awaited. */
const SETTLE_PUBACK_MS = 900_000;
const SETTLE_RECEIPT_MS = 4_500_000;
const DELIVERED_TWICE_PERMILLE = 20;
const LOOK_EVERY_MS = 1_000;
/** Old wills and the answers to them are over by then. */
const AFTERGLOW_MS = 20_000;

/** One doorbell, one broker, one consumer, their visitors and their troubles, from one seed. Deterministic. */
export function runWorld(options: RunOptions): RunResult {
  const { seed, hours = 1, faults: level = "harsh" } = options;
  const durationMs = Math.round(hours * HOUR_MS);
  const world = new World(seed, options.trace ?? null);
  const settings = drawSettings(world.chance.fork("settings"));
  options.settings?.(settings);
  const faults = drawFaults(world.chance.fork("faults"), level);
  const presses = planVisits(world.chance.fork("visits"), durationMs, FEWEST_PRESSES);
  const motions = planMotions(world.chance.fork("motions"), durationMs, presses);
  const mishaps = planMishaps(world.chance.fork("mishaps"), faults.counts, durationMs, presses);
  const ledger = new Ledger(world, settings);
  const scene = buildScene(world, settings, faults, ledger, options.tamper ?? ((ports) => ports));
  ledger.note("options", [settings, faults]);

  world.after(0, () => scene.doorbell.start());
  for (const press of presses) world.at(press.atMs, () => pushButton(scene, ledger, press));
  for (const motion of motions) world.at(motion.atMs, () => moveBefore(scene, ledger, motion));
  for (const mishap of mishaps) world.at(mishap.atMs, () => goWrong(scene, ledger, mishap));

  const violations: Violation[] = [];
  let evidence: Evidence | null = null;
  try {
    world.runUntil(durationMs);
    evidence = settle(scene, ledger, settings, durationMs);
    violations.push(...checkAll(evidence));
  } catch (error) {
    // The core throws on a broken invariant of its own, and the model on one of its own: both are what we look for.
    violations.push({ checker: "crash", detail: error instanceof Error ? `${error.stack}` : String(error) });
  }
  return summary({ world, ledger, evidence, violations, faults, mishaps, settings });
}

function buildScene(
  world: World,
  settings: Settings,
  options: FaultOptions,
  ledger: Ledger,
  tamper: Tamper,
): Scene {
  const deviceId = settings.device.id;
  const link = new ModelledLink(world, world.chance.fork("link"), options.link);
  const broker = new ModelledBroker(world, world.chance.fork("broker"), ledger);
  broker.oldWillLast = options.oldWillLast;
  broker.deliverTwicePermille = DELIVERED_TWICE_PERMILLE;
  const cloud = new ModelledCloud(world, world.chance.fork("cloud"), broker, deviceId, (message) =>
    ledger.delivered(message),
  );
  const network = { link, broker, url: settings.broker.urls[0] ?? "" };
  const doorbell = new VirtualDoorbell(world, network, { settings, clock: options.clock, ledger, tamper });
  return { world, network, cloud, doorbell, deviceId, options };
}

function pushButton({ world, doorbell }: Scene, ledger: Ledger, press: PlannedPress): void {
  const { holdMs, chatterMs } = press;
  const closedAtMs = world.nowMs + chatterMs;
  const powerOn = doorbell.powerOn?.number ?? null;
  ledger.note("press", press);
  ledger.presses.push({ closedAtMs, openedAtMs: closedAtMs + holdMs, chatterMs, powerOn });
  if (chatterMs > 0) doorbell.button?.bounce(holdMs, chatterMs);
  else doorbell.button?.press(holdMs);
}

function moveBefore({ world, doorbell }: Scene, ledger: Ledger, motion: PlannedMotion): void {
  ledger.note("motion", motion);
  const powerOn = doorbell.powerOn?.number;
  if (doorbell.camera?.move(motion) && powerOn !== undefined)
    ledger.motions.push({ powerOn, atMs: world.nowMs });
}

function goWrong(scene: Scene, ledger: Ledger, mishap: Mishap): void {
  ledger.note("mishap", mishap);
  const end = begin(scene, mishap);
  scene.world.after(mishap.durationMs, () => {
    ledger.note("over", mishap.kind);
    end();
  });
}

/** The faults are gone: waits until everything has arrived, or the bound is over. */
function settle(scene: Scene, ledger: Ledger, settings: Settings, fromMs: number): Evidence {
  const { world, doorbell, network, deviceId } = scene;
  const boundMs = settings.uplink.settle === "receipt" ? SETTLE_RECEIPT_MS : SETTLE_PUBACK_MS;
  let settledAtMs: number | null = null;
  const look = () => {
    const waits = unsettled(scene);
    if (waits === "") {
      settledAtMs = world.nowMs;
      return;
    }
    if (doorbell.powerOn === null) doorbell.start();
    // It works in memory until it is started again: not before everything in there has arrived.
    else if (waits === NO_DISK) doorbell.requestStop();
    world.after(LOOK_EVERY_MS, look);
  };
  world.after(LOOK_EVERY_MS, look);
  world.runUntil(fromMs + boundMs, () => settledAtMs !== null);
  world.runUntil(world.nowMs + AFTERGLOW_MS);
  const finallyRunning = world.chance.fork("end").happens(700);
  if (!finallyRunning && settledAtMs !== null) {
    doorbell.requestStop();
    world.runUntil(world.nowMs + AFTERGLOW_MS);
  }
  const onDisk = [...doorbell.disk.rows("press"), ...doorbell.disk.rows("event")];
  const { press, event } = doorbell.disk.totals();
  ledger.onDisk(onDisk, press.bytes + event.bytes);
  return ledger.evidence({
    outbox: [...onDisk, ...doorbell.rowsInMemory()],
    clips: [...doorbell.spool.clips.values()],
    status: network.broker.retained(topicsOf(deviceId).status),
    finallyRunning: finallyRunning || settledAtMs === null,
    settledAfterMs: settledAtMs === null ? null : settledAtMs - fromMs,
    settleBoundMs: boundMs,
    unsettled: unsettled(scene),
  });
}

const NO_DISK = "agent that found no disk at its start: 1";

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
    ["clips being recorded", open],
    ["clips to be uploaded", doorbell.spool.pending().length],
    ["messages for the consumer", cloud.waiting()],
  ];
  // Its rows of earlier runs stay on the disk until then.
  if (doorbell.state?.outbox.store === "memory") {
    const inMemory = doorbell.rowsInMemory().length + open + doorbell.state.outbox.undeclared.length;
    if (inMemory === 0) return NO_DISK;
  }
  return waits.flatMap(([what, count]) => (count > 0 ? [`${what}: ${count}`] : [])).join(", ");
}

function summary(run: {
  world: World;
  ledger: Ledger;
  evidence: Evidence | null;
  violations: Violation[];
  faults: FaultOptions;
  mishaps: Mishap[];
  settings: Settings;
}): RunResult {
  const { world, ledger, evidence, violations, faults, mishaps, settings } = run;
  const first = evidence ? [...firstDeliveries(evidence).values()] : [];
  const presses = first.filter(({ event }) => event?.lane === "press");
  const drops = first.filter(({ event }) => event?.type === "drop");
  const ids = (known: Iterable<string>) => [...known].filter((id) => id.includes("-p"));
  const delivered = new Set(presses.map(({ event }) => event?.id));
  return {
    seed: world.seed,
    hash: world.trace.fingerprint(),
    virtualMs: world.nowMs,
    inputs: ledger.inputs,
    presses: ledger.powerOns.reduce((sum, { ringsMs }) => sum + ringsMs.length, 0),
    accepted: ids(ledger.accepted.keys()).length,
    delivered: presses.length,
    late: presses.filter(({ message }) => message.topic.includes("/late/")).length,
    inOutbox: evidence?.outbox.filter(({ lane }) => lane === "press").length ?? 0,
    dropped: drops.reduce((sum, { event }) => sum + Number(event?.data.messages), 0),
    lostWithThePower: evidence ? lostWithThePower(evidence) : 0,
    forgotten: ids(ledger.forgotten).filter((id) => !delivered.has(id)).length,
    clips: evidence?.clips.length ?? 0,
    clipsDropped: ledger.evictedClips.size,
    powerCuts: ledger.powerOns.filter(({ end }) => end === "power-cut").length,
    settledAfterMs: evidence?.settledAfterMs ?? null,
    violations,
    faults,
    mishaps,
    settings,
  };
}
