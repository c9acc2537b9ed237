import type { ButtonEdge, ButtonLine, ButtonLineState } from "../../device/ports/button-line.ts";
import type { DeviceTime } from "../world/device-time.ts";

/** A button that nobody needs to build. The agent sees a line; a tester has a finger, and a long wire. */
export class SimulatedButton implements ButtonLine {
  readonly #time: DeviceTime;
  #post: ((input: ButtonEdge | ButtonLineState) => void) | null = null;
  #down = false;
  #lost = false;
  #grip = 0;

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
    this.#post?.({ type: "button.line", occurredAt: this.#time.monotonicMs(), state: "lost", reason });
  }

  /** The line can be read again. */
  restore(): void {
    if (!this.#lost) return;
    this.#lost = false;
    this.#post?.({ type: "button.line", occurredAt: this.#time.monotonicMs(), state: "ready", reason: "" });
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
