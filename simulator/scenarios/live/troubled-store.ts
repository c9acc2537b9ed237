import type {
  Lane,
  OutboxPosition,
  OutboxRow,
  SequenceRange,
  Store,
  StoreFault,
  StoreInput,
} from "../../../device/ports/store.ts";
import type { DeviceTime } from "../../world/device-time.ts";
import type { Troubles } from "./orders.ts";

/**
 * The real outbox with a switch before it: while something is wrong the operations are refused as a disk refuses
 * them, or answered late, and do not reach it. What had been handed over before is done and answered.
 */
export class TroubledStore implements Store {
  readonly #inner: Store;
  readonly #time: DeviceTime;
  #post: ((input: StoreInput) => void) | null = null;
  #fault: Troubles["disk"] = null;
  #slowMs = 0;
  /** What is asked for now is done, or refused, not before this. */
  #dueAtMs = 0;

  constructor(inner: Store, time: DeviceTime) {
    this.#inner = inner;
    this.#time = time;
  }

  /** `slowMs`: so long until it begins with what it is asked for. */
  set(fault: Troubles["disk"], slowMs: number): void {
    this.#fault = fault;
    this.#slowMs = slowMs;
  }

  start(post: (input: StoreInput) => void): void {
    this.#post = post;
    this.#inner.start(post);
  }

  open(epoch: string, startedUtcMs: number): void {
    this.#do(
      () => this.#inner.open(epoch, startedUtcMs),
      (fault) => ({ type: "store.unavailable", ...this.#because(fault) }),
    );
  }

  append(row: OutboxRow): void {
    const { lane, sequence } = row;
    this.#do(
      () => this.#inner.append(row),
      (fault) => ({ type: "store.append-failed", lane, sequence, ...this.#because(fault) }),
    );
  }

  settle(ranges: SequenceRange[]): void {
    this.#do(
      () => this.#inner.settle(ranges),
      (fault) => ({ type: "store.failed", operation: "settle", lane: null, ...this.#because(fault) }),
    );
  }

  drop(ranges: SequenceRange[]): void {
    this.#do(
      () => this.#inner.drop(ranges),
      (fault) => ({ type: "store.failed", operation: "drop", lane: null, ...this.#because(fault) }),
    );
  }

  setAsideTold(): void {
    this.#do(
      () => this.#inner.setAsideTold(),
      (fault) => ({ type: "store.failed", operation: "set-aside-told", lane: null, ...this.#because(fault) }),
    );
  }

  page(lane: Lane, after: OutboxPosition | null, limit: number): void {
    this.#do(
      () => this.#inner.page(lane, after, limit),
      // What can only be read can be read.
      (fault) =>
        fault === "read-only"
          ? null
          : { type: "store.failed", operation: "page", lane, ...this.#because(fault) },
    );
  }

  /** Waits for what is still to come. */
  async stop(): Promise<void> {
    const waitMs = this.#dueAtMs - this.#time.monotonicMs();
    if (waitMs > 0) await new Promise<void>((resolve) => this.#time.after(waitMs, resolve));
    await this.#inner.stop();
    this.#post = null;
  }

  /** In the order of the calls; an answer never comes before the call has returned. */
  #do(operation: () => void, refusalFor: (fault: StoreFault) => StoreInput | null): void {
    const fault = this.#fault;
    const nowMs = this.#time.monotonicMs();
    if (this.#slowMs > 0) this.#dueAtMs = Math.max(this.#dueAtMs, nowMs + this.#slowMs);
    const refusal = fault === null ? null : refusalFor(fault);
    const act = refusal === null ? operation : () => this.#post?.(refusal);
    if (refusal === null && this.#dueAtMs <= nowMs) act();
    else this.#time.after(Math.max(0, this.#dueAtMs - nowMs), act);
  }

  #because(fault: StoreFault): { occurredAt: number; fault: StoreFault; detail: string } {
    return { occurredAt: this.#time.monotonicMs(), fault, detail: `staged: ${fault}` };
  }
}
