import type { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

/** A link that carries one message after the other at a rate, and a broker that acknowledges what comes. */
export class SlowLink {
  bytesPerS: number;
  readonly roundTripMs: number;
  /** Acknowledgements are late by up to this, each by another bit. */
  tremblesMs = 0;
  readonly arrived: { topic: string; atMs: number }[] = [];
  carriedBytes = 0;
  readonly #desk: DoorbellOnADesk;
  readonly #beganMs: number;
  #freeAtMs: number;
  #seen = 0;
  #acks: { token: number; atMs: number }[] = [];

  constructor(desk: DoorbellOnADesk, link: { bytesPerS: number; roundTripMs: number }) {
    this.#desk = desk;
    this.bytesPerS = link.bytesPerS;
    this.roundTripMs = link.roundTripMs;
    this.#beganMs = desk.now;
    this.#freeAtMs = desk.now;
  }

  get pressesAt(): number[] {
    return this.arrived.filter(({ topic }) => topic.endsWith("/press")).map(({ atMs }) => atMs);
  }

  get elapsedMs(): number {
    return this.#desk.now - this.#beganMs;
  }

  /** Time passes: messages travel, acknowledgements come back, segments are cut as asked. */
  run(ms: number): void {
    const until = this.#desk.now + ms;
    while (this.#desk.now < until) {
      this.#take();
      this.#desk.wait(1);
      for (const { token } of this.#acks.filter(({ atMs }) => atMs <= this.#desk.now)) this.#desk.ack(token);
      this.#acks = this.#acks.filter(({ atMs }) => atMs > this.#desk.now);
    }
  }

  #take(): void {
    const desk = this.#desk;
    for (; this.#seen < desk.actions.length; this.#seen++) {
      const action = desk.actions[this.#seen];
      if (action?.type === "clip.split-segment") this.#split(action);
      if (action?.type !== "broker.publish") continue;
      const bytes = desk.state.uplink.inFlight.find(({ token }) => token === action.token)?.bytes ?? 0;
      this.#freeAtMs = Math.max(this.#freeAtMs, desk.now) + (bytes * 1_000) / this.bytesPerS;
      this.carriedBytes += bytes;
      const atMs = this.#freeAtMs + this.roundTripMs / 2;
      this.arrived.push({ topic: action.message.topic, atMs });
      const lateMs = (this.arrived.length * 137) % (this.tremblesMs + 1);
      this.#acks.push({ token: action.token, atMs: this.#freeAtMs + this.roundTripMs + lateMs });
    }
  }

  #split({ clipId, index, partBytes }: { clipId: string; index: number; partBytes: number }): void {
    const parts = [];
    for (let from = 0; from < 65_536; from += partBytes)
      parts.push({ from, bytes: Math.min(partBytes, 65_536 - from), sha256: "ef".repeat(32) });
    this.#desk.input({ type: "clip.parts", occurredAt: this.#desk.now, clipId, index, parts });
  }
}
