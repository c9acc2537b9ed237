import type { Camera, CameraInput } from "../../device/ports/camera.ts";

const SWITCHED_OFF = "switched off by the tester";

/** A camera with a switch in its power line. The agent sees a camera that is lost; a tester has `on` and `off`. */
export class CameraSwitch implements Camera {
  readonly #inner: Camera;
  readonly #monotonicMs: () => number;
  #post: ((input: CameraInput) => void) | null = null;
  #isOn = true;
  /** The agent wants it open. */
  #wanted = false;
  #innerIsOpen = false;
  /** It was closed by the switch and has not answered yet. */
  #closing = false;

  constructor(inner: Camera, monotonicMs: () => number) {
    this.#inner = inner;
    this.#monotonicMs = monotonicMs;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Power back: opens at once if the agent wants it. */
  on(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    if (this.#wanted) this.#openInner();
  }

  /** Power gone. */
  off(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    if (this.#innerIsOpen) {
      this.#closing = true;
      this.#inner.close();
    }
    if (this.#wanted) this.#sayLost();
  }

  start(post: (input: CameraInput) => void): void {
    this.#post = post;
    this.#inner.start((input) => this.#passOn(input));
  }

  open(): void {
    this.#wanted = true;
    if (this.#isOn) this.#openInner();
    else this.#sayLost();
  }

  close(): void {
    this.#wanted = false;
    if (this.#isOn && !this.#closing) this.#inner.close();
    else this.#say("none", "closed");
  }

  prepareStill(): void {
    this.#inner.prepareStill();
  }

  takeStill(request: { eventId: string; atMs: number; maxBytes: number }): void {
    this.#inner.takeStill(request);
  }

  async stop(): Promise<void> {
    await this.#inner.stop();
    this.#post = null;
  }

  #openInner(): void {
    if (this.#closing) return;
    this.#innerIsOpen = true;
    this.#inner.open();
  }

  #passOn(input: CameraInput): void {
    if (input.type === "camera.down") {
      this.#innerIsOpen = false;
      if (this.#closing) {
        this.#closing = false;
        if (this.#isOn && this.#wanted) this.#openInner();
        return;
      }
    }
    const isLost = !this.#isOn || this.#closing;
    if (isLost && (input.type === "camera.up" || input.type === "camera.down")) return;
    this.#post?.(input);
  }

  #sayLost(): void {
    this.#say("world", SWITCHED_OFF);
  }

  #say(fault: "world" | "none", reason: string): void {
    this.#post?.({ type: "camera.down", occurredAt: this.#monotonicMs(), fault, reason, seam: false });
  }
}
