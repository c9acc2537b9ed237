import type { ButtonEdge, ButtonLine, ButtonLineState } from "../../device/ports/button-line.ts";
import type { DeviceTime } from "../world/device-time.ts";
import type { Scheduled } from "../world/world.ts";

/** A line that flaps seems to be there so often, and for so long. */
const SEEMS_THERE_EVERY_MS = 1_000;
const FOUND_GONE_MS = 15;

/** A button that nobody needs to build. The agent sees a line; a tester has a finger, and a long wire. */
export class SimulatedButton implements ButtonLine {
  readonly #time: DeviceTime;
  #post: ((input: ButtonEdge | ButtonLineState) => void) | null = null;
  #down = false;
  #lost = false;
  #grip = 0;
  #seeming: Scheduled | null = null;

  constructor(time: DeviceTime) {
    this.#time = time;
  }

  start(post: (input: ButtonEdge | ButtonLineState) => void): void {
    this.#post = post;
  }

  async stop(): Promise<void> {
    this.#post = null;
  }

  /** The contact is closed. */
  get isDown(): boolean {
    return this.#down;
  }

  /** Pushes the button now and lets go after `holdMs`. */
  press(holdMs: number): void {
    this.stick();
    const grip = this.#grip;
    this.#time.after(holdMs, () => {
      if (grip === this.#grip) this.free();
    });
  }

  /** A worn contact: a press whose both flanks chatter for `chatterMs` (a change each millisecond) before they rest. */
  bounce(holdMs: number, chatterMs: number): void {
    this.#chatter(chatterMs, () => this.stick());
    this.#time.after(chatterMs + holdMs, () => this.#chatter(chatterMs, () => this.free()));
  }

  /** A pulse on a long wire: nobody is there. */
  ghost(pulseMs: number): void {
    this.press(pulseMs);
  }

  /** Lightning, or a wire that breaks: so many changes of level at one instant. It rests as it was, or at the next push. */
  storm(edges: number): void {
    const rests = this.#down;
    for (let edge = 0; edge < edges; edge += 1) this.#level(!this.#down);
    this.#level(rests);
  }

  /** Pushes the button for good, or until `free`. */
  stick(): void {
    this.#grip += 1;
    this.#level(true);
  }

  /** Lets go. */
  free(): void {
    this.#grip += 1;
    this.#level(false);
  }

  /** The line cannot be read any more: edges are missed. */
  lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#tell("lost", reason);
  }

  /** A plug that hardly holds: the line is lost, and each second it seems to be there again for a moment. */
  flap(reason: string): void {
    if (this.#lost) return;
    this.lose(reason);
    this.#seemThereLater(reason);
  }

  /** The line can be read again. */
  restore(): void {
    if (!this.#lost) return;
    this.#lost = false;
    this.#seeming?.cancel();
    this.#tell("ready", "");
  }

  #tell(state: "lost" | "ready", reason: string): void {
    this.#post?.({ type: "button.line", occurredAt: this.#time.monotonicMs(), state, reason });
  }

  #seemThereLater(reason: string): void {
    this.#seeming = this.#time.after(SEEMS_THERE_EVERY_MS, () => {
      this.#tell("ready", "");
      this.#seeming = this.#time.after(FOUND_GONE_MS, () => {
        this.#tell("lost", reason);
        this.#seemThereLater(reason);
      });
    });
  }

  #chatter(chatterMs: number, rest: () => void): void {
    for (let at = 0; at < chatterMs; at += 1) {
      this.#time.after(at, () => this.#level(!this.#down));
    }
    this.#time.after(chatterMs, rest);
  }

  #level(down: boolean): void {
    if (down === this.#down) return;
    this.#down = down;
    if (this.#lost) return;
    this.#post?.({ type: "button.edge", occurredAt: this.#time.monotonicMs(), pressed: down });
  }
}
