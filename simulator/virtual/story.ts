import type { Settings } from "../../agent/contract/settings.ts";
import { Chance } from "../world/chance.ts";
import { type PlannedConfiguration, planConfigurations, VIRTUAL_OWNER } from "./configurations.ts";
import { drawFaults, type FaultLevel, type FaultOptions, type Mishap, planMishaps } from "./faults.ts";
import { defaultSettings, drawSettings } from "./settings.ts";
import { planSurePresses } from "./sure-presses.ts";
import { type PlannedMotion, type PlannedPress, planMotions, planVisits } from "./visits.ts";

import { type PlannedCommand, planCommands } from "./wishes.ts";

/**
 * One world before it is played: its doorbells, and everything that will happen to them. Plain data, drawn from a
 * seed or written by a person. Times are milliseconds since the world began.
 */
export interface Story {
  /** Of all small chances: latencies, the order of the disk's work, where a power cut meets it. */
  seed: number;
  /** Which part of a town this is, from 0; 0 when it is the whole. */
  shard: number;
  /** People ring and things go wrong for so long; then everything heals and must settle. */
  durationMs: number;
  /** The agents are left running in the end, or asked to stop. */
  finallyRunning: boolean;
  doorbells: DoorbellStory[];
}

/** What happens to one doorbell. What goes wrong at the broker (`broker.…`) goes wrong for all of them. */
export interface DoorbellStory {
  settings: Settings;
  faults: FaultOptions;
  presses: PlannedPress[];
  motions: PlannedMotion[];
  mishaps: Mishap[];
  /** What the cloud asks of it. */
  commands: PlannedCommand[];
  /** What is desired of it over the wire; absent when nothing is. */
  configurations?: PlannedConfiguration[];
}

export interface DrawOptions {
  seed: number;
  hours: number;
  faults: FaultLevel;
  /** In the whole town. */
  doorbells: number;
  /** The doorbells `from`…`to - 1` of it make this part; all of them unless told. */
  part?: { shard: number; from: number; to: number };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A day of one doorbell of a town, as the design's numbers have it. */
const TOWN_PRESSES_A_DAY = 20;
const TOWN_MOTIONS_A_DAY = 200;

/** Draws a story. The same options give the same story, and a doorbell of a town the same one in any part of it. */
export function drawStory(options: DrawOptions): Story {
  const { seed, hours, faults, doorbells } = options;
  const durationMs = Math.round(hours * HOUR_MS);
  const { shard, from, to } = options.part ?? { shard: 0, from: 0, to: doorbells };
  const chance = new Chance(seed);
  const finallyRunning = chance.fork("end").happens(700);
  const draw = (number: number) =>
    doorbells === 1
      ? drawDoorbell(chance, faults, durationMs)
      : drawTownDoorbell(chance, number, faults, durationMs);
  const drawn = Array.from({ length: to - from }, (_, at) => draw(from + at));
  if (doorbells > 1) shareTheBroker(drawn, chance, faults, durationMs);
  return { seed, shard, durationMs, finallyRunning, doorbells: drawn };
}

function drawDoorbell(chance: Chance, level: FaultLevel, durationMs: number): DoorbellStory {
  const settings = drawSettings(chance.fork("settings"));
  const faults = drawFaults(chance.fork("faults"), level);
  const { planned, sure } = fewestPresses(durationMs);
  const visits = planVisits(chance.fork("visits"), durationMs, planned, faults.button, 6);
  const motions = planMotions(chance.fork("motions"), durationMs, visits);
  const mishaps = planMishaps(chance.fork("mishaps"), faults.counts, durationMs, visits);
  const others = planSurePresses(chance.fork("sure presses"), visits, mishaps, durationMs, sure);
  const presses = [...visits, ...others].sort((a, b) => a.atMs - b.atMs);
  const commands = planCommands(chance.fork("commands"), durationMs);
  const story = { settings, faults, presses, motions, mishaps, commands };
  if (level === "none") return story;
  const ofConfiguration = chance.fork("configuration");
  const configurations = planConfigurations(ofConfiguration, settings.device.id, durationMs);
  if (configurations.length === 0) return story;
  settings.owner.publicKey = VIRTUAL_OWNER;
  settings.configuration.trialMs = ofConfiguration.pick([5_000, 20_000, 300_000]);
  return { ...story, configurations };
}

/** Some of the planned ones come when the power is off, or the line is lost. */
function fewestPresses(durationMs: number): { planned: number; sure: number } {
  return durationMs >= 6 * HOUR_MS ? { planned: 36, sure: 22 } : { planned: 8, sure: 0 };
}

function drawTownDoorbell(
  town: Chance,
  number: number,
  level: FaultLevel,
  durationMs: number,
): DoorbellStory {
  const chance = town.fork(`doorbell/${number}`);
  const settings = level === "none" ? defaultSettings() : drawSettings(chance.fork("settings"));
  settings.device.id = `door-${String(number).padStart(6, "0")}`;
  const faults = drawFaults(chance.fork("faults"), level);
  const share = (aDay: number) => Math.max(1, Math.round((aDay * durationMs) / DAY_MS));
  const presses = planVisits(chance.fork("visits"), durationMs, share(TOWN_PRESSES_A_DAY), faults.button, 0);
  const motions = planMotions(chance.fork("motions"), durationMs, presses, share(TOWN_MOTIONS_A_DAY));
  const mishaps = planMishaps(chance.fork("mishaps"), faults.counts, durationMs, presses);
  return { settings, faults, presses, motions, mishaps, commands: [] };
}

/** One broker serves the town: what goes wrong there is drawn once, and the same in every part of it. */
function shareTheBroker(
  doorbells: DoorbellStory[],
  town: Chance,
  level: FaultLevel,
  durationMs: number,
): void {
  const isShared = ({ kind }: Mishap) => kind.startsWith("broker.");
  const chance = town.fork("broker");
  const { counts } = drawFaults(chance.fork("faults"), level);
  const shared = planMishaps(chance.fork("mishaps"), counts, durationMs, []).filter(isShared);
  for (const [at, doorbell] of doorbells.entries()) {
    const own = doorbell.mishaps.filter((mishap) => !isShared(mishap));
    doorbell.mishaps = at === 0 ? [...own, ...shared].sort((a, b) => a.atMs - b.atMs) : own;
  }
}
