import { type AgentInput, type InputSource, sourceOf } from "./core/inputs.ts";

/**
 * What waits to be taken in. The button goes first; the rest keeps its order. Each source is bounded by what its
 * inputs are: levels and clocks keep only the newest, strangers' messages are shed, and answers to the core's own
 * requests cannot outnumber the requests.
 */
export class InputQueue {
  #button: AgentInput[] = [];
  #rest: AgentInput[] = [];
  #next = 0;
  #waitingBySource: Partial<Record<InputSource, number>> = {};
  /** Made when something is shed, which is seldom. */
  #shed: Map<InputSource, number> | null = null;

  get isEmpty(): boolean {
    return this.#button.length === 0 && this.#next === this.#rest.length && !this.#shed;
  }

  /**
   * Takes an input in, or sheds it and counts that.
   * @throws Error when a source that cannot be shed floods: our bug.
   */
  add(input: AgentInput): void {
    const source = sourceOf(input);
    if (input.type === "button.edge") {
      this.#addEdge(input);
      return;
    }
    if (input.type === "clock.changed" || input.type === "button.line") {
      if (this.#replaceNewest(input)) return;
    }
    const waiting = this.#waitingBySource[source] ?? 0;
    if (input.type === "broker.message" && waiting >= MOST_MESSAGES) {
      this.#countShed(source);
      return;
    }
    if (waiting >= MOST_ANSWERS) throw new Error(`more than ${MOST_ANSWERS} inputs of ${source} wait`);
    this.#waitingBySource[source] = waiting + 1;
    this.#rest.push(input);
  }

  /** The next input, or undefined when nothing waits. What was shed is told before anything else. */
  take(occurredAt: number): AgentInput | undefined {
    const edge = this.#button.shift();
    if (edge) return edge;
    for (const [source, count] of this.#shed ?? []) {
      this.#shed?.delete(source);
      if (this.#shed?.size === 0) this.#shed = null;
      return { type: "runtime.shed", occurredAt, source, count };
    }
    const input = this.#rest[this.#next];
    if (!input) return undefined;
    this.#next += 1;
    const source = sourceOf(input);
    this.#waitingBySource[source] = (this.#waitingBySource[source] ?? 1) - 1;
    if (this.#next === this.#rest.length || this.#next >= COMPACT_AT) {
      this.#rest = this.#rest.slice(this.#next);
      this.#next = 0;
    }
    return input;
  }

  /** When the line chatters faster than it is read, the newest level replaces the one before. */
  #addEdge(edge: AgentInput): void {
    if (this.#button.length >= MOST_EDGES) {
      this.#button.pop();
      this.#countShed("button");
    }
    this.#button.push(edge);
  }

  #replaceNewest(input: AgentInput): boolean {
    for (let i = this.#rest.length - 1; i >= this.#next; i--) {
      if (this.#rest[i]?.type !== input.type) continue;
      this.#rest[i] = input;
      return true;
    }
    return false;
  }

  #countShed(source: InputSource): void {
    this.#shed ??= new Map();
    this.#shed.set(source, (this.#shed.get(source) ?? 0) + 1);
  }
}

const MOST_EDGES = 64;
const MOST_MESSAGES = 256;
const MOST_ANSWERS = 65_536;
const COMPACT_AT = 1_024;
