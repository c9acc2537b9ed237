import type { CommandMessage, ReplyMessage } from "../contract/command-messages.ts";
import type { DesiredConfiguration, ReportedConfiguration } from "../contract/configuration.ts";
import type { HealthMessage, ReceiptMessage, StatusMessage } from "../contract/messages.ts";
import {
  ageMs,
  DeviceRecord,
  forgetOldest,
  type Lane,
  learnTime,
  mayRing,
  owesReceipt,
} from "./device-record.ts";
import { type ClipMessage, type EventMessage, parseMessage, type Refusal } from "./parse.ts";
import { RangeSet } from "./range-set.ts";
import { owedReceipts, wholeReceipt } from "./receipts.ts";
import { type GapReason, MAX_RANGES, type SequenceGap } from "./sequence.ts";

/** A message as it came from the broker. */
export interface Incoming {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
  /** The receiver's own clock, milliseconds since 1970. */
  receivedUtcMs: number;
}

/** Numbers of one sequence that have not arrived. */
export interface Gap {
  deviceId: string;
  epoch: string;
  lane: Lane;
  from: number;
  to: number;
  /** How many that are. */
  messages: number;
  /** What the device said when it gave them up. `undeclared`: it has said nothing of them, and they may still come. */
  reason: GapReason;
}

export type Outcome =
  /** Not seen before. `ring`: a bell may ring for it now. `ageMs` as well as it can be known. */
  | (EventMessage & { ring: boolean; ageMs: number })
  /** An id seen before. `stored`: it has been confirmed, so its receipt was lost. */
  | {
      kind: "duplicate";
      deviceId: string;
      id: string;
      epoch: string;
      lane: Lane;
      sequence: number;
      stored: boolean;
    }
  | ({ kind: "gap" } & Gap)
  /** `holds` is false for an older epoch or connection: keep what you have. */
  | { kind: "status"; deviceId: string; status: StatusMessage; holds: boolean }
  | { kind: "snapshot"; deviceId: string; eventId: string; jpeg: Uint8Array }
  | { kind: "health"; deviceId: string; health: HealthMessage }
  | { kind: "receipt"; deviceId: string; receipt: ReceiptMessage }
  /** Somebody asks a doorbell for something, and what it answers: for `Requests`. */
  | { kind: "command"; deviceId: string; command: string; request: CommandMessage }
  | { kind: "reply"; deviceId: string; reply: ReplyMessage }
  | { kind: "config-desired"; deviceId: string; desired: DesiredConfiguration }
  | { kind: "config-reported"; deviceId: string; reported: ReportedConfiguration }
  /** For a `ClipAssembler`. */
  | { kind: "clip"; message: ClipMessage }
  | Refusal;

export interface ConsumerLimits {
  /** Devices remembered; the one that was first seen is forgotten first. */
  maxDevices: number;
  /** Epochs remembered of each device. */
  maxEpochs: number;
}

/**
 * Takes in what doorbells publish and says what each message means: every event once, what is missing, whether a
 * bell may ring. Synchronous, without a clock of its own, for any number of devices, in bounded memory.
 *
 * The order of use: `receive`, store what an `event` outcome carries, `confirmStored`, and publish what
 * `takeReceipts` gives to the device's `receipt` topic.
 */
export class Consumer {
  readonly #limits: ConsumerLimits;
  readonly #devices = new Map<string, DeviceRecord>();

  constructor(limits: Partial<ConsumerLimits> = {}) {
    this.#limits = { maxDevices: 100_000, maxEpochs: 64, ...limits };
  }

  /** What this message means. Never throws for what comes in. */
  receive(incoming: Incoming): Outcome[] {
    const message = parseMessage(incoming.topic, incoming.payload);
    switch (message.kind) {
      case "refused":
      case "snapshot":
      case "health":
      case "receipt":
      case "command":
      case "reply":
      case "config-desired":
      case "config-reported":
        return [message];
      case "status":
        return [{ ...message, holds: this.#device(message.deviceId).takeStatus(message.status) }];
      case "event":
        return this.#event(message, incoming);
      default:
        return [{ kind: "clip", message }];
    }
  }

  /** The status that holds for a device; null before the first. */
  statusOf(deviceId: string): StatusMessage | null {
    return this.#devices.get(deviceId)?.status ?? null;
  }

  /** What is missing now, of the epochs that are remembered. */
  gapsOf(deviceId: string): Gap[] {
    const gaps: Gap[] = [];
    for (const [epoch, record] of this.#devices.get(deviceId)?.epochs ?? []) {
      for (const lane of ["press", "event"] as const) {
        gaps.push(...gapsIn(deviceId, epoch, lane, record.lanes[lane].gaps()));
      }
    }
    return gaps;
  }

  /** The event is stored durably: receipts name it from now on. */
  confirmStored({ deviceId, event }: Pick<EventMessage, "deviceId" | "event">): void {
    const record = this.#device(deviceId).epoch(event.epoch);
    record.lanes[event.lane].markStored(event.sequence);
    record.due[event.lane].add(event.sequence, event.sequence);
  }

  /** The event could not be stored: when it is sent again it counts as new. */
  forget({ deviceId, event }: Pick<EventMessage, "deviceId" | "event">): void {
    this.#devices.get(deviceId)?.find(event.epoch)?.lanes[event.lane].forget(event.sequence);
  }

  /** What was stored in an earlier run, so that it is a duplicate now. */
  restore(deviceId: string, receipt: ReceiptMessage): void {
    const { lanes } = this.#device(deviceId).epoch(receipt.epoch);
    for (const [from, to] of receipt.press) lanes.press.restore(from, to);
    for (const [from, to] of receipt.event) lanes.event.restore(from, to);
  }

  /** What is stored of one epoch; null when the epoch is not known. The newest 64 ranges of each lane. */
  receiptOf(deviceId: string, epoch: string): ReceiptMessage | null {
    const record = this.#devices.get(deviceId)?.find(epoch);
    return record ? wholeReceipt(epoch, record) : null;
  }

  /** Receipts of the epochs in which something was stored, or came again although stored, since the last call. */
  takeReceipts(deviceId: string): ReceiptMessage[] {
    const receipts: ReceiptMessage[] = [];
    for (const [epoch, record] of this.#devices.get(deviceId)?.epochs ?? []) {
      if (!owesReceipt(record)) continue;
      receipts.push(...owedReceipts(epoch, record));
      record.due = { press: new RangeSet(MAX_RANGES), event: new RangeSet(MAX_RANGES) };
    }
    return receipts;
  }

  /**
   * When an event happened, in milliseconds since 1970: by its epoch's own clock and the newest synced time of that
   * epoch, where one has come, before the event or after it; else by its own time, which is `estimated`.
   */
  timeOf(message: Pick<EventMessage, "deviceId" | "event" | "utcMs" | "monotonicMs">): {
    utcMs: number;
    trust: "synced" | "estimated";
  } {
    const { deviceId, event, utcMs, monotonicMs } = message;
    if (event.timetrust === "synced") return { utcMs, trust: "synced" };
    const synced = this.#devices.get(deviceId)?.find(event.epoch)?.synced;
    return synced ? { utcMs: synced.offsetMs + monotonicMs, trust: "synced" } : { utcMs, trust: "estimated" };
  }

  #event(message: EventMessage, incoming: Incoming): Outcome[] {
    const { deviceId, event } = message;
    const device = this.#device(deviceId);
    const record = device.epoch(event.epoch);
    const age = ageMs(message, record, incoming.receivedUtcMs);
    learnTime(record, message);
    const sequence = record.lanes[event.lane];
    const { fresh, gaps } = sequence.take(event.sequence);
    if (!fresh) {
      const stored = sequence.isStored(event.sequence);
      if (stored) record.due[event.lane].add(event.sequence, event.sequence);
      const { id, epoch, lane } = event;
      return [{ kind: "duplicate", deviceId, id, epoch, lane, sequence: event.sequence, stored }];
    }
    return [
      { ...message, ring: mayRing(message, age, incoming.retain), ageMs: age },
      ...outcomesOf(gapsIn(deviceId, event.epoch, event.lane, gaps)),
      ...outcomesOf(this.#declaredBy(message, device)),
    ];
  }

  /** `drop` and `start` speak of numbers that this consumer may not have seen. */
  #declaredBy({ deviceId, event, known }: EventMessage, device: DeviceRecord): Gap[] {
    if (known?.type === "drop") {
      const { epoch, lane, from, to, reason } = known.data;
      return gapsIn(deviceId, epoch, lane, device.epoch(epoch).lanes[lane].declare(from, to, reason));
    }
    if (known?.type !== "start" || known.data.previousEpoch === "") return [];
    const { previousEpoch: epoch, previousLastPress, previousLastEvent } = known.data;
    device.replaced(epoch);
    // Of an epoch before the first that this consumer heard of, it cannot miss anything.
    if (!device.has(epoch) || epoch === event.epoch) return [];
    const { lanes } = device.epoch(epoch);
    return [
      ...gapsIn(deviceId, epoch, "press", lanes.press.expect(previousLastPress)),
      ...gapsIn(deviceId, epoch, "event", lanes.event.expect(previousLastEvent)),
    ];
  }

  #device(deviceId: string): DeviceRecord {
    const known = this.#devices.get(deviceId);
    if (known) return known;
    const device = new DeviceRecord(this.#limits.maxEpochs);
    this.#devices.set(deviceId, device);
    forgetOldest(this.#devices, this.#limits.maxDevices);
    return device;
  }
}

function gapsIn(deviceId: string, epoch: string, lane: Lane, gaps: SequenceGap[]): Gap[] {
  return gaps.map((gap) => ({ deviceId, epoch, lane, messages: gap.to - gap.from + 1, ...gap }));
}

function outcomesOf(gaps: Gap[]): Outcome[] {
  return gaps.map((gap) => ({ kind: "gap", ...gap }));
}
