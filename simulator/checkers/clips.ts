import { parseTopic } from "../../agent/contract/topics.ts";
import type { SpooledClip } from "../hardware/spool-disk.ts";
import { tagOf } from "../hardware/tags.ts";
import { readEvent } from "./event-facts.ts";
import { type Checker, type Evidence, wentAtOnce } from "./evidence.ts";
import { fatesOf } from "./fates.ts";

/** What the store says reaches the agent so soon. */
const HEARD_WITHIN_MS = 100;

interface Told {
  given: boolean;
  ends: string[];
  /** Reasons for which it was given up. */
  dropped: string[];
}

interface Piece {
  offset: number;
  bytes: number;
  tag: string | null;
  sha256: string;
}

interface Arrived {
  inits: Set<string>;
  /** By offset and size: a segment may come whole on one connection and in parts on the next. */
  pieces: Map<string, Piece>;
  fin: { bytes: number; sha256: string } | null;
  /** When `fin` came, this many of its bytes had not. */
  missingAtFin: number;
  aborted: boolean;
  wrong: string[];
}

/**
 * What arrived of a clip is what was recorded: `init` first and always the same, every byte before `fin`, and
 * `fin` with the size and hash of the whole. A clip that ended has told how; when all is settled it is either whole
 * at the broker, or declared as dropped. One that left the card before it was uploaded is told with the reason.
 */
export const clips: Checker = {
  name: "clips",
  check(evidence) {
    const arrived = collect(evidence);
    const wrong = [...arrived.values()].flatMap((clip) => clip.wrong);
    const told = endsTold(evidence);
    for (const [clipId, { fin, missingAtFin }] of arrived) {
      // Its last bytes left the card when `fin` was on its way already: that is told.
      if (missingAtFin !== 0 && !evidence.evictedClips.has(clipId))
        wrong.push(`fin of clip ${clipId} came when ${missingAtFin} of its ${fin?.bytes} bytes had not`);
    }
    for (const [clipId, { reason, atMs, powerOn }] of evidence.evictedClips) {
      if (told.get(clipId)?.dropped.includes(reason)) continue;
      const own = evidence.powerOns[powerOn];
      // Without a disk and with its memory full of presses it may give up what it has just told.
      if (own?.diskless) continue;
      const toMs = own?.toMs ?? Number.POSITIVE_INFINITY;
      // The agent ended, or its power went, before it could hear of it.
      if (toMs - atMs < HEARD_WITHIN_MS) continue;
      wrong.push(`clip ${clipId} left the card (${reason}) and nobody was told`);
    }
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
      const uploadedIn = evidence.powerOns[evidence.uploadedIn.get(clip.clipId) ?? -1];
      if (ends.length === 0 && !given && !uploadedIn?.diskless)
        wrong.push(`nobody was told that clip ${clip.clipId} ended ${clip.closed.end}`);
    }
    return wrong;
  },
};

function collect({ arrivals }: Evidence): Map<string, Arrived> {
  const clips = new Map<string, Arrived>();
  for (const { message } of arrivals) {
    // Most messages are none of a clip, and their topics need not be read for that.
    if (!message.topic.includes("/clip/")) continue;
    const topic = parseTopic(message.topic);
    if (topic === null || !("clipId" in topic)) continue;
    const { clipId } = topic;
    const clip: Arrived = clips.get(clipId) ?? {
      inits: new Set(),
      pieces: new Map(),
      fin: null,
      missingAtFin: 0,
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
      // Tags tell what bytes are: these are known by what is at this place of this clip, and nothing else.
      if (tag !== sha256 || sha256 !== tagOf(clipId, offset, bytes)) {
        clip.wrong.push(`what arrived at ${offset} of clip ${clipId} is not what its topic says`);
      }
      clip.pieces.set(`${offset}/${bytes}`, { offset, bytes, tag, sha256 });
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
  const there = contiguousBytes(clip.pieces.values());
  if (there !== bytes) clip.missingAtFin = bytes - there;
}

/** Bytes from the first on without a gap, however often they came and however they were cut. */
function contiguousBytes(pieces: Iterable<Piece>): number {
  let end = 0;
  for (const { offset, bytes } of [...pieces].sort((a, b) => a.offset - b.offset)) {
    if (offset > end) break;
    end = Math.max(end, offset + bytes);
  }
  return end;
}

function compare(clip: SpooledClip, got: Arrived): string[] {
  const wrong: string[] = [];
  for (const { offset, bytes, sha256 } of got.pieces.values()) {
    const segment = clip.segments[segmentAt(clip, offset)];
    const isWhole = segment?.offset === offset && segment.bytes === bytes && segment.sha256 === sha256;
    const isPart =
      segment && bytes > 0 && bytes < segment.bytes && offset + bytes <= segment.offset + segment.bytes;
    if (!isWhole && !isPart) {
      wrong.push(`what arrived at ${offset} of clip ${clip.clipId} is no segment of it, nor a part of one`);
    }
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

/** The index of the segment that holds the byte at `offset`; -1 when none does. */
function segmentAt({ segments }: SpooledClip, offset: number): number {
  return segments.findLastIndex((segment) => segment.offset <= offset);
}

/**
 * How each clip ended by the events about it. `given`: it failed or was dropped, or the event that told its end had
 * a fate that others answer for.
 */
function endsTold(evidence: Evidence): Map<string, Told> {
  const fateOf = fatesOf(evidence);
  const told = new Map<string, Told>();
  for (const { row, powerOn } of evidence.rows.values()) {
    if (row.eventType !== "clip") continue;
    const { data } = readEvent(row.body);
    const clip = told.get(String(data.clipId)) ?? { given: false, ends: [], dropped: [] };
    told.set(String(data.clipId), clip);
    const fate = fateOf(row);
    if (data.state === "dropped") clip.dropped.push(String(data.reason));
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
  const own = evidence.powerOns[powerOn];
  const wasDone = evidence.uploadedIn.get(String(data.clipId)) === powerOn;
  return wasDone && own !== undefined && (wentAtOnce(own) || own.diskless);
}
