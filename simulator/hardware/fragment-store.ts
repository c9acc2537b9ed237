import type {
  ClipEnd,
  ClipEvicted,
  FragmentPair,
  FragmentSink,
  FragmentStore,
  FragmentStoreInput,
  InitSegment,
  PayloadReference,
  PayloadSource,
  SegmentHandle,
  SegmentPart,
} from "../../device/ports/fragment-store.ts";
import type { Chance } from "../world/chance.ts";
import type { DeviceTime } from "../world/device-time.ts";
import { addToFile, closeFile, type Hashes, piecesOf, taggedHashes } from "./clip-file.ts";
import { deleteClip, listClips, requeueClip } from "./clip-wishes.ts";
import { bytesOf, type Footage, Ring, type RingFragment } from "./ring.ts";
import { newClip, type SpoolDisk, type SpooledClip, summaryOf } from "./spool-disk.ts";
import { tagOf } from "./tags.ts";

/** The initialisation segment and the manifest. */
const ROOM_TO_CLOSE_BYTES = 4_096;

interface OpenClip {
  file: SpooledClip;
  lastEndMs: number;
  closeAtMs: number | null;
  /** Segments that are durable and were told. */
  told: number;
  /** Of what is in the file or on its way there. */
  bytes: number;
  over: boolean;
}

/**
 * The store of clips of one power-on over a `SpoolDisk`. Segments are durable before they are told. After a power
 * cut a clip that was being recorded is found again with what was durable, and ends `interrupted`.
 */
export class SimulatedFragmentStore implements FragmentStore, FragmentSink, PayloadSource {
  readonly #time: DeviceTime;
  readonly #disk: SpoolDisk;
  readonly #chance: Chance;
  readonly #hashes: Hashes;
  readonly #ring = new Ring();
  readonly #open = new Map<string, OpenClip>();
  /** Also those that are not on the card yet. */
  readonly #stills = new Map<string, Uint8Array>();
  #footage: Footage | null = null;
  #post: ((input: FragmentStoreInput) => void) | null = null;
  #doneAtMs = 0;
  /** Clips that the start had to close; not told yet. */
  #interrupted = 0;

  constructor(time: DeviceTime, disk: SpoolDisk, chance: Chance, hashes: Hashes = taggedHashes) {
    this.#time = time;
    this.#disk = disk;
    this.#chance = chance;
    this.#hashes = hashes;
  }

  /** Pictures that are written only when somebody looks come from here. */
  watch(footage: Footage): void {
    this.#footage = footage;
  }

  start(post: (input: FragmentStoreInput) => void): void {
    this.#post = post;
    for (const [eventId, jpeg] of this.#disk.stills) this.#stills.set(eventId, jpeg);
    for (const clip of this.#disk.clips.values()) {
      if (clip.closed !== null) continue;
      closeFile(clip, "interrupted", this.#hashes);
      this.#interrupted += 1;
    }
  }

  async stop(): Promise<void> {
    this.processEnded();
  }
  /** The agent's process is over: what was being recorded ends here. */
  processEnded(): void {
    this.#endAll("interrupted");
    this.#post = null;
  }

  openClip(request: Parameters<FragmentStore["openClip"]>[0]): void {
    this.#footage?.catchUp();
    const { clipId, fromMs, eventAtMs } = request;
    const past = this.#ring.from(fromMs);
    const noRoom = this.#findsRoom(past) ? null : (this.#disk.fault ?? "the clips take all of their room");
    const known = this.#open.has(clipId) || this.#disk.clips.has(clipId);
    const unfit = known ? "a clip of this id is there already" : this.#ring.streaming ? null : "no picture";
    const trouble = noRoom ?? unfit;
    if (trouble !== null) {
      this.#later(() => {
        this.#fault();
        this.#tell({ type: "clip.failed", occurredAt: this.#now(), clipId, reason: `simulated: ${trouble}` });
      });
      return;
    }
    const beginsAtMs = past[0]?.capturedAtMs ?? this.#ring.fillingSinceMs ?? eventAtMs;
    const preRollMs = Math.max(0, eventAtMs - beginsAtMs);
    const clip: OpenClip = {
      file: newClip(request, preRollMs),
      lastEndMs: 0,
      closeAtMs: null,
      told: 0,
      bytes: bytesOf(past),
      over: false,
    };
    this.#open.set(clipId, clip);
    this.#write(() => {
      this.#disk.clips.set(clipId, clip.file);
      return { type: "clip.opened", occurredAt: this.#now(), clipId, preRollMs };
    });
    this.#append(clip, past);
    this.#footage?.follow(true);
  }

  closeClip(clipId: string, atMs: number): void {
    const clip = this.#open.get(clipId);
    if (!clip && !this.#disk.clips.has(clipId)) {
      const reason = "simulated: it is not being recorded";
      this.#later(() => this.#tell({ type: "clip.failed", occurredAt: this.#now(), clipId, reason }));
    }
    if (!clip || clip.over) return;
    this.#footage?.catchUp();
    clip.closeAtMs = atMs;
    if (clip.lastEndMs > atMs) this.#finish(clip, "finished");
  }

  listSegments(clipId: string, fromIndex: number, limit: number): void {
    this.#later(() => {
      const file = this.#disk.clips.get(clipId);
      const segments = file?.segments.slice(fromIndex, fromIndex + limit) ?? [];
      const answer = { clipId, fromIndex, segments, gone: file === undefined };
      this.#tell({ type: "clip.segments", occurredAt: this.#now(), ...answer });
    });
  }

  splitSegment({ clipId, index, partBytes }: Parameters<FragmentStore["splitSegment"]>[0]): void {
    if (!(partBytes > 0)) throw new RangeError(`no parts of ${partBytes} bytes`);
    this.#later(() => {
      const bytes = this.#disk.clips.get(clipId)?.segments[index]?.bytes ?? 0;
      const parts: SegmentPart[] = [];
      for (let from = 0; from < bytes; from += partBytes) {
        const part = { from, bytes: Math.min(partBytes, bytes - from) };
        const handle = this.#partOf(clipId, index, part);
        if (handle) parts.push({ ...part, sha256: handle.tag });
      }
      this.#tell({ type: "clip.parts", occurredAt: this.#now(), clipId, index, parts });
    });
  }

  listPending(limit: number): void {
    this.#later(() => {
      const pending = this.#disk.pending();
      const clips = pending.slice(0, limit).map(summaryOf);
      const recovered = { interrupted: this.#interrupted, lost: 0, orphans: 0 };
      const news = this.#interrupted > 0 ? { recovered } : {};
      this.#interrupted = 0;
      const answer = { occurredAt: this.#now(), clips, total: pending.length, ...news };
      this.#tell({ type: "clip.pending", ...answer });
    });
  }

  markAcked(clipId: string, segments: number): void {
    const file = this.#disk.clips.get(clipId);
    if (!file) return;
    // Not worth a write of its own: a power cut before it makes the agent send them again.
    this.#time.after(this.#chance.int(1, 2_000), () => {
      file.ackedSegments = Math.max(file.ackedSegments, segments);
    });
  }

  markUploaded(clipId: string): void {
    this.#mark(clipId, (file) => {
      file.uploaded = true;
    });
  }

  markAnnounced(clipId: string): void {
    this.#mark(clipId, (file) => {
      file.announced = true;
    });
  }

  listClips(wish: Parameters<FragmentStore["listClips"]>[0]): void {
    this.#later(() => this.#tell({ ...listClips(this.#disk, wish), occurredAt: this.#now() }));
  }

  requeueClip(wish: Parameters<FragmentStore["requeueClip"]>[0]): void {
    this.#write(() => ({ ...requeueClip(this.#disk, wish), occurredAt: this.#now() }));
  }

  deleteClip(wish: Parameters<FragmentStore["deleteClip"]>[0]): void {
    this.#write(() => ({ ...deleteClip(this.#disk, wish), occurredAt: this.#now() }));
  }

  forgetStill(eventId: string): void {
    this.#stills.delete(eventId);
    this.#write(() => {
      this.#disk.stills.delete(eventId);
      return null;
    });
  }

  init(segment: InitSegment): void {
    this.#endAll("seam");
    this.#ring.begin(segment);
  }

  pair(pair: FragmentPair): void {
    const done = this.#ring.add(pair);
    if (!done) return;
    for (const clip of this.#open.values()) {
      if (!clip.over) this.#add(clip, [done]);
    }
  }

  end(): void {
    this.#endAll("camera-lost");
    this.#ring.end();
  }

  still(eventId: string, jpeg: Uint8Array): void {
    this.#stills.set(eventId, jpeg);
    this.#write(() => {
      if (this.#disk.fault === null && this.#stills.has(eventId)) this.#disk.stills.set(eventId, jpeg);
      return null;
    });
  }

  async read(reference: PayloadReference): Promise<Uint8Array | "gone"> {
    return this.#bytesOf(reference) ?? "gone";
  }

  /** What a modelled network carries instead of bytes: their number and their tag. Null when they are gone. */
  handleOf(reference: PayloadReference): { bytes: number; tag: string } | null {
    if (reference.kind === "segment") {
      const { clipId, index, part } = reference;
      if (part) return this.#partOf(clipId, index, part);
      const segment = this.#disk.clips.get(clipId)?.segments[index];
      return segment ? { bytes: segment.bytes, tag: segment.sha256 } : null;
    }
    const still = this.#stills.get(reference.eventId);
    return still ? { bytes: still.length, tag: tagOf("still", reference.eventId, still.length) } : null;
  }

  #bytesOf(reference: PayloadReference): Uint8Array | null {
    if (reference.kind === "still") return this.#stills.get(reference.eventId) ?? null;
    const { clipId, index, part } = reference;
    const clip = this.#disk.clips.get(clipId);
    const segment = clip?.segments[index];
    if (!clip || !segment) return null;
    const { from, bytes } = part ?? { from: 0, bytes: segment.bytes };
    return from + bytes <= segment.bytes ? Buffer.concat(piecesOf(clip, index, from, bytes)) : null;
  }

  #partOf(
    clipId: string,
    index: number,
    { from, bytes }: { from: number; bytes: number },
  ): { bytes: number; tag: string } | null {
    const clip = this.#disk.clips.get(clipId);
    const segment = clip?.segments[index];
    if (!clip || !segment || from + bytes > segment.bytes) return null;
    const pieces = piecesOf(clip, index, from, bytes);
    return { bytes, tag: this.#hashes.segment(clipId, segment.offset + from, pieces) };
  }

  #add(clip: OpenClip, fragments: readonly RingFragment[]): void {
    if (!this.#findsRoom(fragments)) {
      this.#fault();
      this.#finish(clip, "store-failed");
      return;
    }
    clip.bytes += bytesOf(fragments);
    this.#append(clip, fragments);
  }

  #append(clip: OpenClip, fragments: readonly RingFragment[]): void {
    const init = clip.file.bytes === 0 ? this.#ring.initData() : null;
    for (const fragment of fragments) {
      clip.lastEndMs = fragment.capturedAtMs + fragment.durationMs;
    }
    this.#write(() => {
      addToFile(clip.file, init, fragments, this.#hashes);
      this.#makeRoom();
      // The end tells of what is left.
      if (clip.over) return null;
      const segments = this.#untold(clip);
      if (segments.length === 0) return null;
      return { type: "clip.grew", occurredAt: this.#now(), clipId: clip.file.clipId, segments };
    });
    if (clip.closeAtMs !== null && clip.lastEndMs > clip.closeAtMs) this.#finish(clip, "finished");
  }

  #finish(clip: OpenClip, end: ClipEnd): void {
    if (clip.over) return;
    clip.over = true;
    this.#write(() => {
      const closing = closeFile(clip.file, end, this.#hashes);
      this.#makeRoom();
      const { clipId } = clip.file;
      this.#open.delete(clipId);
      if (this.#open.size === 0) this.#footage?.follow(false);
      return { type: "clip.closed", occurredAt: this.#now(), clipId, closing, segments: this.#untold(clip) };
    });
  }

  #endAll(end: ClipEnd): void {
    for (const clip of this.#open.values()) this.#finish(clip, end);
  }

  #untold(clip: OpenClip): SegmentHandle[] {
    const segments = clip.file.segments.slice(clip.told);
    clip.told = clip.file.segments.length;
    return segments;
  }

  #mark(clipId: string, change: (file: SpooledClip) => void): void {
    this.#write(() => {
      const file = this.#disk.clips.get(clipId);
      if (file) change(file);
      return null;
    });
  }

  /** The outbox finds the disk full: gives up a clip and answers its size; null when there is none. */
  giveUpForMessages(): number | null {
    return this.#giveUp("disk-full");
  }

  #makeRoom(): void {
    while (this.#disk.bytes() > this.#disk.maxBytes && this.#giveUp("budget") !== null);
  }

  /** On a full card older clips give way; what is being recorded keeps within the bound by itself. */
  #findsRoom(fragments: readonly RingFragment[]): boolean {
    const disk = this.#disk;
    const bytes = bytesOf(fragments);
    const recorded = [...this.#open.values()].reduce((sum, clip) => sum + clip.bytes, 0);
    if (recorded + bytes + ROOM_TO_CLOSE_BYTES > disk.maxBytes) return false;
    if (disk.fault !== "full") return disk.fault === null;
    while (disk.freeBytes < bytes) {
      const freed = this.#giveUp("disk-full");
      if (freed === null) return false;
      disk.freeBytes += freed;
    }
    disk.freeBytes -= bytes;
    return true;
  }

  /** Uploaded clips go first and silently, then the oldest that is complete. */
  #giveUp(reason: ClipEvicted["reason"]): number | null {
    const clip = this.#disk.leastNeeded();
    if (!clip) return null;
    const { clipId, eventId, bytes } = clip;
    this.#disk.clips.delete(clipId);
    if (!clip.uploaded) {
      this.#disk.onEvicted(clipId, reason);
      this.#tell({ type: "clip.evicted", occurredAt: this.#now(), clipId, eventId, bytes, reason });
    }
    return bytes;
  }

  #fault(): void {
    const { fault } = this.#disk;
    if (fault === null) return;
    const detail = `simulated: ${fault}`;
    this.#tell({ type: "clip.spool-fault", occurredAt: this.#now(), fault, detail });
  }

  /** Writes go to the card one after another; each is told once it is there. */
  #write(write: () => FragmentStoreInput | null): void {
    this.#inTurn(this.#chance.int(1, 5), () => {
      const input = write();
      if (input) this.#tell(input);
    });
  }

  #later(run: () => void): void {
    this.#inTurn(this.#chance.int(0, 3), run);
  }

  /** Everything that is asked for is done in its order. */
  #inTurn(takesMs: number, run: () => void): void {
    this.#doneAtMs = Math.max(this.#doneAtMs, this.#now() + takesMs);
    this.#time.after(this.#doneAtMs - this.#now(), run);
  }

  #tell(input: FragmentStoreInput): void {
    this.#post?.(input);
  }

  #now(): number {
    return this.#time.monotonicMs();
  }
}
