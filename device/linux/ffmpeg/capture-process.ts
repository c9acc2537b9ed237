import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { Fragmenter, NotFragmentedMp4, type StreamPart } from "../../../agent/media/fragmenter.ts";
import type { Clock } from "../../ports/clock.ts";
import { withoutSecrets } from "./camera-problem.ts";

/** How a capture ended by itself. */
export type CaptureEnd =
  | { kind: "not-started"; detail: string }
  | { kind: "stalled" }
  | { kind: "garbage"; detail: string }
  | {
      kind: "exited";
      code: number | null;
      signal: string | null;
      /** ffmpeg's last lines. */
      words: string[];
      /** It complained within a second of its end. */
      complainedAtEnd: boolean;
      /** It ended inside a fragment. */
      cutOff: boolean;
    };

export interface CaptureProcessOptions {
  ffmpegPath: string;
  arguments: string[];
  /** Written to its standard input, which then ends; null for nothing. */
  standardInput: string | null;
  /** Struck out of what it says. */
  secrets: readonly string[];
  clock: Pick<Clock, "monotonicMs">;
  /** Silence longer than this is a stall. */
  stallMs: number;
  onPart(part: StreamPart, arrivedAtMs: number): void;
  /** Bytes of the gray tap, if its arguments have one; null: they have none. */
  onTap: ((chunk: Uint8Array) => void) | null;
  /** Called once, unless `kill` came first. */
  onEnd(end: CaptureEnd): void;
}

/** Nothing need arrive sooner than this after the start. */
const START_MS = 8_000;
const KILL_AFTER_MS = 1_000;
const KEPT_LINES = 6;

/** One running ffmpeg: its output as parts of a stream, and how it ended. */
export class CaptureProcess {
  readonly #options: CaptureProcessOptions;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #fragmenter = new Fragmenter();
  readonly #words: string[] = [];
  #spokeAtMs = Number.NEGATIVE_INFINITY;
  #watchdog: NodeJS.Timeout;
  #reported = false;

  constructor(options: CaptureProcessOptions) {
    this.#options = options;
    const child = spawn(options.ffmpegPath, options.arguments, {
      stdio: [
        options.standardInput === null ? "ignore" : "pipe",
        "pipe",
        "pipe",
        options.onTap ? "pipe" : "ignore",
      ],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    this.#watchdog = this.#watch(Math.max(START_MS, options.stallMs));
    child.on("error", (error) => this.#end({ kind: "not-started", detail: error.message }));
    // One that ends before it has read its input says so by its end.
    child.stdin?.on("error", () => {}).end(options.standardInput);
    const { onTap } = options;
    const tap = child.stdio[3];
    if (onTap && tap instanceof Readable) tap.on("data", (chunk: Buffer) => !this.#reported && onTap(chunk));
    child.stdout?.on("data", (chunk: Buffer) => this.#take(chunk));
    if (child.stderr) createInterface({ input: child.stderr }).on("line", (line) => this.#hear(line));
    child.on("close", (code, signal) => {
      const complainedAtEnd = options.clock.monotonicMs() - this.#spokeAtMs < 1_000;
      const cutOff = this.#fragmenter.unfinishedBytes > 0;
      this.#end({ kind: "exited", code, signal, words: this.#words, complainedAtEnd, cutOff });
    });
  }

  /**
   * Ends the process, gently at first; nothing is reported any more. Settles when it is gone. Whatever it may have
   * started itself finds its output closed.
   */
  async kill(): Promise<void> {
    this.#reported = true;
    clearTimeout(this.#watchdog);
    if (this.#child.pid === undefined) return;
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), KILL_AFTER_MS);
    await this.#exited;
    clearTimeout(force);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    for (const stream of [this.#child.stdin, this.#child.stdio[3]]) stream?.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#reported) return;
    const arrivedAtMs = this.#options.clock.monotonicMs();
    try {
      for (const part of this.#fragmenter.push(chunk)) {
        // Sound alone does not show that the camera sees.
        if (part.kind === "pair" && part.pair.frames > 0) {
          clearTimeout(this.#watchdog);
          this.#watchdog = this.#watch(this.#options.stallMs);
        }
        this.#options.onPart(part, arrivedAtMs);
      }
    } catch (error) {
      if (!(error instanceof NotFragmentedMp4)) throw error;
      this.#end({ kind: "garbage", detail: error.message });
    }
  }

  #hear(line: string): void {
    this.#spokeAtMs = this.#options.clock.monotonicMs();
    this.#words.push(withoutSecrets(line, this.#options.secrets).slice(0, 300));
    if (this.#words.length > KEPT_LINES) this.#words.shift();
  }

  #watch(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#end({ kind: "stalled" }), ms);
  }

  /** A process that stalls or talks nonsense has lost its right to a gentle end. */
  #end(end: CaptureEnd): void {
    if (this.#reported) return;
    this.#reported = true;
    clearTimeout(this.#watchdog);
    this.#child.kill("SIGKILL");
    this.#options.onEnd(end);
  }
}
