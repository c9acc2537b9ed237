import { join } from "node:path";
import Database from "better-sqlite3";
import type {
  ClipEvicted,
  ClipsRecovered,
  FragmentStoreInput,
  PayloadReference,
} from "../../ports/fragment-store.ts";
import type { StoreFault } from "../../ports/store.ts";
import { ClipBuilder, type Growth } from "./clip-builder.ts";
import { FileBytes, MemoryBytes } from "./clip-bytes.ts";
import { recoverClips } from "./clip-recovery.ts";
import { ClipShelf } from "./clip-shelf.ts";
import { CLIP_SCHEMA, type ClipRow, ClipTable, closingOf, summaryOf } from "./clip-table.ts";
import { fulfil, type HeldClips } from "./clip-wishes.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { storageFault } from "./faults.ts";
import type { ClipRequest, SpoolListener, StorageOptions, Unstamped } from "./messages.ts";
import type { DatabaseSource } from "./outbox.ts";
import { StillFiles } from "./still-files.ts";

type Answer = Unstamped<FragmentStoreInput>;
type Request<K extends ClipRequest["kind"]> = Extract<ClipRequest, { kind: K }>;

interface Recording {
  builder: ClipBuilder;
  shelf: ClipShelf;
  /** It has no room any more: what still comes for it is left out. */
  full: boolean;
}

/** Memory for clips that no disk takes. */
const MEMORY_BYTES = 16_777_216;
const MOST_STILLS = 64;
const EVERYTHING = 2_147_483_647;
/** Clips given up for one thing that finds no room: where that does not help, giving up more will not. */
const MOST_GIVEN_UP = 8;

/**
 * Recorded clips, on disk within the spool's budget, and in memory while the disk cannot take them. One request
 * at a time: the caller waits for each before the next.
 */
export class ClipSpool {
  readonly #options: StorageOptions;
  readonly #source: DatabaseSource;
  readonly #reserve: DiskReserve;
  readonly #listener: SpoolListener;
  readonly #files: FileBytes;
  readonly #stills: StillFiles;
  readonly #memory: ClipShelf;
  #disk: ClipShelf | null = null;
  #trouble: StoreFault | null = null;
  #recovered: ClipsRecovered | null = null;
  readonly #recording = new Map<string, Recording>();
  /** Monotonic times at which clips of this run were opened, until a trusted clock has dated them. */
  readonly #openedAtMs = new Map<string, number>();
  /** Acknowledgements that are not written yet: they come many a second, and may be forgotten. */
  readonly #acked = new Map<string, number>();
  /** Clips that went on in memory and could not be removed from the disk yet. */
  readonly #leftovers = new Set<string>();

  constructor(
    options: StorageOptions,
    source: DatabaseSource,
    reserve: DiskReserve,
    listener: SpoolListener,
  ) {
    this.#options = options;
    this.#source = source;
    this.#reserve = reserve;
    this.#listener = listener;
    this.#files = new FileBytes(join(options.folder, "clips"));
    this.#stills = new StillFiles(join(options.folder, "stills"), MOST_STILLS);
    const inMemory = new Database(":memory:");
    inMemory.exec(CLIP_SCHEMA);
    this.#memory = new ClipShelf(new ClipTable(inMemory), new MemoryBytes(), { maxBytes: MEMORY_BYTES });
  }

  /** Opens the spool and puts right what an earlier process left. Without a usable disk it says so and goes on. */
  async start(): Promise<void> {
    await this.#openDisk();
  }

  async handle(request: ClipRequest): Promise<void> {
    switch (request.kind) {
      case "open":
        return this.#open(request);
      case "append":
        return this.#append(request);
      case "close":
        return this.#close(request);
      case "list-segments":
        return this.#listSegments(request);
      case "list-pending":
        return this.#listPending(request);
      case "acked":
        this.#acked.set(request.clipId, Math.max(request.segments, this.#acked.get(request.clipId) ?? 0));
        return;
      case "uploaded":
        return this.#mark((shelf) => shelf.table.uploaded(request.clipId));
      case "announced":
        return this.#mark((shelf) => shelf.table.announced(request.clipId));
      case "list":
      case "requeue":
      case "delete":
        return this.#answer(await fulfil(this.#held(), request));
      case "still":
        return this.#onDisk(`still ${request.eventId}`, () => {
          this.#reserve.spare();
          return this.#stills.put(request.eventId, request.jpeg);
        });
      case "forget-still":
        return this.#onDisk(`still ${request.eventId}`, () => this.#stills.remove(request.eventId));
      case "tidy":
        return this.#tidy(request);
    }
  }

  /** Bytes by reference, or `gone`. May run beside anything else. */
  async read(reference: PayloadReference): Promise<Uint8Array<ArrayBuffer> | "gone"> {
    try {
      if (reference.kind === "still") {
        return (this.#disk && (await this.#stills.get(reference.eventId))) ?? "gone";
      }
      for (const shelf of this.#shelves()) {
        const [segment] = shelf.table.segments(reference.clipId, reference.index, 1);
        if (segment?.index !== reference.index) continue;
        return (await shelf.bytes.read(reference.clipId, segment.offset, segment.bytes)) ?? "gone";
      }
      return "gone";
    } catch (error) {
      this.#tell(error, "reading a clip");
      return "gone";
    }
  }

  /**
   * The disk has no room for a message: gives up the clip that is needed least. At once, between two steps of
   * anything else. False when there is none.
   * @throws StorageFault
   */
  giveUpForMessages(): boolean {
    return this.#disk !== null && this.#giveUpOne(this.#disk);
  }

  /** Writes what was only noted. */
  async flush(): Promise<void> {
    if (this.#acked.size === 0) return;
    const counts = [...this.#acked];
    this.#acked.clear();
    await this.#mark((shelf) => shelf.table.acked(counts));
  }

  async #openDisk(): Promise<void> {
    try {
      const shelf = new ClipShelf(new ClipTable(this.#source.open().database), this.#files, {
        maxBytes: this.#options.spool.maxBytes,
        removing: (work) => this.#reserve.removing(work),
      });
      const recovered: ClipsRecovered = { interrupted: 0, lost: 0, orphans: 0 };
      await this.#makingRoomOn(shelf, () =>
        recoverClips(shelf, this.#files, recovered, (row) => this.#evicted(row, "lost")),
      );
      this.#disk = shelf;
      if (recovered.interrupted + recovered.lost + recovered.orphans > 0) this.#recovered = recovered;
    } catch (error) {
      this.#tell(error, "clips");
    }
  }

  async #open(request: Request<"open">): Promise<void> {
    if (!this.#disk) await this.#openDisk();
    const { clipId, eventId, initBody, segmentBytes, preRollMs, fragments, durationMs } = request;
    if (this.#shelves().some((shelf) => shelf.table.get(clipId))) {
      return this.#answer({ type: "clip.failed", clipId, reason: "a clip of this id is there already" });
    }
    const builder = new ClipBuilder({
      clipId,
      eventId,
      initBody,
      segmentBytes,
      preRollMs,
      about: JSON.stringify(request.about),
      recordedBytes: 0,
      segments: 0,
      fragments: 0,
      durationMs: 0,
      end: null,
      sha256: null,
      acked: 0,
      uploaded: 0,
      announced: 0,
      recordedUtcMs: null,
    });
    const clip: Recording = { builder, shelf: this.#disk ?? this.#memory, full: false };
    if (!(await this.#hasRoom(clip, [request.init, ...fragments]))) {
      return this.#answer({ type: "clip.failed", clipId, reason: "no room for it" });
    }
    this.#openedAtMs.set(clipId, request.atMs);
    this.#recording.set(clipId, clip);
    const grown = await builder.begin(request.init, fragments, durationMs);
    await this.#keep(clip, grown);
    this.#answer({ type: "clip.opened", clipId, preRollMs });
    this.#answer({ type: "clip.grew", clipId, segments: grown.segments }, grown.pieces);
  }

  async #append({ clipId, fragments, durationMs }: Request<"append">): Promise<void> {
    const clip = this.#recording.get(clipId);
    if (!clip || clip.full) return;
    if (!(await this.#hasRoom(clip, fragments))) {
      clip.full = true;
      this.#listener.overflow(clipId);
      return;
    }
    const grown = await clip.builder.add(fragments, durationMs);
    await this.#keep(clip, grown);
    this.#answer({ type: "clip.grew", clipId, segments: grown.segments }, grown.pieces);
  }

  async #close({ clipId, fragments, durationMs, end }: Request<"close">): Promise<void> {
    const clip = this.#recording.get(clipId);
    if (!clip) return;
    this.#recording.delete(clipId);
    const fits = !clip.full && (await this.#hasRoom(clip, fragments));
    const grown = fits
      ? await clip.builder.end(fragments, durationMs, end)
      : await clip.builder.end([], 0, "store-failed");
    await this.#keep(clip, grown);
    const closing = closingOf(grown.row);
    if (!closing) throw new Error(`clip ${clipId} was closed without an end`);
    this.#answer({ type: "clip.closed", clipId, closing, segments: grown.segments }, grown.pieces);
  }

  #listSegments({ clipId, fromIndex, limit }: Request<"list-segments">): void {
    const shelf = this.#shelves().find((one) => one.table.get(clipId));
    const segments = shelf?.table.segments(clipId, fromIndex, limit) ?? [];
    this.#answer({ type: "clip.segments", clipId, fromIndex, segments, gone: !shelf });
  }

  async #listPending({ limit }: Request<"list-pending">): Promise<void> {
    await this.flush();
    // What is in memory is of this run, and so the youngest.
    const lists = this.#shelves()
      .toReversed()
      .map((shelf) => shelf.table.pending(limit));
    const clips = lists.flatMap((list) => list.rows.map(summaryOf)).slice(0, limit);
    const total = lists.reduce((sum, list) => sum + list.total, 0);
    const recovered = this.#recovered ? { recovered: this.#recovered } : {};
    this.#recovered = null;
    this.#answer({ type: "clip.pending", clips, total, ...recovered });
  }

  /** Writes to the clip's shelf; when the disk cannot take it, the clip goes on in memory. */
  async #keep(clip: Recording, grown: Growth): Promise<void> {
    const { clipId } = grown.row;
    if (clip.shelf === this.#memory) return this.#memory.keep(grown);
    try {
      const disk = clip.shelf;
      await this.#makingRoomOn(disk, () => disk.keep(grown));
      this.#trouble = null;
      for (const leftover of this.#leftovers) await this.#removeLeftover(clip.shelf, leftover);
    } catch (error) {
      this.#tell(error, `clip ${clipId}`);
      await this.#moveToMemory(clip, grown);
    }
  }

  /** On a full disk the closed clips give way, as they do to the budget: uploaded ones first, then the oldest. */
  async #makingRoomOn(disk: ClipShelf, work: () => Promise<void>): Promise<void> {
    for (let givenUp = 0; ; givenUp += 1) {
      try {
        this.#reserve.spare();
        return await work();
      } catch (error) {
        const isFull = storageFault(error, "clips").fault === "full";
        if (!isFull || givenUp === MOST_GIVEN_UP || !this.#giveUpOne(disk)) throw error;
      }
    }
  }

  #giveUpOne(disk: ClipShelf): boolean {
    const clip = disk.removeLeastNeeded();
    if (clip) this.#evicted(clip, "disk-full");
    return clip !== null;
  }

  async #moveToMemory(clip: Recording, grown: Growth): Promise<void> {
    const { clipId, recordedBytes } = grown.row;
    const disk = clip.shelf;
    clip.shelf = this.#memory;
    const before = grown.segments[0]?.offset ?? recordedBytes;
    const known = disk.table.segments(clipId, 0, EVERYTHING).filter((segment) => segment.offset < before);
    await this.#guarded(`clip ${clipId}`, async () => {
      const bytes = before > 0 ? await disk.bytes.read(clipId, 0, before) : null;
      if (bytes) await this.#memory.bytes.append(clipId, 0, [bytes]);
    });
    const files = [...disk.table.files(clipId), ...grown.files];
    await this.#memory.keep({ ...grown, segments: [...known, ...grown.segments], files });
    this.#leftovers.add(clipId);
    await this.#guarded(`clip ${clipId}`, () => this.#removeLeftover(disk, clipId));
  }

  /** The file first: without it a later start forgets the rest, and never sends another content under this id. */
  async #removeLeftover(disk: ClipShelf, clipId: string): Promise<void> {
    await disk.remove(clipId);
    this.#leftovers.delete(clipId);
  }

  /** Makes room by the budget's rules. A disk that fails at that will say so again when it is written to. */
  async #hasRoom(clip: Recording, data: readonly Uint8Array[]): Promise<boolean> {
    try {
      const bytes = clip.builder.bytesToCloseAfter(data);
      return await clip.shelf.makeRoom(bytes, (removed) => this.#evicted(removed, "budget"));
    } catch (error) {
      this.#tell(error, "clips");
      return true;
    }
  }

  /** Dates clips by a clock that can be trusted, and removes those that are too old by it. */
  async #tidy({ utcMs, monotonicMs }: Request<"tidy">): Promise<void> {
    await this.#onDisk("disk reserve", async () => this.#reserve.refill());
    // The bound may have been lowered since the last start.
    await this.#eachShelf(async (shelf) => {
      await shelf.makeRoom(0, (removed) => this.#evicted(removed, "budget"));
    });
    if (utcMs === null) return;
    await this.#mark((shelf) => {
      const dates = shelf.table.undated().map(({ clipId }) => {
        const agoMs = monotonicMs - (this.#openedAtMs.get(clipId) ?? monotonicMs);
        return { clipId, recordedUtcMs: utcMs - agoMs };
      });
      if (dates.length > 0) shelf.table.date(dates);
      for (const { clipId } of dates) this.#openedAtMs.delete(clipId);
    });
    await this.#eachShelf(async (shelf) => {
      for (const row of shelf.table.olderThan(utcMs - this.#options.spool.maxAgeMs)) {
        if (await shelf.remove(row.clipId)) this.#evicted(row, "age");
      }
    });
  }

  /** Writes something small down that must not be forgotten: an upload that is not marked is made again and again. */
  async #mark(change: (shelf: ClipShelf) => void): Promise<void> {
    await this.#eachShelf(async (shelf) => this.#reserve.removing(() => change(shelf)));
  }

  async #eachShelf(work: (shelf: ClipShelf) => Promise<void>): Promise<void> {
    for (const shelf of this.#shelves()) await this.#guarded("clips", () => work(shelf));
  }

  async #guarded(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tell(error, doing);
    }
  }

  /** Never touches a folder that another agent has. */
  async #onDisk(doing: string, work: () => Promise<void>): Promise<void> {
    if (this.#disk) await this.#guarded(doing, work);
  }

  /** Memory first: a clip that went on there may have left something on the disk. */
  #shelves(): ClipShelf[] {
    return this.#disk ? [this.#memory, this.#disk] : [this.#memory];
  }

  #held(): HeldClips {
    return {
      shelves: this.#shelves(),
      isLeftover: (clipId, shelf) => shelf === this.#disk && this.#leftovers.has(clipId),
      forgetAcks: (clipId) => this.#acked.delete(clipId),
      removing: (work) => this.#reserve.removing(work),
      tell: (error) => this.#tell(error, "clips"),
    };
  }

  #evicted(row: ClipRow, reason: ClipEvicted["reason"]): void {
    if (row.uploaded) return;
    const { clipId, eventId, recordedBytes: bytes } = row;
    this.#answer({ type: "clip.evicted", clipId, eventId, bytes, reason });
  }

  /** Says what is wrong with the spool, once for each change. */
  #tell(error: unknown, doing: string): void {
    const { fault, message: detail } = storageFault(error, doing);
    if (fault === this.#trouble) return;
    this.#trouble = fault;
    this.#answer({ type: "clip.spool-fault", fault, detail });
  }

  #answer(answer: Answer, pieces: Uint8Array<ArrayBuffer>[] = []): void {
    this.#listener.answer(answer, pieces);
  }
}
