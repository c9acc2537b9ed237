import { childrenWith } from "./child-processes.ts";

/** Only a capture writes fragmented MP4. */
const CAPTURE_ARGUMENT = "-movflags";
/** A capture that was started meanwhile is found within this, long before its first picture. */
const LOOK_EVERY_MS = 30;

/** Does to the real ffmpeg what a driver or a dying camera does. */
export class CaptureSignals {
  readonly #stopped = new Set<number>();
  #looking: NodeJS.Timeout | null = null;

  /** The capture that runs ends at once. */
  crash(): void {
    for (const pid of childrenWith(CAPTURE_ARGUMENT)) send(pid, "SIGKILL");
  }

  /** The capture that runs, and every later one, delivers nothing and says nothing. */
  stall(): void {
    if (this.#looking) return;
    const look = () => {
      for (const pid of childrenWith(CAPTURE_ARGUMENT)) {
        if (this.#stopped.has(pid)) continue;
        this.#stopped.add(pid);
        send(pid, "SIGSTOP");
      }
    };
    look();
    this.#looking = setInterval(look, LOOK_EVERY_MS);
  }

  goOn(): void {
    if (this.#looking) clearInterval(this.#looking);
    this.#looking = null;
    for (const pid of childrenWith(CAPTURE_ARGUMENT)) if (this.#stopped.has(pid)) send(pid, "SIGCONT");
    this.#stopped.clear();
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has just ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
