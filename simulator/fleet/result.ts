import type { ClipTotals } from "./clip-ledger.ts";
import type { Heard } from "./ear.ts";
import type { FleetPlan } from "./flags.ts";
import type { Memory, Work } from "./machine.ts";
import { type Percentiles, tenth } from "./percentiles.ts";
import type { PressTotals } from "./press-ledger.ts";
import type { StormTotals } from "./storms.ts";

/** What a fleet's run gave: `--json` prints it on one line. */
export interface FleetResult {
  seed: number;
  doorbells: number;
  broker: string;
  /** Whether the broker was in this process, and its memory and work are in the figures. */
  ownBroker: boolean;
  /** It was told to end before its time. */
  interrupted: boolean;
  /** From when the fleet stood until nobody pressed any more. */
  ranMs: number;
  connections: {
    up: number;
    failed: number;
    /** Of those that failed, by what they said, the most frequent first. */
    why: { detail: string; doorbells: number }[];
    /** From a doorbell's start to its subscription. */
    connectMs: Percentiles | null;
    /** Lost while nothing was cut. */
    dropped: number;
  };
  presses: PressTotals & { perMinute: number };
  holdMs: number;
  heard: Heard & { eventsPerS: number; bytesPerS: number };
  storms: StormTotals[];
  /** Null without `--clips`. */
  clips: ClipTotals | null;
  memory: {
    /** Of each doorbell that is connected, over what the process held before the first. */
    perDoorbell: Memory;
    /** The same after the presses. */
    perDoorbellAtEnd: Memory;
    before: Memory;
  };
  work: Work;
  /** Everything connected, arrived and came back. */
  ok: boolean;
}

/** Whether nothing is missing. Duplicates are allowed, and so is what a stranger publishes. */
export function isWell(result: Omit<FleetResult, "ok">): boolean {
  const { connections, presses, clips, storms } = result;
  const allBack = storms.every(({ cut, back }) => back === cut);
  return connections.failed === 0 && presses.lost === 0 && (clips?.missing ?? 0) === 0 && allBack;
}

/** The result for a person. */
export function resultLines(result: FleetResult, plan: FleetPlan): string[] {
  const { connections, presses, heard, storms, clips, memory, work } = result;
  const lines = [
    `${result.doorbells} doorbells, seed ${result.seed}, ${seconds(result.ranMs)}${result.interrupted ? " (interrupted)" : ""}, broker ${result.broker}${result.ownBroker ? " in this process" : ""}`,
    `connections  ${connections.up} up, ${connections.failed} failed, ${connections.dropped} dropped; connected in ${inWords(connections.connectMs)}`,
    ...connections.why.map(({ detail, doorbells }) => `             ${doorbells} × ${detail}`),
    `presses      ${presses.pressed} pressed (${plan.pressesPerMinute}/min each), ${presses.arrived} arrived, ${presses.lost} lost, ${presses.duplicates} twice${presses.skipped > 0 ? `, ${presses.skipped} skipped (the button was still held)` : ""}`,
    `latency      ${inWords(presses.latencyMs)} from the contact to the subscriber, ${result.holdMs} ms of it the hold`,
  ];
  if (presses.waited.presses > 0)
    lines.push(
      `             ${presses.waited.presses} waited for a connection: ${inWords(presses.waited.latencyMs)}`,
    );
  lines.push(
    `heard        ${heard.messages} messages, ${heard.events} events (${heard.eventsPerS}/s), ${mega(heard.bytes)} MB (${mega(heard.bytesPerS)} MB/s), ${heard.refused} refused`,
  );
  if (heard.firstRefusal !== "") lines.push(`             ${heard.firstRefusal}`);
  for (const [i, { cut, back, backMs, mostTriesIn100Ms }] of storms.entries())
    lines.push(
      `storm ${String(i + 1).padEnd(6)} ${cut} cut, ${back} back in ${inWords(backMs)}; at most ${mostTriesIn100Ms} tried within 100 ms`,
    );
  if (clips)
    lines.push(
      `clips        ${clips.recorded} recorded, ${clips.whole} whole at the subscriber (${mega(clips.bytes)} MB), ${clips.missing} missing`,
    );
  const { perDoorbell, perDoorbellAtEnd } = memory;
  lines.push(
    `memory       ${kilo(perDoorbell.resident)} kB resident and ${kilo(perDoorbell.heap)} kB heap a doorbell, at the end ${kilo(perDoorbellAtEnd.resident)} and ${kilo(perDoorbellAtEnd.heap)} kB`,
    `work         ${work.corePercent} % of a core, loop late by ${work.loopDelayP99Ms} ms (p99)`,
  );
  if (presses.lost > 0) lines.push(lostInWords(result));
  return lines;
}

function lostInWords({ presses, heard }: FleetResult): string {
  if (presses.rang < presses.pressed)
    return `${presses.pressed - presses.rang} presses did not become an event: button.maxPerMinute, or a doorbell that is not well`;
  if (heard.interruptions > 0)
    return `the subscriber was without its connection ${heard.interruptions} times: what was published meanwhile it did not hear`;
  return "what is lost was acknowledged by the broker, or is still in an outbox; a broker may drop for a subscriber that is slow (mosquitto: max_queued_messages)";
}

function inWords(times: Percentiles | null): string {
  return times === null
    ? "-"
    : `p50 ${times.p50} ms, p95 ${times.p95} ms, p99 ${times.p99} ms, all ${times.max} ms`;
}

const seconds = (ms: number) => `${tenth(ms / 1e3)} s`;
const kilo = (bytes: number) => tenth(bytes / 1e3);
const mega = (bytes: number) => tenth(bytes / 1e6);
