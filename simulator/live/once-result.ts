import type { OnceRecord } from "./once-record.ts";
import { sizeInWords } from "./text.ts";

/** What `porchlight-sim live --once --json` prints as its last line. */
export interface OnceResult {
  press: {
    id: string;
    /** From the closing of the contact to the event's arrival; the hold is part of it. */
    pressToEventMs: number;
  };
  snapshot: {
    path: string;
    width: number;
    height: number;
    /** To the arrival of the JPEG. */
    pressToSnapshotMs: number;
    /** As published: capture time of the picture minus time of the press. */
    frameOffsetMs: number;
  };
  clip: {
    id: string;
    path: string;
    /** Of the MP4 at `path`. */
    bytes: number;
    sha256: string;
    durationS: number;
    preRollS: number;
    /**
     * To the verified arrival of the last byte with which the clip began: every fragment that was whole in the ring
     * when the clip was opened. (The fragment that was being filled then follows when it is whole.)
     */
    pressToPreRollMs: number;
    /** From the agent's word that recording ends to the clip's last hash found right. */
    stopToCompleteMs: number;
    /** Missing or doubled counters in the pictures of the file; null for footage without a counter. */
    framesMissing: number | null;
  };
  broker: { url: string; protocol: string };
}

/** The result of a record to which nothing is missing; null when something is. */
export function onceResult(record: OnceRecord, framesMissing: number | null): OnceResult | null {
  const { press, snapshot, clip, preRollAtMs, stopAtMs, verifiedAtMs, pressedAtMs } = record;
  if (!press || !snapshot || !clip || preRollAtMs === null || stopAtMs === null || verifiedAtMs === null)
    return null;
  return {
    press: { id: press.id, pressToEventMs: tenths(press.atMs - pressedAtMs) },
    snapshot: {
      path: snapshot.path,
      width: snapshot.widthPx,
      height: snapshot.heightPx,
      pressToSnapshotMs: tenths(snapshot.atMs - pressedAtMs),
      frameOffsetMs: snapshot.frameOffsetMs,
    },
    clip: {
      id: clip.clipId,
      path: clip.path,
      bytes: clip.bytes,
      sha256: clip.sha256,
      durationS: clip.durationMs / 1_000,
      preRollS: clip.preRollMs / 1_000,
      pressToPreRollMs: tenths(preRollAtMs - pressedAtMs),
      stopToCompleteMs: tenths(verifiedAtMs - stopAtMs),
      framesMissing,
    },
    broker: record.broker,
  };
}

/** The same facts for a person. */
export function onceInWords({ press, snapshot, clip, broker }: OnceResult): string {
  const frames =
    clip.framesMissing === null
      ? "no counter in its pictures"
      : `${clip.framesMissing} frames missing or doubled`;
  return [
    `press     ${press.id} at the consumer ${press.pressToEventMs} ms after the contact closed`,
    `snapshot  ${snapshot.path}`,
    `          ${snapshot.width}×${snapshot.height}, after ${snapshot.pressToSnapshotMs} ms, of ${snapshot.frameOffsetMs} ms from the press`,
    `clip      ${clip.path}`,
    `          ${clip.durationS} s with ${clip.preRollS} s of pre-roll, ${sizeInWords(clip.bytes)}, ${frames}`,
    `          pre-roll at the consumer after ${clip.pressToPreRollMs} ms, whole ${clip.stopToCompleteMs} ms after recording stopped`,
    `          sha256 ${clip.sha256}`,
    `broker    ${broker.url} MQTT ${broker.protocol}`,
  ].join("\n");
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
