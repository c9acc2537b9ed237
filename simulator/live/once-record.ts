import type { Happening, ReceivedClip, ReceivedSnapshot } from "./happenings.ts";

/** What has become known of one press, as it happens. Times are monotonic milliseconds with fractions. */
export interface OnceRecord {
  /** When the virtual contact closed. */
  pressedAtMs: number;
  epoch: string;
  press: { id: string; atMs: number } | null;
  snapshot: (ReceivedSnapshot & { atMs: number }) | null;
  clipId: string | null;
  /** Bytes that the clip's first growth ends with: everything that was whole in the ring when it was opened. */
  preRollBytes: number | null;
  preRollAtMs: number | null;
  stopAtMs: number | null;
  verifiedAtMs: number | null;
  clip: ReceivedClip | null;
  broker: { url: string; protocol: string };
  /** Why it cannot succeed any more; empty while it can. */
  failure: string;
}

/** A press that has just been made. */
export function newRecord(pressedAtMs: number, epoch: string, broker: OnceRecord["broker"]): OnceRecord {
  return {
    pressedAtMs,
    epoch,
    press: null,
    snapshot: null,
    clipId: null,
    preRollBytes: null,
    preRollAtMs: null,
    stopAtMs: null,
    verifiedAtMs: null,
    clip: null,
    broker,
    failure: "",
  };
}

/** The record after one more happening. Pure. */
export function recordOnce(record: OnceRecord, happening: Happening): OnceRecord {
  return { ...record, ...news(record, happening) };
}

/** What is still awaited, in words; empty when everything is here. */
export function missingOf(record: OnceRecord): string {
  const { press, snapshot, clip, preRollAtMs, stopAtMs, verifiedAtMs } = record;
  if (!press) return "the press did not arrive";
  if (!clip) return "the clip did not arrive whole";
  if (!snapshot) return "the snapshot did not arrive";
  return preRollAtMs === null || stopAtMs === null || verifiedAtMs === null
    ? "the clip's story has a gap"
    : "";
}

function news(record: OnceRecord, happening: Happening): Partial<OnceRecord> {
  switch (happening.what) {
    case "event":
      return isOurPress(record, happening) ? { press: { id: happening.id, atMs: happening.atMs } } : {};
    case "snapshot": {
      const { what: _, utcMs: __, ...snapshot } = happening;
      return isOurs(record, snapshot.eventId) ? { snapshot } : {};
    }
    case "snapshot-failed":
      return isOurs(record, happening.eventId) ? { failure: `no snapshot: ${happening.reason}` } : {};
    case "clip-recording":
      // The first clip after the press is its clip; the press itself may arrive later.
      return record.clipId === null ? { clipId: happening.clipId } : {};
    default:
      return "clipId" in happening && happening.clipId === record.clipId ? clipNews(record, happening) : {};
  }
}

function clipNews(
  record: OnceRecord,
  happening: Extract<Happening, { clipId: string }>,
): Partial<OnceRecord> {
  switch (happening.what) {
    case "clip-grew":
      return record.preRollBytes === null ? { preRollBytes: happening.recordedBytes } : {};
    case "clip-received":
    case "clip-verified": {
      const { preRollBytes, preRollAtMs } = record;
      const isHere = preRollBytes !== null && happening.receivedBytes >= preRollBytes;
      const verified = happening.what === "clip-verified" ? { verifiedAtMs: happening.atMs } : {};
      return { ...verified, ...(isHere && preRollAtMs === null ? { preRollAtMs: happening.atMs } : {}) };
    }
    case "clip-stopping":
      return { stopAtMs: happening.atMs };
    case "clip-recorded": {
      const failure = endedBadly(happening.end) ? `the clip was cut short: ${happening.end}` : record.failure;
      return { failure, stopAtMs: record.stopAtMs ?? happening.atMs };
    }
    case "clip-whole": {
      const { what: _, atMs: __, utcMs: ___, ...clip } = happening;
      return { clip };
    }
    case "clip-given-up":
      return { failure: `no clip: ${happening.reason}` };
    default:
      return {};
  }
}

/** Footage that came to its end is no failure: the clip is whole up to there. */
function endedBadly(end: string): boolean {
  return end !== "finished" && end !== "seam";
}

function isOurPress(record: OnceRecord, happening: Happening & { what: "event" }): boolean {
  const { type, epoch, monotonicMs } = happening;
  return (
    record.press === null &&
    type === "press" &&
    epoch === record.epoch &&
    monotonicMs >= Math.floor(record.pressedAtMs)
  );
}

function isOurs(record: OnceRecord, eventId: string): boolean {
  return record.press !== null && record.press.id === eventId;
}
