import { parseTopic } from "../../agent/contract/topics.ts";
import type { SpooledClip } from "../hardware/spool-disk.ts";
import { tagOf } from "../hardware/tags.ts";
import { readEvent } from "./event-facts.ts";
import type { Checker, Evidence } from "./evidence.ts";
import { fatesOf } from "./fates.ts";

interface Arrived {
  inits: Set<string>;
  /** By offset and size: a segment may come whole on one connection and in parts on the next. */
  pieces: Map<string, { offset: number; bytes: number; tag: string | null; sha256: string }>;
  fin: { bytes: number; sha256: string } | null;
  aborted: boolean;
  wrong: string[];
}

/**
 * What arrived of a clip is what was recorded: `init` first and always the same, every segment before `fin`, and
 * `fin` with the size and hash of the whole. A clip that ended has told how; when all is settled it is either whole
 * at the broker, or declared as dropped.
 */
export const clips: Checker = {
  name: "clips",
  check(evidence) {
    const arrived = collect(evidence);
    const wrong = [...arrived.values()].flatMap((clip) => clip.wrong);
    const told = endsTold(evidence);
    for (const clip of evidence.clips) {
      const got = arrived.get(clip.clipId);
      if (got) wrong.push(...compare(clip, got));
      if (evidence.settledAfterMs === null || clip.closed === null) continue;
      const { given, ends } = told.get(clip.clipId) ?? { given: false, ends: [] };
      const waits = !clip.uploaded && !evidence.finallyRunning;
      if (!got?.fin && !got?.aborted && !given && !waits && !evidence.evictedClips.has(clip.clipId)) {
        wrong.push(`clip ${clip.clipId} is neither delivered nor declared dropped`);
      }
      for (const end of ends) {
        if (end !== clip.closed.end)
          wrong.push(`clip ${clip.clipId} ended ${clip.closed.end} and was told as ${end}`);
      }
      if (ends.length === 0 && !given)
        wrong.push(`nobody was told that clip ${clip.clipId} ended ${clip.closed.end}`);
    }
    return wrong;
  },
};

function collect({ arrivals }: Evidence): Map<string, Arrived> {
  const clips = new Map<string, Arrived>();
  for (const { message } of arrivals) {
    const topic = parseTopic(message.topic);
    if (topic === null || !("clipId" in topic)) continue;
    const { clipId } = topic;
    const clip: Arrived = clips.get(clipId) ?? {
      inits: new Set(),
      pieces: new Map(),
      fin: null,
      aborted: false,
      wrong: [],
    };
    clips.set(clipId, clip);
    if (topic.kind === "clip-init") clip.inits.add(message.text ?? "");
    else if (topic.kind === "clip-abort") clip.aborted = true;
    else if (topic.kind === "clip-fin") finArrived(clip, clipId, topic);
    else {
      if (clip.inits.size === 0) clip.wrong.push(`a segment of clip ${clipId} came before its init`);
      const { offset, sha256 } = topic;
      const { bytes, tag } = message;
      const key = `${offset}+${bytes}`;
      const before = clip.pieces.get(key);
      if (before && before.sha256 !== sha256) clip.wrong.push(`clip ${clipId} has two contents at ${key}`);
      clip.pieces.set(key, { offset, bytes, tag, sha256 });
    }
  }
  return clips;
}

function finArrived(clip: Arrived, clipId: string, fin: { bytes: number; sha256: string }): void {
  const { bytes, sha256 } = fin;
  if (clip.fin && (clip.fin.bytes !== bytes || clip.fin.sha256 !== sha256)) {
    clip.wrong.push(`clip ${clipId} has two ends: ${clip.fin.bytes} and ${bytes} bytes`);
  }
  clip.fin = { bytes, sha256 };
  let offset = 0;
  for (const piece of [...clip.pieces.values()].sort((a, b) => a.offset - b.offset))
    if (piece.offset <= offset) offset = Math.max(offset, piece.offset + piece.bytes);
  if (offset !== bytes)
    clip.wrong.push(`fin of clip ${clipId} came when only ${offset} of its ${bytes} bytes had`);
}

function compare(clip: SpooledClip, got: Arrived): string[] {
  const wrong: string[] = [];
  for (const { offset, bytes, tag, sha256 } of got.pieces.values()) {
    const segment = clip.segments.find((one) => one.offset <= offset && offset < one.offset + one.bytes);
    const isWhole = segment?.offset === offset && segment.bytes === bytes;
    const expected = isWhole ? segment.sha256 : tagOf(clip.clipId, offset, bytes);
    const fits = segment !== undefined && offset + bytes <= segment.offset + segment.bytes;
    if (!fits || sha256 !== expected || tag !== expected)
      wrong.push(`what arrived at ${offset} of clip ${clip.clipId} is not what was recorded`);
  }
  for (const init of got.inits) {
    if (init !== clip.initBody) wrong.push(`clip ${clip.clipId} was opened with another init: ${init}`);
  }
  if (got.fin && (clip.closed?.bytes !== got.fin.bytes || clip.closed.sha256 !== got.fin.sha256)) {
    wrong.push(
      `fin of clip ${clip.clipId} is of ${got.fin.bytes} bytes; recorded: ${clip.closed?.bytes ?? "no end"}`,
    );
  }
  return wrong;
}

/**
 * How each clip ended by the events about it. `given`: it failed or was dropped, or the event that told its end had
 * a fate that others answer for.
 */
function endsTold(evidence: Evidence): Map<string, { given: boolean; ends: string[] }> {
  const fateOf = fatesOf(evidence);
  const told = new Map<string, { given: boolean; ends: string[] }>();
  for (const { row, powerOn } of evidence.rows.values()) {
    if (row.eventType !== "clip") continue;
    const { data } = readEvent(row.body);
    const clip = told.get(String(data.clipId)) ?? { given: false, ends: [] };
    told.set(String(data.clipId), clip);
    const fate = fateOf(row);
    if (data.state === "failed" || data.state === "dropped") clip.given = true;
    else if (data.state === "recorded" && (fate === "delivered" || fate === "outbox"))
      clip.ends.push(String(data.end));
    else if (
      data.state === "recorded" &&
      (fate !== "lost" || wentWithThePower(evidence, row.id, powerOn, data))
    ) {
      clip.given = true;
    }
  }
  return told;
}

/**
 * The clip was whole at the broker and gone from the agent's care, and the event of its end was not accepted yet when
 * the power, or an agent that could keep nothing, went.
 */
function wentWithThePower(
  evidence: Evidence,
  id: string,
  powerOn: number,
  data: Record<string, unknown>,
): boolean {
  if (evidence.accepted.has(id)) return false;
  const { end, diskless } = evidence.powerOns[powerOn] ?? { end: "running", diskless: false };
  const wasDone = evidence.uploadedIn.get(String(data.clipId)) === powerOn;
  return wasDone && (end === "power-cut" || diskless);
}
