import { Value } from "typebox/value";
import type { ReplyMessage } from "../../../agent/contract/command-messages.ts";
import type { EventType, PorchlightEvent } from "../../../agent/contract/events.ts";
import { type Settings, SettingsSchema } from "../../../agent/contract/settings.ts";
import type { Action } from "../../../agent/core/actions.ts";
import type { AgentInput } from "../../../agent/core/inputs.ts";
import { initialState, type State } from "../../../agent/core/state.ts";
import { step } from "../../../agent/core/step.ts";
import type { OutboxRow, StoredRow } from "../../../device/ports/store.ts";

type Of<T extends Action["type"]> = Extract<Action, { type: T }>;
type SettingsPatch = { [S in keyof Settings]?: Partial<Settings[S]> };

export const EPOCH = "00000000000000aa";
const UTC_AT_ZERO = 1_700_000_000_000;

/** The core alone, fed by hand: time passes only in `wait`, which fires the timers on its way. */
export class DoorbellOnADesk {
  readonly state: State;
  now = 1_000;
  actions: Action[] = [];
  readonly #timers = new Map<string, { generation: number; atMs: number }>();

  constructor(patch: SettingsPatch = {}) {
    const settings = Value.Create(SettingsSchema);
    for (const [section, values] of Object.entries(patch))
      Object.assign(settings[section as keyof Settings], values);
    this.state = initialState(settings);
  }

  start(
    mode: "normal" | "bell-only" = "normal",
    noted: { restarts?: string[]; crashes?: { utcMs: number; reason: string }[] } = {},
  ): this {
    this.input({
      type: "agent.started",
      occurredAt: this.now,
      epoch: EPOCH,
      seed: 7,
      utcMs: UTC_AT_ZERO + this.now,
      trust: "synced",
      mode,
      version: "0.0.0",
      ...noted,
    });
    return this;
  }

  openStore(epochNumber = 1): this {
    this.input({
      type: "store.opened",
      occurredAt: this.now,
      epochNumber,
      previous: null,
      totals: { press: { rows: 0, bytes: 0 }, event: { rows: 0, bytes: 0 } },
    });
    return this;
  }

  connect(): this {
    const { connection } = this.last("broker.connect");
    this.input({ type: "broker.connected", occurredAt: this.now, connection, protocol: "5" });
    return this;
  }

  /** Started, with its disk and its broker, and everything said so far acknowledged. */
  static ready(patch: SettingsPatch = {}): DoorbellOnADesk {
    const desk = new DoorbellOnADesk(patch).start().openStore().connect();
    desk.page("press", []).page("event", []);
    desk.input({ type: "clip.pending", occurredAt: desk.now, clips: [], total: 0 });
    desk.saveAll();
    desk.ackAll();
    desk.actions = [];
    return desk;
  }

  /** Feeds one input; its actions are answered and remembered. */
  input(input: AgentInput): Action[] {
    const actions = step(this.state, { ...input, now: this.now });
    for (const action of actions) {
      if (action.type === "timer.set") this.#timers.set(action.key, action);
      if (action.type === "timer.clear") this.#timers.delete(action.key);
    }
    this.actions.push(...actions);
    return actions;
  }

  wait(ms: number): this {
    const until = this.now + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(([, { atMs }]) => atMs <= until)
        .sort((a, b) => a[1].atMs - b[1].atMs);
      if (!next) break;
      const [key, { generation, atMs }] = next;
      this.#timers.delete(key);
      this.now = Math.max(this.now, atMs);
      this.input({ type: "timer.fired", occurredAt: this.now, key, generation });
    }
    this.now = until;
    return this;
  }

  edge(pressed: boolean): this {
    this.input({ type: "button.edge", occurredAt: this.now, pressed });
    return this;
  }

  press(holdMs = 100): this {
    return this.edge(true).wait(holdMs).edge(false);
  }

  cameraUp(): this {
    this.input({
      type: "camera.up",
      occurredAt: this.now,
      source: "test",
      codec: "avc1.42c01f",
      widthPx: 1280,
      heightPx: 720,
      video: "encode",
      soundCodec: "",
    });
    return this;
  }

  all<T extends Action["type"]>(type: T): Of<T>[] {
    return this.actions.filter((action): action is Of<T> => action.type === type);
  }

  last<T extends Action["type"]>(type: T): Of<T> {
    const found = this.all(type).at(-1);
    if (!found) throw new Error(`no ${type} so far`);
    return found;
  }

  /** Events recorded so far, by type. */
  events<T extends EventType>(type: T): PorchlightEvent<T>[] {
    return this.all("store.append")
      .filter(({ row }) => row.eventType === type)
      .map(({ row }) => JSON.parse(row.body));
  }

  published(topicEnd: string): Of<"broker.publish">[] {
    return this.all("broker.publish").filter(({ message }) => message.topic.includes(topicEnd));
  }

  /** The store makes these durable: all that were handed to it, unless told which. */
  saveAll(which: (row: OutboxRow) => boolean = () => true): this {
    for (const { row } of this.all("store.append").filter(({ row: one }) => which(one))) {
      this.input({
        type: "store.appended",
        occurredAt: this.now,
        lane: row.lane,
        sequence: row.sequence,
        bytes: row.body.length,
      });
    }
    return this;
  }

  /** The broker acknowledges everything that is on its way. */
  ackAll(): this {
    for (const { token } of [...this.state.uplink.inFlight]) {
      this.input({
        type: "broker.acked",
        occurredAt: this.now,
        connection: this.state.uplink.connection,
        token,
      });
    }
    return this;
  }

  ack(token: number): this {
    const { connection } = this.state.uplink;
    this.input({ type: "broker.acked", occurredAt: this.now, connection, token });
    return this;
  }

  drop(cause: "closed" | "refused" | "unreachable" = "closed"): this {
    const { connection } = this.state.uplink;
    this.input({ type: "broker.disconnected", occurredAt: this.now, connection, cause, detail: "gone" });
    return this;
  }

  page(lane: "press" | "event", rows: StoredRow[], more = false): this {
    this.input({ type: "store.page", occurredAt: this.now, lane, rows, more });
    return this;
  }

  receipt(press: [number, number][], event: [number, number][] = []): this {
    const text = JSON.stringify({ epoch: EPOCH, press, event });
    return this.message("receipt", text);
  }

  message(
    topicEnd: string,
    text: string | null,
    retain = false,
    more: { responseTopic?: string; correlation?: string; expiryS?: number; bytes?: number } = {},
  ): this {
    const topic = `porchlight/v1/front-door/${topicEnd}`;
    const { connection } = this.state.uplink;
    const at = { occurredAt: this.now, connection, topic };
    this.input({ type: "broker.message", ...at, text, bytes: text?.length ?? 1, retain, ...more });
    return this;
  }

  /** Somebody asks for something. */
  ask(name: string, requestId: string, params?: object, more: { expiresAt?: string } = {}): this {
    return this.message(`command/${name}`, JSON.stringify({ requestId, params, ...more }));
  }

  /** Replies sent so far on any topic, in their order. */
  replies(): ReplyMessage[] {
    return this.all("broker.publish").flatMap(({ message: { payload } }) => {
      const message = payload.kind === "text" ? JSON.parse(payload.text) : {};
      return message.outcome ? [message] : [];
    });
  }
}

/** A row of an earlier start, as the store hands it back. */
export function storedRow(sequence: number, more: Partial<StoredRow> = {}): StoredRow {
  return {
    lane: "press",
    epoch: "00000000000000bb",
    epochNumber: 1,
    sequence,
    id: `00000000000000bb-p${sequence}`,
    eventType: "press",
    body: "{}",
    occurredMonotonicMs: 0,
    occurredUtcMs: UTC_AT_ZERO,
    trust: "synced",
    stillOf: null,
    ...more,
  };
}
