import type { ClipDeleted, ClipRequeued, ClipsListed } from "../../ports/fragment-store.ts";
import type { ClipShelf } from "./clip-shelf.ts";
import { type ClipRow, listingOf } from "./clip-table.ts";
import type { ClipRequest, Unstamped } from "./messages.ts";

type Request<K extends ClipRequest["kind"]> = Extract<ClipRequest, { kind: K }>;

/** The clips that are held, for what somebody wishes done with one of them. */
export interface HeldClips {
  /** The newest clips are on the first. */
  shelves: readonly ClipShelf[];
  /** What this shelf has of the clip is not the clip: that went on elsewhere. */
  isLeftover(clipId: string, shelf: ClipShelf): boolean;
  /** Acknowledgements of it that are not written yet. */
  forgetAcks(clipId: string): void;
  /** Runs what must find room on a full disk. */
  removing(work: () => void): void;
  tell(error: unknown): void;
}

/** Does what somebody wishes, and says what came of it. Never rejects. */
export async function fulfil(
  held: HeldClips,
  wish: Request<"list" | "requeue" | "delete">,
): Promise<Unstamped<ClipsListed | ClipRequeued | ClipDeleted>> {
  switch (wish.kind) {
    case "list":
      return listClips(held, wish);
    case "requeue":
      return requeueClip(held, wish);
    case "delete":
      return deleteClip(held, wish);
  }
}

function listClips(held: HeldClips, wish: Request<"list">): Unstamped<ClipsListed> {
  const { request, before, limit } = wish;
  const answer = { type: "clip.listed" as const, request };
  try {
    const from = before === null ? null : find(held, before);
    if (from === undefined) return { ...answer, clips: [], more: false, found: false };
    const older = from === null ? held.shelves : held.shelves.slice(held.shelves.indexOf(from.shelf));
    const rows = older.flatMap((shelf) =>
      shelf.table
        .newest(shelf === from?.shelf ? before : null, limit + 1)
        .filter(({ clipId }) => !held.isLeftover(clipId, shelf)),
    );
    const clips = rows.slice(0, limit).map(listingOf);
    return { ...answer, clips, more: rows.length > limit, found: true };
  } catch (error) {
    held.tell(error);
    return { ...answer, clips: [], more: false, found: before === null };
  }
}

function requeueClip(held: HeldClips, { request, clipId }: Request<"requeue">): Unstamped<ClipRequeued> {
  const answer = { type: "clip.requeued" as const, request, clipId, bytes: 0, sha256: "" };
  try {
    const found = find(held, clipId);
    if (!found) return { ...answer, outcome: "not-found" };
    const { recordedBytes: bytes, sha256 } = found.row;
    if (sha256 === null) return { ...answer, outcome: "recording" };
    held.forgetAcks(clipId);
    held.removing(() => found.shelf.table.requeue(clipId));
    return { ...answer, outcome: "done", bytes, sha256 };
  } catch (error) {
    held.tell(error);
    return { ...answer, outcome: "failed" };
  }
}

async function deleteClip(
  held: HeldClips,
  { request, clipId }: Request<"delete">,
): Promise<Unstamped<ClipDeleted>> {
  const nothing = { eventId: "", bytes: 0, uploaded: false };
  const answer = { type: "clip.deleted" as const, request, clipId };
  try {
    const found = find(held, clipId);
    if (!found) return { ...answer, ...nothing, outcome: "not-found" };
    const { eventId, recordedBytes: bytes, end, uploaded } = found.row;
    if (end === null) return { ...answer, ...nothing, outcome: "recording" };
    held.forgetAcks(clipId);
    // A shelf that lost the clip on another way would tell of it as lost at the next start.
    for (const shelf of held.shelves) await shelf.remove(clipId);
    return { ...answer, outcome: "done", eventId, bytes, uploaded: uploaded === 1 };
  } catch (error) {
    held.tell(error);
    return { ...answer, ...nothing, outcome: "failed" };
  }
}

function find(
  { shelves, isLeftover }: HeldClips,
  clipId: string,
): { shelf: ClipShelf; row: ClipRow } | undefined {
  for (const shelf of shelves) {
    const row = isLeftover(clipId, shelf) ? null : shelf.table.get(clipId);
    if (row) return { shelf, row };
  }
  return undefined;
}
