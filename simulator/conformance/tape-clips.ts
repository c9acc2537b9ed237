import { createHash } from "node:crypto";
import { ClipTar, plainEntry } from "../../device/linux/storage/clip-tar.ts";
import type {
  ClipEnd,
  FragmentSink,
  FragmentStore,
  FragmentStoreInput,
  PayloadReference,
  SegmentHandle,
} from "../../device/ports/fragment-store.ts";
import type { Chance } from "../world/chance.ts";
import type { DeviceTime } from "../world/device-time.ts";

type Request = Parameters<FragmentStore["openClip"]>[0];

interface Recording {
  request: Request;
  end: ClipEnd | null;
}

const INIT_BYTES = 900;
const FRAGMENTS = 8;
const FRAGMENT_MS = 1_000;
const FRAGMENT_BYTES = [9_000, 40_000] as const;

/**
 * The clips of one power-on: archives as a device writes them, of bytes that show nothing. An archive is made when
 * somebody lets time pass for it (`finish`), for a tar's bytes come when its stream likes, which is no virtual time.
 */
export class TapeClips implements FragmentStore, FragmentSink {
  readonly #time: DeviceTime;
  readonly #chance: Chance;
  readonly #recordings = new Map<string, Recording>();
  readonly #segments = new Map<string, Uint8Array[]>();
  readonly #stills = new Map<string, Uint8Array>();
  #post: ((input: FragmentStoreInput) => void) | null = null;

  constructor(time: DeviceTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  start(post: (input: FragmentStoreInput) => void): void {
    this.#post = post;
  }

  async stop(): Promise<void> {
    this.#post = null;
  }

  openClip(request: Request): void {
    const { clipId } = request;
    this.#recordings.set(clipId, { request, end: null });
    const preRollMs = request.eventAtMs - request.fromMs;
    this.#soon((occurredAt) => ({ type: "clip.opened", occurredAt, clipId, preRollMs }));
  }

  closeClip(clipId: string): void {
    const recording = this.#recordings.get(clipId);
    if (recording) recording.end ??= "finished";
  }

  /** The camera is gone: what was being recorded ends. */
  end(): void {
    for (const recording of this.#recordings.values()) recording.end ??= "camera-lost";
  }

  /** Writes the clips that have ended and were not written; the agent hears of it in the next moment. */
  async finish(): Promise<void> {
    for (const [clipId, { request, end }] of this.#recordings) {
      if (end !== null) await this.#write(request, end);
      if (end !== null) this.#recordings.delete(clipId);
    }
  }

  /** The bytes that a message refers to; null when there are none. */
  bytesOf(reference: PayloadReference): Uint8Array | null {
    if (reference.kind === "still") return this.#stills.get(reference.eventId) ?? null;
    const segment = this.#segments.get(reference.clipId)?.[reference.index];
    if (!segment || !reference.part) return segment ?? null;
    const { from, bytes } = reference.part;
    return segment.subarray(from, from + bytes);
  }

  init(): void {}
  pair(): void {}
  still(eventId: string, jpeg: Uint8Array): void {
    this.#stills.set(eventId, jpeg);
  }

  listSegments(clipId: string, fromIndex: number, limit: number): void {
    const segments = this.#handlesOf(clipId).slice(fromIndex, fromIndex + limit);
    const gone = !this.#segments.has(clipId);
    this.#soon((occurredAt) => ({ type: "clip.segments", occurredAt, clipId, fromIndex, segments, gone }));
  }

  splitSegment({ clipId, index, partBytes }: Parameters<FragmentStore["splitSegment"]>[0]): void {
    const segment = this.#segments.get(clipId)?.[index] ?? new Uint8Array();
    const parts = cut(segment, partBytes).map((bytes, at) => ({
      from: at * partBytes,
      bytes: bytes.length,
      sha256: sha256Of(bytes),
    }));
    this.#soon((occurredAt) => ({ type: "clip.parts", occurredAt, clipId, index, parts }));
  }

  listPending(): void {
    this.#soon((occurredAt) => ({ type: "clip.pending", occurredAt, clips: [], total: 0 }));
  }

  /** A tape is not asked for its clips: no command comes to it. */
  listClips({ request, before }: Parameters<FragmentStore["listClips"]>[0]): void {
    const nothing = { request, clips: [], more: false, found: before === null };
    this.#soon((occurredAt) => ({ type: "clip.listed", occurredAt, ...nothing }));
  }

  requeueClip({ request, clipId }: Parameters<FragmentStore["requeueClip"]>[0]): void {
    const nothing = { request, clipId, outcome: "not-found" as const, bytes: 0, sha256: "" };
    this.#soon((occurredAt) => ({ type: "clip.requeued", occurredAt, ...nothing }));
  }

  deleteClip({ request, clipId }: Parameters<FragmentStore["deleteClip"]>[0]): void {
    const nothing = {
      request,
      clipId,
      outcome: "not-found" as const,
      eventId: "",
      bytes: 0,
      uploaded: false,
    };
    this.#soon((occurredAt) => ({ type: "clip.deleted", occurredAt, ...nothing }));
  }

  markAcked(): void {}
  markUploaded(): void {}
  markAnnounced(): void {}
  forgetStill(): void {}

  async #write(request: Request, end: ClipEnd): Promise<void> {
    const { clipId, eventId, segmentBytes, eventAtMs, fromMs, manifest: about } = request;
    const tar = new ClipTar({ sha256: sha256Of, encode: plainEntry });
    const pieces = await tar.init(this.#picture(INIT_BYTES));
    // A camera that is lost leaves less.
    const fragments = end === "finished" ? FRAGMENTS : FRAGMENTS / 2;
    for (let fragment = 0; fragment < fragments; fragment += 1)
      pieces.push(...(await tar.fragment(this.#picture(this.#chance.int(...FRAGMENT_BYTES)))));
    const preRollMs = eventAtMs - fromMs;
    const durationMs = fragments * FRAGMENT_MS;
    pieces.push(...(await tar.end({ clipId, eventId, end, preRollMs, durationMs, about })));
    const file = new Uint8Array(Buffer.concat(pieces));
    this.#segments.set(clipId, cut(file, segmentBytes));
    const segments = this.#handlesOf(clipId);
    const last = segments.pop();
    this.#soon((occurredAt) => ({ type: "clip.grew", occurredAt, clipId, segments }));
    const closing = { end, bytes: file.length, sha256: sha256Of(file), durationMs, preRollMs, fragments };
    this.#soon((occurredAt) => ({
      type: "clip.closed",
      occurredAt,
      clipId,
      closing,
      segments: last ? [last] : [],
    }));
  }

  #handlesOf(clipId: string): SegmentHandle[] {
    let offset = 0;
    return (this.#segments.get(clipId) ?? []).map((bytes, index) => {
      const handle = { index, offset, bytes: bytes.length, sha256: sha256Of(bytes) };
      offset += bytes.length;
      return handle;
    });
  }

  #picture(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => this.#chance.int(0, 255));
  }

  #soon(input: (occurredAt: number) => FragmentStoreInput): void {
    this.#time.after(1, () => this.#post?.(input(this.#time.monotonicMs())));
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** In pieces of so many bytes, the last of what is left. */
export function cut(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return pieces;
}
