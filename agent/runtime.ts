import type { Settings } from "./contract/settings.ts";
import type { Action, ExitCode } from "./core/actions.ts";
import type { ConfigurationAtStart } from "./core/configuration.ts";
import type { AgentInput, Crash, Input } from "./core/inputs.ts";
import { initialState, type State } from "./core/state.ts";
import { step } from "./core/step.ts";
import { InputQueue } from "./input-queue.ts";
import type { Ports } from "./ports.ts";

export interface LogEntry {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  facts: Record<string, string | number | boolean | null>;
}

/** After an agent has ended. */
export interface WhatFollows {
  /** The request that asked for another process, to be noted before it starts. */
  restart: string | null;
  /** Another agent is to be started in this process. */
  again: boolean;
}

export interface RuntimeOptions {
  ports: Ports;
  settings: Settings;
  version: string;
  mode: "normal" | "bell-only";
  log: (entry: LogEntry) => void;
  /** What is noted of earlier processes: requests that restarts were done for, and crashes. */
  restarts?: readonly string[];
  crashes?: readonly Crash[];
  /** What came over the wire and is in force; absent where none is kept. */
  configuration?: ConfigurationAtStart | undefined;
  /** The agent's work is over; the ports are still open. Called once. */
  ended: (exitCode: ExitCode, reason: string, next: WhatFollows) => void;
  /** Sees every input with what it led to, before that is done: for journals and views. */
  observe?: (input: Input, actions: readonly Action[], state: Readonly<State>) => void;
  /** Sees the input on which the core threw, before that ends the agent. */
  crashed?: (input: Input, error: unknown) => void;
}

/**
 * The only loop: takes an input, steps the core, hands the actions to the ports. It decides nothing and runs the
 * same on a device and in a simulated world. An error thrown by the core ends it: it is thrown out of the turn.
 */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #state: State;
  readonly #queue = new InputQueue();
  #now = 0;
  readonly #takeTurn = () => this.#turn();
  #turnIsComing = false;
  #halted = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#state = initialState(options.settings);
  }

  /** Starts the ports and the agent. To be called once. */
  start(): void {
    const { ports, version, mode, configuration, restarts = [], crashes = [] } = this.#options;
    const post = (input: AgentInput) => this.#post(input);
    for (const port of [
      ports.timers,
      ports.clock,
      ports.store,
      ports.fragments,
      ports.broker,
      ports.camera,
      ports.configuration,
      ports.vault,
    ]) {
      port.start(post);
    }
    const { monotonicMs, utcMs, trust } = ports.clock.read();
    const { entropy } = ports;
    post({
      type: "agent.started",
      occurredAt: monotonicMs,
      epoch: entropy.epoch(),
      seed: entropy.seed(),
      utcMs,
      trust,
      mode,
      version,
      ...(restarts.length > 0 && { restarts }),
      ...(crashes.length > 0 && { crashes }),
      ...(configuration && { configuration }),
    });
    ports.button.start(post);
  }

  /** Asks the agent to say goodbye; `ended` follows within seconds. */
  requestStop(): void {
    this.#post({ type: "agent.stop", occurredAt: this.#options.ports.clock.monotonicMs() });
  }

  /** Takes no more turns, as when the power goes. */
  halt(): void {
    this.#halted = true;
  }

  #post(input: AgentInput): void {
    if (this.#halted) return;
    this.#queue.add(input);
    this.#comeSoon();
  }

  #comeSoon(): void {
    if (this.#turnIsComing) return;
    this.#turnIsComing = true;
    this.#options.ports.timers.soon(this.#takeTurn);
  }

  #turn(): void {
    this.#turnIsComing = false;
    for (let taken = 0; taken < INPUTS_A_TURN && !this.#halted; taken++) {
      this.#now = Math.max(this.#now, this.#options.ports.clock.monotonicMs());
      const input = this.#queue.take(this.#now);
      if (!input) return;
      this.#take(at(input, this.#now));
    }
    if (!this.#halted && !this.#queue.isEmpty) this.#comeSoon();
  }

  #take(input: Input): void {
    const actions = this.#step(input);
    this.#options.observe?.(input, actions, this.#state);
    for (const action of actions) this.#perform(action);
  }

  #step(input: Input): Action[] {
    try {
      return step(this.#state, input);
    } catch (error) {
      this.#options.crashed?.(input, error);
      throw error;
    }
  }

  #perform(action: Action): void {
    const { ports } = this.#options;
    switch (action.type) {
      case "light.show":
        return ports.light.show(action.pattern);
      case "chime.play":
        return ports.chime.play(action.sound);
      case "camera.open":
        return ports.camera.open();
      case "camera.prepare-still":
        return ports.camera.prepareStill();
      case "camera.take-still":
        return ports.camera.takeStill(action);
      case "store.open":
        return ports.store.open(action.epoch, action.startedUtcMs);
      case "store.append":
        return ports.store.append(action.row);
      case "store.settle":
        return ports.store.settle(action.ranges);
      case "store.drop":
        return ports.store.drop(action.ranges);
      case "store.page":
        return ports.store.page(action.lane, action.after, action.limit);
      case "store.set-aside-told":
        return ports.store.setAsideTold();
      case "clip.open":
        return ports.fragments.openClip(action);
      case "clip.close":
        return ports.fragments.closeClip(action.clipId, action.atMs);
      case "clip.list-segments":
        return ports.fragments.listSegments(action.clipId, action.fromIndex, action.limit);
      case "clip.split-segment":
        return ports.fragments.splitSegment(action);
      case "clip.list-pending":
        return ports.fragments.listPending(action.limit);
      case "clip.mark-acked":
        return ports.fragments.markAcked(action.clipId, action.segments);
      case "clip.mark-uploaded":
        return ports.fragments.markUploaded(action.clipId);
      case "clip.mark-announced":
        return ports.fragments.markAnnounced(action.clipId);
      case "clip.list":
        return ports.fragments.listClips(action);
      case "clip.requeue":
        return ports.fragments.requeueClip(action);
      case "clip.delete":
        return ports.fragments.deleteClip(action);
      case "clip.forget-still":
        return ports.fragments.forgetStill(action.eventId);
      case "broker.connect":
        return ports.broker.connect(action);
      case "broker.publish":
        return ports.broker.publish(action.connection, action.token, action.message);
      case "broker.disconnect":
        return ports.broker.disconnect(action.connection);
      case "broker.abandon":
        return ports.broker.abandon(action.connection);
      case "vault.verify":
        return ports.vault.verify(action.request, action.jws, action.signedType);
      case "configuration.check":
        return ports.configuration.check(action.request, action.wire);
      case "configuration.save":
        return ports.configuration.save(action.record);
      case "timer.set":
        return ports.timers.set(action.key, action.generation, action.atMs);
      case "timer.clear":
        return ports.timers.clear(action.key);
      case "log":
        return this.#options.log({ level: action.level, message: action.message, facts: action.facts });
      case "agent.ended":
        this.#halted = true;
        return this.#options.ended(action.exitCode, action.reason, {
          restart: action.restart ?? null,
          again: action.again ?? false,
        });
    }
  }
}

/** The queue has given the input away, and nobody else holds it: it needs no copy. */
function at(input: AgentInput, now: number): Input {
  const taken = input as Input;
  taken.now = now;
  return taken;
}

/** A long queue must not keep adapters from their own work. */
const INPUTS_A_TURN = 64;
