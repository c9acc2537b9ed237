import type { ClipInitMessage, ClipManifest } from "../contract/messages.ts";
import { ByteFile, type ByteRange } from "./byte-file.ts";
import { readClip } from "./clip-file.ts";
import { ClipFormatError, concat } from "./clip-format.ts";
import { ClipStream, type StreamedFile } from "./clip-stream.ts";
import { forgetOldest } from "./device-record.ts";
import type { ClipMessage } from "./parse.ts";
import { sha256Hex } from "./sha256.ts";

/** More of the clip has arrived. */
export interface ClipProgress {
  kind: "clip-progress";
  deviceId: string;
  clipId: string;
  /** Bytes that are there, and those from the first on without a gap. */
  bytes: number;
  contiguousBytes: number;
  init: ClipInitMessage | null;
  /** Known once `fin` has come, as is what is missing then (the first 64 ranges). */
  size: number | null;
  missing: ByteRange[];
}

/** Everything has arrived and every hash is right. Told once for a clip. */
export interface ClipComplete {
  kind: "clip-complete";
  deviceId: string;
  clipId: string;
  /** The clip's tar. */
  bytes: Uint8Array;
  sha256: string;
  init: ClipInitMessage;
  manifest: ClipManifest;
  /** It ended as it was meant to: `end` is `finished`. */
  whole: boolean;
  end: ClipManifest["end"];
}

/**
 * The next file of a clip, while it is still arriving: its bytes are those that their segments' topics tell of. They
 * are handed out once, in the order of playing, and not kept. Joined they are the MP4.
 */
export interface ClipPart {
  kind: "clip-part";
  deviceId: string;
  clipId: string;
  /** 0 is the initialisation segment (ISO/IEC 14496-12), the fragments count from 1. */
  index: number;
  name: string;
  bytes: Uint8Array;
  sha256: string;
  init: ClipInitMessage;
}

/** Every part has been handed out, and is what the manifest says. Told once for a clip. */
export interface ClipStreamed {
  kind: "clip-streamed";
  deviceId: string;
  clipId: string;
  /** Size and SHA-256 of the clip's tar, as `fin` has them. */
  bytes: number;
  sha256: string;
  init: ClipInitMessage;
  manifest: ClipManifest;
  /** It ended as it was meant to: `end` is `finished`. */
  whole: boolean;
  end: ClipManifest["end"];
}

/** There is something wrong with the clip. `final`: nothing more is expected of it. */
export interface ClipBad {
  kind: "clip-bad";
  deviceId: string;
  clipId: string;
  reason: "conflict" | "checksum" | "format" | "aborted" | "given-up";
  detail: string;
  final: boolean;
}

/** One message was refused; the clip is as it was. */
export interface ClipRefused {
  kind: "clip-refused";
  deviceId: string;
  clipId: string;
  reason: "checksum" | "too-large";
  detail: string;
}

export type ClipOutcome = ClipProgress | ClipComplete | ClipPart | ClipStreamed | ClipBad | ClipRefused;

export interface ClipAssemblerOptions extends Partial<ClipAssemblerLimits> {
  /**
   * `whole` (unless told): a clip is held until all of it is there, checked as a whole, and handed out with its bytes.
   * `parts`: each file of it is handed out as soon as everything up to its end is there and `init` has come, and only
   * what came out of order is held; the manifest proves all of them at the end. The hash of the whole tar in `fin` is
   * then not computed: its files are checked by the manifest, and its bytes by their segments.
   */
  deliver?: "whole" | "parts";
}

export interface ClipAssemblerLimits {
  /** Clips in assembly at a time. */
  maxClips: number;
  /** Bytes of all clips in assembly. */
  maxBytes: number;
  /** Bytes of one clip. */
  maxClipBytes: number;
  /** Clips that are over and still known, so that their repeated messages are left alone. */
  maxKnown: number;
}

const DEFAULT_LIMITS: ClipAssemblerLimits = {
  maxClips: 64,
  maxBytes: 536_870_912,
  maxClipBytes: 268_435_456,
  maxKnown: 4_096,
};
const MAX_MISSING = 64;
/** A clip in more pieces than this is no clip: pieces would cost more memory than bytes. */
const MAX_PIECES = 65_536;

interface Fin {
  bytes: number;
  sha256: string;
}

interface Assembly {
  deviceId: string;
  clipId: string;
  init: { body: string; message: ClipInitMessage } | null;
  fin: Fin | null;
  file: ByteFile;
  stream: ClipStream;
}

/**
 * Puts clips together from their messages, which may come in any order and any number of times (EMQX file transfer,
 * EIP-0021). Each segment is verified by the hash in its topic, the whole by that of `fin`, every file in it by the
 * manifest. In bounded memory: when there is too much, the clip that was longest without news is given up, and told.
 */
export class ClipAssembler {
  readonly #limits: ClipAssemblerLimits;
  readonly #deliver: "whole" | "parts";
  readonly #clips = new Map<string, Assembly>();
  readonly #over = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ deliver = "whole", ...limits }: ClipAssemblerOptions = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#deliver = deliver;
  }

  /** What this message means. Calls take effect in their order, also when they overlap. Never rejects. */
  receive(message: ClipMessage): Promise<ClipOutcome[]> {
    const hash = message.kind === "clip-segment" ? sha256Hex(message.bytes) : null;
    const outcomes = this.#turn.then(async () => this.#apply(message, await hash));
    this.#turn = outcomes;
    return outcomes;
  }

  /** A clip was asked for once more (`fetch-clip`): its messages count anew. */
  expectAgain(deviceId: string, clipId: string): void {
    this.#over.delete(`${deviceId}/${clipId}`);
  }

  /** Bytes held at this moment. */
  get heldBytes(): number {
    let bytes = 0;
    for (const clip of this.#clips.values()) bytes += heldBy(clip);
    return bytes;
  }

  async #apply(message: ClipMessage, hash: string | null): Promise<ClipOutcome[]> {
    const key = `${message.deviceId}/${message.clipId}`;
    if (this.#over.has(key)) return [];
    if (message.kind === "clip-abort") return [this.#end(message, "aborted", "the device gave it up")];
    if (message.kind === "clip-segment" && hash !== message.sha256) {
      return [refused(message, "checksum", `the segment at ${message.offset} is not what its topic says`)];
    }
    const size = message.kind === "clip-segment" ? message.offset + message.bytes.length : finBytes(message);
    if (size > this.#limits.maxClipBytes) {
      return [refused(message, "too-large", `${size} bytes, at most ${this.#limits.maxClipBytes} allowed`)];
    }
    const clip = this.#touch(key, message);
    if (message.kind === "clip-segment") clip.file.write(message.offset, message.bytes);
    else if (message.kind === "clip-fin") clip.fin = { bytes: message.bytes, sha256: message.sha256 };
    else if (clip.init === null) clip.init = { body: message.body, message: message.init };
    else if (clip.init.body !== message.body) return [this.#end(clip, "conflict", "two different `init`")];
    if (clip.file.pieces > MAX_PIECES) return [this.#end(clip, "given-up", `more than ${MAX_PIECES} pieces`)];
    return [...(await this.#progress(clip)), ...this.#makeRoom()];
  }

  async #progress(clip: Assembly): Promise<ClipOutcome[]> {
    const { init } = clip;
    if (this.#deliver === "whole" || init === null) return [await this.#look(clip)];
    try {
      const files = await clip.stream.push(concat(clip.file.take()));
      return [...files.map((file) => partOf(clip, init.message, file)), await this.#look(clip)];
    } catch (error) {
      if (!(error instanceof ClipFormatError)) throw error;
      return [this.#end(clip, "format", error.message)];
    }
  }

  /** Whether it is complete, or how far it has come. */
  async #look(clip: Assembly): Promise<ClipOutcome> {
    const { deviceId, clipId, init, fin, file } = clip;
    const missing = fin ? file.missing(fin.bytes, MAX_MISSING) : [];
    if (fin && init && missing.length === 0) {
      return this.#deliver === "whole"
        ? await this.#complete(clip, init.message, fin)
        : this.#streamed(clip, init.message, fin);
    }
    const progress: ClipProgress = {
      kind: "clip-progress",
      deviceId,
      clipId,
      bytes: file.bytes,
      contiguousBytes: file.contiguous(),
      init: init?.message ?? null,
      size: fin?.bytes ?? null,
      missing,
    };
    return progress;
  }

  #streamed(clip: Assembly, init: ClipInitMessage, { bytes, sha256 }: Fin): ClipStreamed | ClipBad {
    const { deviceId, clipId, stream } = clip;
    try {
      if (stream.bytes !== bytes) throw new ClipFormatError(`${stream.bytes} bytes, not ${bytes}`);
      const manifest = stream.end(clipId);
      this.#close(clip);
      const whole = manifest.end === "finished";
      const about = { bytes, sha256, init, manifest, whole, end: manifest.end };
      return { kind: "clip-streamed", deviceId, clipId, ...about };
    } catch (error) {
      if (!(error instanceof ClipFormatError)) throw error;
      return this.#end(clip, "format", error.message);
    }
  }

  async #complete(clip: Assembly, init: ClipInitMessage, fin: Fin): Promise<ClipComplete | ClipBad> {
    const bytes = clip.file.read(fin.bytes);
    const { deviceId, clipId } = clip;
    if ((await sha256Hex(bytes)) !== fin.sha256) {
      const detail = "the segments are right, the whole is not what `fin` says";
      return { kind: "clip-bad", deviceId, clipId, reason: "checksum", detail, final: false };
    }
    try {
      const { manifest } = await readClip(bytes);
      if (manifest.clipId !== clipId) throw new ClipFormatError(`the manifest is that of ${manifest.clipId}`);
      this.#close(clip);
      const whole = manifest.end === "finished";
      const { sha256 } = fin;
      return {
        kind: "clip-complete",
        deviceId,
        clipId,
        bytes,
        sha256,
        init,
        manifest,
        whole,
        end: manifest.end,
      };
    } catch (error) {
      if (!(error instanceof ClipFormatError)) throw error;
      return this.#end(clip, "format", error.message);
    }
  }

  #touch(key: string, { deviceId, clipId }: ClipMessage): Assembly {
    const clip = this.#clips.get(key) ?? {
      deviceId,
      clipId,
      init: null,
      fin: null,
      file: new ByteFile(),
      stream: new ClipStream(this.#limits.maxClipBytes),
    };
    this.#clips.delete(key);
    this.#clips.set(key, clip);
    return clip;
  }

  #makeRoom(): ClipBad[] {
    const givenUp: ClipBad[] = [];
    let bytes = this.heldBytes;
    for (const clip of this.#clips.values()) {
      if (this.#clips.size <= this.#limits.maxClips && bytes <= this.#limits.maxBytes) break;
      bytes -= heldBy(clip);
      givenUp.push(this.#end(clip, "given-up", "no room for it among the clips that are arriving"));
    }
    return givenUp;
  }

  #end(clip: { deviceId: string; clipId: string }, reason: ClipBad["reason"], detail: string): ClipBad {
    this.#close(clip);
    return { kind: "clip-bad", deviceId: clip.deviceId, clipId: clip.clipId, reason, detail, final: true };
  }

  #close({ deviceId, clipId }: { deviceId: string; clipId: string }): void {
    const key = `${deviceId}/${clipId}`;
    this.#clips.delete(key);
    this.#over.add(key);
    forgetOldest(this.#over, this.#limits.maxKnown);
  }
}

function heldBy({ file, stream }: Assembly): number {
  return file.heldBytes + stream.pendingBytes;
}

function partOf({ deviceId, clipId }: Assembly, init: ClipInitMessage, file: StreamedFile): ClipPart {
  return { kind: "clip-part", deviceId, clipId, ...file, init };
}

function finBytes(message: ClipMessage): number {
  return message.kind === "clip-fin" ? message.bytes : 0;
}

function refused(
  { deviceId, clipId }: ClipMessage,
  reason: ClipRefused["reason"],
  detail: string,
): ClipRefused {
  return { kind: "clip-refused", deviceId, clipId, reason, detail };
}
