import type {
  ClipDeleted,
  ClipRequeued,
  ClipsListed,
  FragmentStore,
} from "../../device/ports/fragment-store.ts";
import type { SpoolDisk } from "./spool-disk.ts";

type Wish<Call extends "listClips" | "requeueClip" | "deleteClip"> = Parameters<FragmentStore[Call]>[0];

/** The newest clips on the card, page by page. */
export function listClips(
  { clips }: SpoolDisk,
  { request, before, limit }: Wish<"listClips">,
): Omit<ClipsListed, "occurredAt"> {
  const newest = [...clips.values()].reverse();
  const from = before === null ? 0 : newest.findIndex(({ clipId }) => clipId === before) + 1;
  const found = before === null || from > 0;
  const older = found ? newest.slice(from) : [];
  const listed = older.slice(0, limit).map(({ clipId, eventId, initBody, bytes, closed, uploaded }) => ({
    ...{ clipId, eventId, initBody, recordedBytes: bytes, closed, uploaded },
  }));
  return { type: "clip.listed", request, clips: listed, more: older.length > limit, found };
}

/** It is to be uploaded once more, from its first segment on. */
export function requeueClip(
  disk: SpoolDisk,
  { request, clipId }: Wish<"requeueClip">,
): Omit<ClipRequeued, "occurredAt"> {
  const answer = { type: "clip.requeued" as const, request, clipId, bytes: 0, sha256: "" };
  const clip = disk.clips.get(clipId);
  if (!clip) return { ...answer, outcome: "not-found" };
  if (clip.closed === null) return { ...answer, outcome: "recording" };
  if (disk.fault !== null && disk.fault !== "full") return { ...answer, outcome: "failed" };
  clip.uploaded = false;
  clip.ackedSegments = 0;
  const { bytes, sha256 } = clip.closed;
  return { ...answer, outcome: "done", bytes, sha256 };
}

/** It is gone from the card, uploaded or not. */
export function deleteClip(
  disk: SpoolDisk,
  { request, clipId }: Wish<"deleteClip">,
): Omit<ClipDeleted, "occurredAt"> {
  const nothing = { eventId: "", bytes: 0, uploaded: false };
  const answer = { type: "clip.deleted" as const, request, clipId };
  const clip = disk.clips.get(clipId);
  if (!clip) return { ...answer, ...nothing, outcome: "not-found" };
  if (clip.closed === null) return { ...answer, ...nothing, outcome: "recording" };
  if (disk.fault !== null && disk.fault !== "full") return { ...answer, ...nothing, outcome: "failed" };
  const { eventId, bytes, uploaded } = clip;
  disk.clips.delete(clipId);
  if (!uploaded) disk.onEvicted(clipId, "deleted");
  return { ...answer, outcome: "done", eventId, bytes, uploaded };
}
