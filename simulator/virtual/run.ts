import type { Settings } from "../../agent/contract/settings.ts";
import { forgetEvents } from "../checkers/event-facts.ts";
import type { Evidence, Violation } from "../checkers/evidence.ts";
import { checkAll } from "../checkers/index.ts";
import { World } from "../world/world.ts";
import { desire } from "./configurations.ts";
import type { Tamper } from "./doorbell.ts";
import type { FaultLevel, Mishap } from "./faults.ts";
import { begin } from "./mischief.ts";
import { buildScenes, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";
import { type DoorbellStory, drawStory, type Story } from "./story.ts";
import { add, nothingYet, type Totals, totalsOf } from "./totals.ts";
import type { PlannedMotion, PlannedPress } from "./visits.ts";
import { askFor } from "./wishes.ts";

export interface PlayOptions {
  /** Changes the agents' ports: a broken agent for a test. */
  tamper?: Tamper;
  /** Gets every line of the trace. */
  trace?: (line: string) => void;
}

export interface RunOptions extends PlayOptions {
  seed: number;
  /** Virtual time in which people ring and things go wrong; 1 unless told. */
  hours?: number;
  /** `harsh` unless told. */
  faults?: FaultLevel;
  /** 1 unless told. */
  doorbells?: number;
  /** Changes the settings that the seed drew. */
  settings?: (settings: Settings) => void;
}

export interface RunResult extends Totals {
  seed: number;
  /** The run's fingerprint: the same story has the same on every machine. */
  hash: string;
  virtualMs: number;
  /** When the last doorbell had settled, after the last fault; null when one did not. */
  settledAfterMs: number | null;
  violations: Violation[];
  story: Story;
}

/** Draws the story of a seed and plays it. Deterministic. */
export function runWorld(options: RunOptions): RunResult {
  const { seed, hours = 1, faults = "harsh", doorbells = 1, settings } = options;
  const story = drawStory({ seed, hours, faults, doorbells });
  for (const doorbell of story.doorbells) settings?.(doorbell.settings);
  return playStory(story, options);
}

/**
 * Plays a story: its doorbells, their broker and consumers, visitors and troubles, until everything has settled, and
 * checks what must hold. Deterministic: no clock, promise or chance of the host decides anything.
 */
export function playStory(story: Story, { tamper = (ports) => ports, trace }: PlayOptions = {}): RunResult {
  const world = new World(story.seed, trace ?? null, story.shard);
  const scenes = buildScenes(world, story, tamper);
  for (const scene of scenes) world.after(0, () => scene.doorbell.start());
  for (const [at, doorbell] of story.doorbells.entries()) plan(scenes[at] as Scene, doorbell);
  const violations: Violation[] = [];
  let evidence: Evidence[] = [];
  try {
    world.runUntil(story.durationMs);
    evidence = settle(world, scenes, story.finallyRunning);
    for (const one of evidence) violations.push(...violationsOf(one, scenes.length > 1));
  } catch (error) {
    // The core throws on a broken invariant of its own, and the model on one of its own: both are what we look for.
    violations.push({ checker: "crash", detail: error instanceof Error ? `${error.stack}` : String(error) });
  }
  const totals = nothingYet();
  for (const [at, scene] of scenes.entries()) add(totals, totalsOf(scene, evidence[at] ?? null));
  forgetEvents();
  return {
    seed: story.seed,
    hash: world.trace.fingerprint(),
    virtualMs: world.nowMs,
    ...totals,
    settledAfterMs: lastSettled(evidence),
    violations,
    story,
  };
}

/** All that is to happen to one doorbell comes at its time. */
export function plan(scene: Scene, story: Omit<DoorbellStory, "settings" | "faults">): void {
  const { world } = scene;
  inTurn(world, story.presses, (press) => pushButton(scene, press));
  inTurn(world, story.motions, (motion) => moveBefore(scene, motion));
  inTurn(world, story.commands, (command) => askFor(scene, command));
  inTurn(world, story.mishaps, (mishap) => goWrong(scene, mishap));
  inTurn(world, story.configurations ?? [], (one) => desire(scene, one));
}

/** Each at its time. Only the next of them waits in the world, so that a town's day does not lie there whole. */
function inTurn<Planned extends { atMs: number }>(
  world: World,
  planned: readonly Planned[],
  happen: (one: Planned) => void,
): void {
  const inOrder = [...planned].sort((a, b) => a.atMs - b.atMs);
  const from = (at: number) => {
    const next = inOrder[at];
    if (!next) return;
    world.at(next.atMs, () => {
      from(at + 1);
      happen(next);
    });
  };
  from(0);
}

/** What a doorbell's run has violated, with its name where there are several. */
export function violationsOf(evidence: Evidence, several: boolean): Violation[] {
  const violations = checkAll(evidence);
  if (!several) return violations;
  return violations.map(({ checker, detail }) => ({ checker, detail: `${evidence.deviceId}: ${detail}` }));
}

function lastSettled(evidence: readonly Evidence[]): number | null {
  let lastMs: number | null = evidence.length > 0 ? 0 : null;
  for (const { settledAfterMs } of evidence) {
    lastMs = lastMs === null || settledAfterMs === null ? null : Math.max(lastMs, settledAfterMs);
  }
  return lastMs;
}

/** Somebody pushes the button. */
export function pushButton({ world, doorbell, ledger }: Scene, press: Omit<PlannedPress, "atMs">): void {
  const { holdMs, chatterMs, fault } = press;
  const closedAtMs = world.nowMs + chatterMs;
  const powerOn = doorbell.powerOn?.number ?? null;
  ledger.note("press", press);
  if (fault && powerOn !== null) ledger.strikes.struck(fault);
  ledger.presses.push({ closedAtMs, openedAtMs: closedAtMs + holdMs, chatterMs, powerOn });
  if (chatterMs > 0) doorbell.button?.bounce(holdMs, chatterMs);
  else doorbell.button?.press(holdMs);
}

/** Something moves before the camera. */
export function moveBefore({ world, doorbell, ledger }: Scene, motion: Omit<PlannedMotion, "atMs">): void {
  ledger.note("motion", motion);
  const powerOn = doorbell.powerOn?.number;
  if (doorbell.camera?.move(motion) && powerOn !== undefined)
    ledger.motions.push({ powerOn, atMs: world.nowMs });
}

function goWrong(scene: Scene, mishap: Mishap): void {
  const end = beginMishap(scene, mishap);
  scene.world.after(mishap.durationMs, end);
}

/** Something goes wrong, until what this answers is called. */
export function beginMishap(scene: Scene, mishap: Pick<Mishap, "kind" | "dose">): () => void {
  scene.ledger.note("mishap", mishap);
  const end = begin(scene, mishap);
  return () => {
    scene.ledger.note("over", mishap.kind);
    end();
  };
}
