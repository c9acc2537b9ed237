import type { ClipEnd } from "../../device/ports/fragment-store.ts";
import { recordEvent } from "./events.ts";
import type { Turn } from "./turn.ts";

/** Publishes what became of a clip; facts that are not known are empty or 0. `announces`: this event tells its end. */
export function tellClip(
  turn: Turn,
  state: "recording" | "recorded" | "failed" | "dropped",
  facts: {
    clipId?: string;
    eventId: string;
    preRollMs?: number;
    end?: ClipEnd;
    reason?: string;
    bytes?: number;
    sha256?: string;
    durationMs?: number;
    continues?: string;
  },
  announces?: string,
): void {
  recordEvent(
    turn,
    "clip",
    turn.now,
    {
      clipId: facts.clipId ?? "",
      eventId: facts.eventId,
      state,
      preRollMs: facts.preRollMs ?? 0,
      end: facts.end ?? "",
      reason: facts.reason ?? "",
      bytes: facts.bytes ?? 0,
      sha256: facts.sha256 ?? "",
      durationMs: facts.durationMs ?? 0,
      continues: facts.continues ?? "",
    },
    announces === undefined ? {} : { announces },
  );
}
