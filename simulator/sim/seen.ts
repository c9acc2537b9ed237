import { Value } from "typebox/value";
import { StatusMessage } from "../../agent/contract/messages.ts";
import { parseTopic } from "../../agent/contract/topics.ts";
import type { Input } from "../../agent/core/inputs.ts";
import type { ClipClosing, ClipEnd } from "../../device/ports/fragment-store.ts";
import type { LightPattern } from "../../device/ports/light.ts";
import { readEvent } from "../checkers/event-facts.ts";
import type { ModelledMessage } from "../network/modelled-message.ts";
import type { LedgerWatch } from "../virtual/ledger.ts";

/** One thing that came out of a doorbell, as its household or the one who receives its messages sees it. */
export type Seen = { atMs: number; doorbell: number } & (
  | { what: "ring" }
  | { what: "light"; pattern: LightPattern }
  | { what: "status"; state: "online" | "stopped" | "offline" }
  /** A first delivery: repetitions of an id are not told. */
  | { what: "event"; late: boolean; id: string; type: string; data: Record<string, unknown> }
  | { what: "snapshot"; eventId: string; bytes: number }
  /** A clip is whole at the receiver, or given up; `end` is empty in that case. */
  | { what: "clip"; clipId: string; state: "whole" | "aborted"; end: ClipEnd | ""; preRollMs: number }
);

/** `Seen` without when and where. */
type Sight = Seen extends infer S ? (S extends Seen ? Omit<S, "atMs" | "doorbell"> : never) : never;

interface Assembly {
  hasInit: boolean;
  pieces: { from: number; to: number }[];
  bytes: number | null;
  told: boolean;
}

/**
 * The household and the receiver of one doorbell of a world: turns what happens into what is seen. A clip is whole
 * once its init, every byte and its fin have come, in whatever order and however often.
 */
export class Witness implements LedgerWatch {
  readonly #see: (sight: Sight) => void;
  readonly #ids = new Set<string>();
  readonly #assemblies = new Map<string, Assembly>();
  /** How clips ended, as their manifests say: no byte of those travels in a virtual world. */
  readonly #closings = new Map<string, ClipClosing>();

  constructor(see: (sight: Sight) => void) {
    this.#see = see;
  }

  rang(): void {
    this.#see({ what: "ring" });
  }

  lit(pattern: LightPattern): void {
    this.#see({ what: "light", pattern });
  }

  turn(input: Input): void {
    if (input.type === "clip.closed") this.#closings.set(input.clipId, input.closing);
    else if (input.type === "clip.pending") {
      for (const { clipId, closed } of input.clips) if (closed) this.#closings.set(clipId, closed);
    }
  }

  delivered(message: ModelledMessage): void {
    const topic = parseTopic(message.topic);
    switch (topic?.kind) {
      case "event":
        this.#event(message.text ?? "", topic.late);
        break;
      case "status":
        this.#status(message.text ?? "");
        break;
      case "snapshot":
        if (this.#isNew(`snapshot/${topic.eventId}`))
          this.#see({ what: "snapshot", eventId: topic.eventId, bytes: message.bytes });
        break;
      case "clip-init":
        this.#assembly(topic.clipId).hasInit = true;
        this.#tellWhole(topic.clipId);
        break;
      case "clip-segment":
        this.#assembly(topic.clipId).pieces.push({ from: topic.offset, to: topic.offset + message.bytes });
        this.#tellWhole(topic.clipId);
        break;
      case "clip-fin":
        this.#assembly(topic.clipId).bytes = topic.bytes;
        this.#tellWhole(topic.clipId);
        break;
      case "clip-abort": {
        const { clipId } = topic;
        if (this.#isNew(`abort/${clipId}`))
          this.#see({ what: "clip", clipId, state: "aborted", end: "", preRollMs: 0 });
        break;
      }
    }
  }

  #event(text: string, late: boolean): void {
    const { id, type, data } = readEvent(text);
    if (this.#isNew(id)) this.#see({ what: "event", late, id, type, data });
  }

  #status(text: string): void {
    const status = jsonIn(text);
    if (Value.Check(StatusMessage, status)) this.#see({ what: "status", state: status.state });
  }

  #assembly(clipId: string): Assembly {
    const known = this.#assemblies.get(clipId);
    if (known) return known;
    const made: Assembly = { hasInit: false, pieces: [], bytes: null, told: false };
    this.#assemblies.set(clipId, made);
    return made;
  }

  #tellWhole(clipId: string): void {
    const clip = this.#assembly(clipId);
    if (clip.told || !clip.hasInit || clip.bytes === null) return;
    let end = 0;
    for (const { from, to } of clip.pieces.sort((a, b) => a.from - b.from))
      if (from <= end) end = Math.max(end, to);
    if (end !== clip.bytes) return;
    clip.told = true;
    clip.pieces = [];
    const closing = this.#closings.get(clipId);
    this.#see({
      what: "clip",
      clipId,
      state: "whole",
      end: closing?.end ?? "",
      preRollMs: closing?.preRollMs ?? 0,
    });
  }

  #isNew(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    return true;
  }
}

/** What a stranger left there may be anything. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
