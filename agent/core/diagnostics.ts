import type { CommandResult } from "../contract/commands.ts";
import { replyMaxBytes } from "./pacing.ts";
import { utcAt } from "./time.ts";
import type { Turn } from "./turn.ts";

type Diagnostics = CommandResult<"diagnostics">;

/** Room for the rest of the reply, and for text that is more than a byte a character. */
const ROOM_BYTES = 1_024;

/** How the doorbell is: no secret, no place, no address. As many counters as the link takes at once. */
export function diagnose(turn: Turn): Diagnostics {
  const { button, camera, commands, lifecycle, outbox, pacing, settings, time, uploads, uplink } = turn.state;
  const facts: Diagnostics = {
    version: lifecycle.version.slice(0, 200),
    epoch: lifecycle.epoch,
    epochNumber: lifecycle.epochNumber,
    mode: lifecycle.mode,
    uptimeMs: turn.now - lifecycle.startedAtMs,
    clock: { utc: isoOf(utcAt(turn, turn.now)), trust: time.trust },
    store: outbox.store,
    outbox: {
      press: { ...outbox.totals.press },
      event: { ...outbox.totals.event },
      inMemory: outbox.unsaved.length,
    },
    camera: {
      source: kindOf(settings.camera.source),
      state: camera.state,
      reason: camera.reason.slice(0, 200),
      codec: camera.codec.slice(0, 200),
      widthPx: camera.widthPx,
      heightPx: camera.heightPx,
      failures: camera.attempt,
    },
    button: { lineLost: button.lineLost },
    uplink: {
      connection: uplink.connection,
      broker: uplink.urlIndex,
      bytesPerS: pacing.bytesPerS,
      inFlight: uplink.inFlight.length,
    },
    uploads: uploads.active.length,
    crashes: commands.crashes.map(({ utcMs, reason }) => ({ utc: isoOf(utcMs), reason })),
    counters: {},
    countersLeftOut: 0,
  };
  addCounters(turn, facts);
  return facts;
}

function addCounters(turn: Turn, facts: Diagnostics): void {
  let roomBytes = replyMaxBytes(turn) - ROOM_BYTES - JSON.stringify(facts).length;
  for (const [name, value] of Object.entries(turn.state.counters).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = `"${name}":${value},`.length;
    if (bytes > roomBytes || name.length > 64) facts.countersLeftOut += 1;
    else {
      facts.counters[name] = value;
      roomBytes -= bytes;
    }
  }
}

/** The kind of a camera; where it is belongs to nobody. */
function kindOf(source: string): string {
  return source.split(":", 1)[0] ?? "";
}

/** Of a clock that is far off too. */
function isoOf(utcMs: number): string {
  const farthestMs = 8_640_000_000_000_000;
  return new Date(Math.max(0, Math.min(farthestMs, utcMs))).toISOString();
}
