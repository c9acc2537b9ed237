import { createHash } from "node:crypto";
import { RebaseError } from "../../../agent/media/rebase.ts";
import { type Fragment, FragmentRing } from "../../../agent/media/ring.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  ClipEnd,
  FragmentPair,
  FragmentSink,
  FragmentStore,
  FragmentStoreInput,
  InitSegment,
  PayloadReference,
  PayloadSource,
  SegmentPart,
} from "../../ports/fragment-store.ts";
import type { StorageClient } from "./client.ts";
import { ClipCutter } from "./clip-cutter.ts";
import type { ClipRequest, FromWorker, NewFragments } from "./messages.ts";
import { RecentBytes } from "./recent-bytes.ts";

type OpenRequest = Parameters<FragmentStore["openClip"]>[0];

/** A clip that is being recorded; `cutter` is null until its first picture comes. */
interface Recording {
  request: OpenRequest;
  cutter: ClipCutter | null;
  /** It is to begin with its pre-roll, in a moment. */
  pending: boolean;
}

const RECENT_SEGMENT_BYTES = 4_194_304;
const SPLIT_SEGMENT_BYTES = 524_288;
const RECENT_STILL_BYTES = 1_048_576;
/** A press is known only after its hold, and a picture only after the camera's lag: the ring reaches that much further. */
const LATEST_PRESS_MS = 2_000;
const TIDY_EVERY_MS = 60_000;
const ENDED_REMEMBERED = 64;
const NOTHING: NewFragments = { fragments: [], durationMs: 0 };

/** Ring, recording and upload of clips. The ring is here; files and hashes are the worker's. */
export class LinuxFragmentStore implements FragmentStore, FragmentSink, PayloadSource {
  readonly #client: StorageClient;
  readonly #clock: Pick<Clock, "monotonicMs" | "read">;
  readonly #ring: FragmentRing;
  readonly #recentSegments = new RecentBytes(RECENT_SEGMENT_BYTES);
  /** Segments from the disk whose parts are being sent: each is read once, not once a part. */
  readonly #splitSegments = new RecentBytes(SPLIT_SEGMENT_BYTES);
  readonly #recentStills = new RecentBytes(RECENT_STILL_BYTES);
  readonly #recordings = new Map<string, Recording>();
  /** Clips that ended by themselves, so that closing one once more is no error. */
  readonly #ended = new Set<string>();
  #stream: InitSegment | null = null;
  #post: ((input: FragmentStoreInput) => void) | null = null;
  #tidying: NodeJS.Timeout | undefined;

  constructor(
    client: StorageClient,
    options: {
      clock: Pick<Clock, "monotonicMs" | "read">;
      clip: { preRollMs: number; ringMaxBytes: number };
    },
  ) {
    this.#client = client;
    this.#clock = options.clock;
    this.#ring = new FragmentRing({
      keepMs: options.clip.preRollMs + LATEST_PRESS_MS,
      maxBytes: options.clip.ringMaxBytes,
    });
  }

  start(post: (input: FragmentStoreInput) => void): void {
    this.#post = post;
    this.#client.startClips((message) => this.#receive(message));
    this.#tidying = setInterval(() => this.#tidy(), TIDY_EVERY_MS);
    this.#tidying.unref();
    this.#tidy();
  }

  openClip(request: OpenRequest): void {
    assertId(request.clipId);
    assertId(request.eventId);
    if (this.#recordings.has(request.clipId))
      throw new Error(`clip ${request.clipId} is being recorded already`);
    if (!this.#stream) return this.#fail(request.clipId, "the camera has no picture");
    this.#tidy();
    const recording: Recording = { request, cutter: null, pending: true };
    this.#recordings.set(request.clipId, recording);
    // Copying the pre-roll takes milliseconds, and the press that it belongs to is still to leave the socket.
    setImmediate(() => this.#beginWithPreRoll(recording));
  }

  closeClip(clipId: string, _atMs: number): void {
    if (this.#recordings.has(clipId)) this.#end(clipId, "finished");
    else if (!this.#ended.has(clipId)) this.#fail(clipId, "it is not being recorded");
  }

  listSegments(clipId: string, fromIndex: number, limit: number): void {
    this.#ask({ kind: "list-segments", clipId, fromIndex, limit });
  }

  splitSegment({ clipId, index, partBytes }: Parameters<FragmentStore["splitSegment"]>[0]): void {
    assertId(clipId);
    if (!(partBytes > 0)) throw new RangeError(`no parts of ${partBytes} bytes`);
    void this.#segment(clipId, index, true).then((found) => {
      const parts = found === "gone" ? [] : partsOf(found, partBytes);
      this.#post?.({ type: "clip.parts", occurredAt: this.#clock.monotonicMs(), clipId, index, parts });
    });
  }

  listPending(limit: number): void {
    this.#ask({ kind: "list-pending", limit });
  }

  markAcked(clipId: string, segments: number): void {
    this.#ask({ kind: "acked", clipId, segments });
  }

  markUploaded(clipId: string): void {
    this.#forgetSegments(clipId);
    this.#ask({ kind: "uploaded", clipId });
  }

  markAnnounced(clipId: string): void {
    this.#ask({ kind: "announced", clipId });
  }

  listClips({ request, before, limit }: Parameters<FragmentStore["listClips"]>[0]): void {
    this.#ask({ kind: "list", request, before, limit });
  }

  requeueClip({ request, clipId }: Parameters<FragmentStore["requeueClip"]>[0]): void {
    assertId(clipId);
    this.#ask({ kind: "requeue", request, clipId });
  }

  deleteClip({ request, clipId }: Parameters<FragmentStore["deleteClip"]>[0]): void {
    assertId(clipId);
    this.#forgetSegments(clipId);
    this.#ask({ kind: "delete", request, clipId });
  }

  forgetStill(eventId: string): void {
    assertId(eventId);
    this.#recentStills.delete(eventId);
    this.#ask({ kind: "forget-still", eventId });
  }

  /** Closes what is being recorded as `interrupted`, and waits until all of it is on disk. */
  async stop(): Promise<void> {
    clearInterval(this.#tidying);
    if (!this.#post) return;
    this.#endAll("interrupted");
    this.#post = null;
    await this.#client.stopClips();
  }

  init(segment: InitSegment): void {
    this.#endAll("seam");
    this.#ring.clear();
    this.#stream = segment;
  }

  pair(pair: FragmentPair): void {
    if (!this.#stream) return;
    for (const recording of this.#recordings.values()) this.#beginWithPreRoll(recording);
    const { whole, overflow } = this.#ring.add(pair);
    const { filling } = this.#ring;
    for (const recording of this.#recordings.values()) {
      if (!recording.cutter && filling) this.#begin(recording, filling);
      else if (whole) this.#grow(recording, whole);
    }
    // No keyframe for so long that memory is short: what came since the last one is lost.
    if (overflow) this.#endAll("camera-lost");
  }

  end(): void {
    this.#endAll("camera-lost");
    this.#ring.clear();
    this.#stream = null;
  }

  still(eventId: string, jpeg: Uint8Array): void {
    assertId(eventId);
    this.#recentStills.put(eventId, jpeg);
    // The camera may still be ending when the store has stopped.
    if (this.#post) this.#ask({ kind: "still", eventId, jpeg });
  }

  async read(reference: PayloadReference): Promise<Uint8Array | "gone"> {
    if (reference.kind === "still") assertId(reference.eventId);
    else assertId(reference.clipId);
    if (reference.kind === "still")
      return this.#recentStills.get(reference.eventId) ?? this.#client.read(reference);
    const { clipId, index, part } = reference;
    const segment = await this.#segment(clipId, index, part !== undefined);
    if (!part || segment === "gone") return segment;
    const bytes = segment.subarray(part.from, part.from + part.bytes);
    return bytes.length === part.bytes ? bytes : "gone";
  }

  /** Never rejects. `inParts`: it is about to be asked for again, part by part. */
  async #segment(clipId: string, index: number, inParts: boolean): Promise<Uint8Array | "gone"> {
    const key = segmentKey(clipId, index);
    const held = this.#recentSegments.get(key) ?? this.#splitSegments.get(key);
    if (held) return held;
    const read = await this.#client.read({ kind: "segment", clipId, index });
    if (inParts && read !== "gone") this.#splitSegments.put(key, read);
    return read;
  }

  #forgetSegments(clipId: string): void {
    this.#recentSegments.deleteAll(`${clipId}/`);
    this.#splitSegments.deleteAll(`${clipId}/`);
  }

  #beginWithPreRoll(recording: Recording): void {
    if (!recording.pending || this.#recordings.get(recording.request.clipId) !== recording) return;
    recording.pending = false;
    const [first] = this.#ring.wholeFrom(recording.request.fromMs);
    const begin = first ?? this.#ring.filling;
    if (begin) this.#begin(recording, begin);
  }

  #begin(recording: Recording, first: Readonly<Fragment>): void {
    const { request } = recording;
    const stream = this.#stream;
    if (!stream) return;
    this.#orLost(request.clipId, () => {
      const cutter = new ClipCutter(stream, first);
      const whole = first === this.#ring.filling ? [] : this.#ring.wholeFrom(request.fromMs);
      const cut = cutter.cut(whole);
      recording.cutter = cutter;
      this.#send({
        kind: "open",
        clipId: request.clipId,
        eventId: request.eventId,
        initBody: request.initBody,
        segmentBytes: request.segmentBytes,
        about: request.manifest,
        preRollMs: Math.max(0, Math.round(request.eventAtMs - cutter.firstAtMs)),
        init: stream.data,
        atMs: this.#clock.monotonicMs(),
        ...cut,
      });
    });
  }

  #grow({ request: { clipId }, cutter }: Recording, whole: Fragment): void {
    this.#orLost(clipId, () => {
      const cut = cutter?.cut([whole]) ?? NOTHING;
      if (cut.fragments.length > 0) this.#send({ kind: "append", clipId, ...cut });
    });
  }

  #endAll(end: ClipEnd): void {
    for (const clipId of [...this.#recordings.keys()]) this.#end(clipId, end);
  }

  /** Ends the clip with what has come of the fragment that is being filled. */
  #end(clipId: string, end: ClipEnd): void {
    const recording = this.#recordings.get(clipId);
    if (recording) this.#beginWithPreRoll(recording);
    const cutter = recording?.cutter;
    if (!cutter) {
      this.#forget(clipId);
      this.#fail(clipId, "no picture came before it ended");
      return;
    }
    const { filling } = this.#ring;
    this.#orLost(clipId, () => {
      const cut = filling ? cutter.cut([filling]) : NOTHING;
      this.#forget(clipId);
      this.#send({ kind: "close", clipId, end, ...cut });
    });
  }

  /** Bytes that cannot be cut are the camera's fault: the clip keeps what it has. */
  #orLost(clipId: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof RebaseError)) throw error;
      const begun = this.#recordings.get(clipId)?.cutter;
      this.#forget(clipId);
      if (begun) this.#send({ kind: "close", clipId, end: "camera-lost", ...NOTHING });
      else this.#fail(clipId, `the camera's video cannot be cut: ${error.message}`);
    }
  }

  #forget(clipId: string): void {
    this.#recordings.delete(clipId);
    this.#ended.add(clipId);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= ENDED_REMEMBERED) return;
      this.#ended.delete(oldest);
    }
  }

  #receive(message: Extract<FromWorker, { from: "clips" | "overflow" }>): void {
    if (message.from === "overflow") {
      if (this.#recordings.has(message.clipId)) this.#end(message.clipId, "store-failed");
      return;
    }
    const { input, payloads } = message;
    if (input.type === "clip.failed") this.#forget(input.clipId);
    // What was read meanwhile goes too: deleted means deleted.
    if (input.type === "clip.evicted" || input.type === "clip.deleted") this.#forgetSegments(input.clipId);
    if (input.type === "clip.grew" || input.type === "clip.closed") {
      input.segments.forEach((segment, at) => {
        const bytes = payloads[at];
        if (bytes) this.#recentSegments.put(segmentKey(input.clipId, segment.index), bytes);
      });
    }
    this.#post?.({ ...input, occurredAt: this.#clock.monotonicMs() });
  }

  #tidy(): void {
    const { monotonicMs, utcMs, trust } = this.#clock.read();
    this.#ask({ kind: "tidy", monotonicMs, utcMs: trust === "synced" ? utcMs : null });
  }

  #fail(clipId: string, reason: string): void {
    this.#post?.({ type: "clip.failed", occurredAt: this.#clock.monotonicMs(), clipId, reason });
  }

  /** Sends fragments, whose memory goes with them. */
  #send(request: ClipRequest & NewFragments): void {
    this.#client.send(
      { to: "clips", request },
      request.fragments.map((fragment) => fragment.buffer),
    );
  }

  #ask(request: ClipRequest): void {
    this.#client.send({ to: "clips", request });
  }
}

function partsOf(segment: Uint8Array, partBytes: number): SegmentPart[] {
  const parts: SegmentPart[] = [];
  for (let from = 0; from < segment.length; from += partBytes) {
    const bytes = segment.subarray(from, from + partBytes);
    parts.push({ from, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  return parts;
}

function segmentKey(clipId: string, index: number): string {
  return `${clipId}/${index}`;
}

/** Ids become the names of files. */
function assertId(id: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new TypeError(`not an id: ${JSON.stringify(id)}`);
}
