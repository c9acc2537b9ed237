import type { Settings } from "../../agent/contract/settings.ts";
import type { Action } from "../../agent/core/actions.ts";
import type { Input } from "../../agent/core/inputs.ts";
import type { State } from "../../agent/core/state.ts";
import type { BrokerMessageOut } from "../../device/ports/broker.ts";
import type { ConfigurationProblem, ConfigurationRecord } from "../../device/ports/configuration-store.ts";
import type { ClipEvicted } from "../../device/ports/fragment-store.ts";
import type { LightPattern } from "../../device/ports/light.ts";
import type { OutboxRow, StoreAppendFailed } from "../../device/ports/store.ts";
import { readEvent } from "../checkers/event-facts.ts";
import type { EventFacts, Evidence, PhysicalPress, PowerOn, Sighting } from "../checkers/evidence.ts";
import { readTopic } from "../checkers/topic-facts.ts";
import type { BrokerWitness } from "../network/modelled-broker.ts";
import type { ModelledMessage } from "../network/modelled-message.ts";
import type { World } from "../world/world.ts";
import { commandSeen } from "./command-seen.ts";
import { duePress } from "./due-press.ts";
import { Strikes } from "./strikes.ts";

/** Longer than an answer of the store is on its way. */
const JUST_CLOSED_MS = 1_000;

/** Is told what can be seen and heard of a doorbell, as it happens. It must not change anything. */
export interface LedgerWatch {
  rang(): void;
  lit(pattern: LightPattern): void;
  delivered(message: ModelledMessage): void;
  /** What the agent took in. */
  turn(input: Input): void;
}

/** Writes down what happens in a run, for the trace and for the checkers. It never changes anything. */
export class Ledger implements BrokerWitness {
  readonly settings: Settings;
  readonly deviceId: string;
  readonly #world: World;
  readonly #label: string;
  /** Event ids of publishes on the current power-on that are not acknowledged, by token: no two have the same. */
  readonly #published = new Map<number, { connection: number; id: string }>();
  readonly powerOns: PowerOn[] = [];
  readonly presses: PhysicalPress[] = [];
  readonly motions: Evidence["motions"] = [];
  readonly rows: Evidence["rows"] = new Map();
  readonly accepted: Evidence["accepted"] = new Map();
  readonly attempts: Sighting[] = [];
  readonly arrivals: Sighting[] = [];
  readonly deliveries: Sighting[] = [];
  readonly forgotten = new Set<string>();
  readonly forgottenTopics = new Set<string>();
  readonly evictedClips: Evidence["evictedClips"] = new Map();
  readonly refusedBesideClips: Evidence["refusedBesideClips"] = [];
  /** When the agent was told that a clip is closed. */
  readonly #closedAtMs = new Map<string, number>();
  readonly uploadedIn = new Map<string, number>();
  peakOutboxBytes = 0;
  peakUnsavedRows = 0;
  peakSpoolBytes = 0;
  readonly buttonTroubles: Evidence["buttonTroubles"] = [];
  readonly linkTroubles: Evidence["linkTroubles"] = [];
  readonly lies: Evidence["lies"] = [];
  readonly setAsides: Evidence["setAsides"] = [];
  readonly lights: Evidence["lights"] = [];
  readonly duePresses: Evidence["duePresses"] = [];
  readonly desired: string[] = [];
  readonly configurations: { atMs: number; record: ConfigurationRecord; problems: string[] }[] = [];
  readonly requests: Evidence["requests"] = [];
  readonly commandsSeen: Evidence["commandsSeen"] = [];
  readonly connectionEnds: Evidence["connectionEnds"] = [];
  /** The newest clip that the consumer was told of as recorded. */
  lastClipTold: string | null = null;
  /** What the agent does now, it does because somebody asked for it. */
  #isAsked = false;
  readonly strikes = new Strikes();
  peakPacedBytes = 0;
  longestPauseMs = 0;
  #pausedSinceMs: number | null = null;
  inputs = 0;
  watch: LedgerWatch | null = null;

  /** @param label stands before each line of its in the trace, where there are several doorbells. */
  constructor(world: World, settings: Settings, label = "") {
    this.#world = world;
    this.#label = label;
    this.settings = settings;
    this.deviceId = settings.device.id;
  }

  /** A mishap begins or ends, a finger moves: whatever the world does by itself. */
  note(what: string, fact: unknown, brief?: string): void {
    this.#world.trace.add(this.#world.nowMs, `${this.#label}${what}`, fact, brief);
  }

  powerCame(mode: PowerOn["mode"], driftPpm: number): PowerOn {
    const powerOn: PowerOn = {
      number: this.powerOns.length,
      epoch: "",
      fromMs: this.#world.nowMs,
      toMs: null,
      end: "running",
      diskless: false,
      ringsMs: [],
      askedRingsMs: [],
      connection: 0,
      mode,
      driftPpm,
      cameraUpMs: null,
    };
    this.powerOns.push(powerOn);
    this.#pausedSinceMs = null;
    this.#published.clear();
    return powerOn;
  }

  /** A turn of the agent: what it took in and what it will do. `isOpen`: a message would be sent. */
  turn(
    powerOn: PowerOn,
    input: Input,
    actions: readonly Action[],
    state: Readonly<State>,
    client: { readonly isOpen: boolean },
  ): void {
    this.inputs += 1;
    this.note("turn", [input, actions], briefOf(input, actions));
    this.strikes.saw(input);
    if (input.type === "camera.up") powerOn.cameraUpMs ??= this.#world.nowMs;
    const due = duePress(actions, state);
    if (due !== null && client.isOpen) this.duePresses.push({ id: due, atMs: this.#world.nowMs });
    this.watch?.turn(input);
    const seen = input.type === "broker.message" ? commandSeen(input, actions, state) : null;
    this.#isAsked = seen !== null;
    if (seen) this.commandsSeen.push({ ...seen, powerOn: powerOn.number, atMs: this.#world.nowMs });
    switch (input.type) {
      case "agent.started":
        powerOn.epoch = input.epoch;
        break;
      case "store.appended":
        this.#accept(`${powerOn.epoch}-${input.lane === "press" ? "p" : "e"}${input.sequence}`, "durable");
        break;
      case "broker.acked":
        this.#acked(input.connection, input.token);
        break;
      case "broker.disconnected":
        this.connectionEnds.push({ powerOn: powerOn.number, atMs: this.#world.nowMs });
        break;
      case "clip.closed":
        this.#closedAtMs.set(input.clipId, this.#world.nowMs);
        break;
    }
    for (const action of actions) {
      if (action.type === "broker.connect") powerOn.connection = action.connection;
      else if (action.type === "clip.mark-uploaded") this.uploadedIn.set(action.clipId, powerOn.number);
    }
    for (const { row } of state.outbox.unsaved) {
      if (!this.rows.has(row.id)) this.rows.set(row.id, { row, powerOn: powerOn.number });
    }
    // Declarations of drops are few and never dropped themselves.
    let refused = 0;
    for (const { failed, row } of state.outbox.unsaved) if (failed && row.eventType !== "drop") refused += 1;
    this.peakUnsavedRows = Math.max(this.peakUnsavedRows, refused);
  }

  /** A clip left the card before it was uploaded. */
  evicted(clipId: string, reason: ClipEvicted["reason"] | "deleted"): void {
    this.evictedClips.set(clipId, { reason, atMs: this.#world.nowMs, powerOn: this.powerOns.length - 1 });
  }

  /** Bytes of all clips on the card. */
  onCard(bytes: number): void {
    this.peakSpoolBytes = Math.max(this.peakSpoolBytes, bytes);
  }

  /** A full disk refused a row while these clips were on the card; those just closed were perhaps not, then. */
  refused(powerOn: PowerOn, { lane, sequence }: StoreAppendFailed, clipIds: Iterable<string>): void {
    const clips = [...clipIds].filter((clipId) => {
      const atMs = this.#closedAtMs.get(clipId);
      return atMs !== undefined && atMs < this.#world.nowMs - JUST_CLOSED_MS;
    });
    const id = `${powerOn.epoch}-${lane === "press" ? "p" : "e"}${sequence}`;
    if (clips.length > 0) this.refusedBesideClips.push({ id, clips });
  }

  /** A corrupt outbox with these rows is moved aside. */
  setAside(rows: readonly OutboxRow[]): void {
    this.setAsides.push({
      powerOn: this.powerOns.length - 1,
      ids: new Set(rows.map(({ id }) => id)),
    });
  }

  /** What is durable of the configuration from the wire. */
  configured(record: ConfigurationRecord, problems: readonly ConfigurationProblem[]): void {
    this.note("configured", record);
    const inWords = problems.map(({ field, reason }) => `${field}: ${reason}`);
    this.configurations.push({ atMs: this.#world.nowMs, record, problems: inWords });
  }

  shone({ number }: PowerOn, pattern: LightPattern): void {
    this.lights.push({ powerOn: number, atMs: this.#world.nowMs, pattern });
    this.watch?.lit(pattern);
  }

  /** Bytes on a connection's way that are no press and not acknowledged. */
  paced(bytes: number): void {
    this.peakPacedBytes = Math.max(this.peakPacedBytes, bytes);
  }

  connecting(powerOn: PowerOn): void {
    if (powerOn.number !== this.powerOns.length - 1) return;
    if (this.#pausedSinceMs === null) return;
    this.longestPauseMs = Math.max(this.longestPauseMs, this.#world.nowMs - this.#pausedSinceMs);
  }

  connectionOver(powerOn: PowerOn): void {
    if (powerOn.number !== this.powerOns.length - 1) return;
    this.#pausedSinceMs = this.#world.nowMs;
  }

  rang(powerOn: PowerOn): void {
    if (this.#isAsked) powerOn.askedRingsMs.push(this.#world.nowMs);
    else powerOn.ringsMs.push(this.#world.nowMs);
    this.watch?.rang();
  }

  /** What lies in the outbox: durable rows are accepted, told or not. */
  onDisk(rows: readonly OutboxRow[], bytes: number): void {
    for (const row of rows) this.#accept(row.id, "durable");
    this.peakOutboxBytes = Math.max(this.peakOutboxBytes, bytes);
  }

  attempted(powerOn: PowerOn, message: BrokerMessageOut, connection: number, token: number): void {
    const { topic, payload, retain } = message;
    const text = payload.kind === "text" ? payload.text : null;
    // Bytes that are not retained are as they should be; what they are is judged where they arrive.
    if (text === null && !retain) return;
    const sighting = this.#sighting({ topic, text, bytes: 0, tag: null, retain }, powerOn.number);
    this.attempts.push(sighting);
    if (sighting.event) this.#published.set(token, { connection, id: sighting.event.id });
  }

  arrived(message: ModelledMessage): void {
    this.note("arrived", [message.topic, message.bytes, message.tag ?? message.text]);
    this.arrivals.push(this.#sighting(message, this.powerOns.length - 1));
  }

  forgot(message: ModelledMessage): void {
    this.note("forgot", message.topic);
    const event = this.#eventIn(message);
    if (event) this.forgotten.add(event.id);
    else this.forgottenTopics.add(message.topic);
  }

  delivered(message: ModelledMessage): void {
    this.note("delivered", message.topic);
    const sighting = this.#sighting(message, this.powerOns.length - 1);
    this.deliveries.push(sighting);
    if (sighting.event?.type === "clip" && sighting.event.data.state === "recorded")
      this.lastClipTold = String(sighting.event.data.clipId);
    this.watch?.delivered(message);
  }

  /** Everything that is known, once the run is over and with what only its end shows. */
  evidence(
    end: Omit<Evidence, Exclude<keyof Ledger, "note" | "evicted" | "onCard" | "refused" | "configured">>,
  ): Evidence {
    return {
      deviceId: this.deviceId,
      settings: this.settings,
      powerOns: this.powerOns,
      presses: this.presses,
      motions: this.motions,
      rows: this.rows,
      accepted: this.accepted,
      attempts: this.attempts,
      arrivals: this.arrivals,
      deliveries: this.deliveries,
      forgotten: this.forgotten,
      forgottenTopics: this.forgottenTopics,
      evictedClips: this.evictedClips,
      refusedBesideClips: this.refusedBesideClips,
      uploadedIn: this.uploadedIn,
      peakOutboxBytes: this.peakOutboxBytes,
      peakUnsavedRows: this.peakUnsavedRows,
      peakSpoolBytes: this.peakSpoolBytes,
      buttonTroubles: this.buttonTroubles,
      lies: this.lies,
      setAsides: this.setAsides,
      lights: this.lights,
      duePresses: this.duePresses,
      peakPacedBytes: this.peakPacedBytes,
      longestPauseMs: this.longestPauseMs,
      linkTroubles: this.linkTroubles,
      requests: this.requests,
      commandsSeen: this.commandsSeen,
      connectionEnds: this.connectionEnds,
      desired: this.desired,
      configurations: this.configurations,
      ...end,
    };
  }

  #acked(connection: number, token: number): void {
    const published = this.#published.get(token);
    if (published?.connection !== connection) return;
    this.#published.delete(token);
    if (this.settings.uplink.settle === "puback") this.#accept(published.id, "settled");
  }

  #accept(id: string, how: "durable" | "settled"): void {
    if (!this.accepted.has(id)) this.accepted.set(id, how);
  }

  #sighting(message: ModelledMessage, powerOn: number): Sighting {
    return { atMs: this.#world.nowMs, powerOn, message, event: this.#eventIn(message) };
  }

  #eventIn(message: ModelledMessage): EventFacts | null {
    if (message.text === null || readTopic(message.topic)?.kind !== "event") return null;
    return readEvent(message.text);
  }
}

/** What a turn was, without what other lines tell whole: the messages. */
function briefOf(input: Input, actions: readonly Action[]): string {
  let brief = `${input.type} ${input.occurredAt}`;
  for (const action of actions) {
    switch (action.type) {
      // What is said to a log does nothing.
      case "log":
        break;
      case "timer.set":
        brief += ` timer.set:${action.key}:${action.atMs}`;
        break;
      case "broker.publish":
        brief += ` broker.publish:${action.token}:${action.message.topic}`;
        break;
      case "store.append":
        brief += ` store.append:${action.row.id}`;
        break;
      default:
        brief += ` ${action.type}`;
    }
  }
  return brief;
}
