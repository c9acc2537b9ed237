import { type ChildProcess, fork } from "node:child_process";
import type { PictureAnswer, PictureRequest, PictureRequestMessage, Preview } from "./picture-messages.ts";

const ENTRY = new URL("./picture-process.js", import.meta.url);
/** No request takes longer on the slowest board. */
const ANSWER_MS = 15_000;

interface Waiting {
  resolve(answer: PictureAnswer): void;
  reject(error: Error): void;
}

/** The process that holds sharp: started when it is needed, let go when it has been idle for `idleMs`. */
export class Pictures {
  readonly #idleMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | null = null;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 0;
  #stopped = false;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Has the process loaded and warm soon. */
  async ready(): Promise<void> {
    await this.#ask({ kind: "ready" });
  }

  /** A JPEG of at most `maxBytes` from raw RGB pixels. @throws Error that says why there is none. */
  async preview(picture: {
    rgb: Uint8Array;
    widthPx: number;
    heightPx: number;
    maxBytes: number;
  }): Promise<Preview> {
    const answer = await this.#ask({ kind: "preview", ...picture });
    if (answer.kind !== "preview") throw new Error("the picture process answered with no preview");
    return answer;
  }

  /** Draws the test scene into a new folder. @throws Error that says why it could not. */
  async drawScene(folder: string, widthPx: number, heightPx: number): Promise<void> {
    await this.#ask({ kind: "scene", folder, widthPx, heightPx });
  }

  /** Ends the process for good; settles when it is gone. What is not answered, or asked later, is rejected. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#idle);
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async #ask(request: PictureRequest): Promise<PictureAnswer> {
    if (this.#stopped) throw new Error("the picture process is stopped");
    clearTimeout(this.#idle);
    const child = this.#child ?? this.#start();
    const id = this.#nextId++;
    const message: PictureRequestMessage = { ...request, id };
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<PictureAnswer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => {
          child.kill("SIGKILL");
          reject(new Error(`the picture process did not answer within ${ANSWER_MS} ms`));
        }, ANSWER_MS);
        child.send(message, (error) => error && reject(error));
      });
      if (answer.kind === "failed") throw new Error(answer.reason);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#letGoLater();
    }
  }

  #start(): ChildProcess {
    const child = fork(ENTRY, {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    let words = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-500);
    });
    const lost = (why: string) => {
      if (this.#child === child) this.#child = null;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { reject } of waiting)
        reject(new Error(`the picture process ended (${why}) ${words}`.trim()));
    };
    child.on("message", (answer: PictureAnswer) => this.#waiting.get(answer.id)?.resolve(answer));
    child.on("error", (error) => lost(error.message));
    child.on("close", (code, signal) => lost(String(signal ?? code)));
    return child;
  }

  #letGoLater(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const child = this.#child;
      this.#child = null;
      if (child?.connected) child.disconnect();
    }, this.#idleMs);
    this.#idle.unref();
  }
}
