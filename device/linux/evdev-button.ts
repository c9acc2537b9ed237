import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ButtonEdge, ButtonLine, ButtonLineState } from "../ports/button-line.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * A button that the kernel's gpio-keys driver serves as an input device (on a Pi: `dtoverlay=gpio-key`). Reads
 * `struct input_event` records (linux/input.h): on 64-bit kernels two 8-byte words of time, type, code, value.
 * Any key of the device is the button. A device that goes away is opened again each second.
 *
 * The device is read by `cat`: Node cannot poll a character device, and a read that blocks one of its threads would
 * keep the process from ever ending. A shell ends `cat` when our end of its input closes, however we end.
 */
export class EvdevButton implements ButtonLine {
  readonly #path: string;
  readonly #clock: Clock;
  #reader: ChildProcessByStdio<Writable, Readable, Readable> | null = null;
  #again: NodeJS.Timeout | null = null;
  #settled: NodeJS.Timeout | null = null;
  #told: ButtonLineState["state"] = "ready";
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  start(post: (input: ButtonEdge | ButtonLineState) => void): void {
    const reader = spawn("sh", ["-c", READ_UNTIL_WE_END, this.#path], { stdio: "pipe" });
    this.#reader = reader;
    this.#rest = Buffer.alloc(0);
    const say = (state: ButtonLineState["state"], reason: string) => {
      if (this.#settled) clearTimeout(this.#settled);
      if (state === this.#told) return;
      this.#told = state;
      post({ type: "button.line", occurredAt: this.#clock.monotonicMs(), state, reason });
    };
    let lostBecause = "";
    // Whoever can be read goes on being read: what is not there, or is no device, ends at once, each second anew.
    this.#settled = setTimeout(() => say("ready", ""), SETTLED_MS);
    reader.on("error", (error) => {
      lostBecause = error.message;
    });
    reader.stderr.on("data", (text) => {
      // Comes in pieces, the end of the line perhaps alone.
      lostBecause += text;
    });
    reader.stdout.on("data", (chunk: Buffer) => {
      for (const edge of this.#edgesIn(chunk)) {
        say("ready", "");
        post(edge);
      }
    });
    // The device ended: so shall the shell.
    reader.stdout.on("end", () => reader.stdin.end());
    reader.on("close", () => {
      if (this.#reader !== reader) return;
      say("lost", lostBecause.trim() || `${this.#path} ended`);
      this.#again = setTimeout(() => this.start(post), REOPEN_MS);
    });
  }

  async stop(): Promise<void> {
    for (const timer of [this.#again, this.#settled]) if (timer) clearTimeout(timer);
    const reader = this.#reader;
    this.#reader = null;
    if (!reader || reader.exitCode !== null || reader.signalCode !== null) return;
    const closed = new Promise((resolve) => reader.once("close", resolve));
    reader.stdin.end();
    await closed;
  }

  *#edgesIn(chunk: Buffer): Generator<ButtonEdge> {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    for (; at + EVENT_BYTES <= bytes.length; at += EVENT_BYTES) {
      const record = bytes.subarray(at, at + EVENT_BYTES);
      if (record.readUInt16LE(16) !== EV_KEY) continue;
      const value = record.readInt32LE(20);
      if (value === KEY_REPEAT) continue;
      yield { type: "button.edge", occurredAt: this.#monotonicOf(record), pressed: value !== 0 };
    }
    this.#rest = bytes.subarray(at);
  }

  /**
   * The kernel stamps with the system clock unless told otherwise by an ioctl, which Node has not. An edge from before
   * this process counts as from its beginning.
   */
  #monotonicOf(record: Buffer): number {
    const utcMs =
      Number(record.readBigInt64LE(0)) * 1_000 + Math.floor(Number(record.readBigInt64LE(8)) / 1_000);
    const now = this.#clock.read();
    const ageMs = now.utcMs - utcMs;
    // A clock that stepped between the edge and now says nothing of its age.
    return ageMs >= 0 && ageMs < LONGEST_AGE_MS ? Math.max(0, now.monotonicMs - ageMs) : now.monotonicMs;
  }
}

const READ_UNTIL_WE_END = 'cat -- "$0" </dev/null & exec >&-; read -r _; kill "$!" 2>/dev/null';
const EVENT_BYTES = 24;
const EV_KEY = 1;
const KEY_REPEAT = 2;
const REOPEN_MS = 1_000;
const SETTLED_MS = 500;
const LONGEST_AGE_MS = 1_000;
