import type { Input } from "../../agent/core/inputs.ts";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";

/**
 * Which faults really struck, and how often. One that goes on for a while strikes once, however often it is felt;
 * one that nobody ever felt has not struck.
 */
export class Strikes {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #goingOn = new Map<FaultKind, Set<{ felt: boolean }>>();

  /** Something goes wrong from now on, until what this answers is called. */
  begun(kind: FaultKind): () => void {
    const own = { felt: false };
    const all = this.#goingOn.get(kind) ?? new Set();
    this.#goingOn.set(kind, all.add(own));
    return () => all.delete(own);
  }

  /** It had an effect on something. */
  felt(kind: FaultKind): void {
    for (const one of this.#goingOn.get(kind) ?? []) {
      if (one.felt) continue;
      one.felt = true;
      this.struck(kind);
    }
  }

  /** It had its one effect. */
  struck(kind: FaultKind): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  /** What the agent takes in tells of some faults. */
  saw(input: Input): void {
    switch (input.type) {
      case "store.unavailable":
      case "store.append-failed":
      case "store.failed":
        return this.#feltOf("disk", input.fault);
      case "store.opened":
        if (!input.setAside) return;
        this.felt("disk.corrupt");
        return this.felt("power.torn");
      case "clip.spool-fault":
        return this.#feltOf("spool", input.fault);
      case "clip.evicted":
        if (input.reason !== "disk-full") return;
        this.felt("disk.full");
        return this.felt("spool.full");
      case "camera.down":
        if (input.seam) return this.felt("camera.other-pictures");
        if (input.fault !== "world") return;
        for (const how of ["crash", "broken", "stall", "garbage"]) this.#feltOf("camera", how);
        return;
      case "camera.still-failed":
        return this.felt("camera.no-still");
      case "button.line":
        if (input.state === "lost") this.felt("button.line-lost");
        return;
      case "runtime.shed":
        if (input.source === "button") this.felt("button.storm");
        return;
      case "clock.changed":
        this.felt("clock.step");
        this.felt("clock.lie");
        return;
    }
  }

  #feltOf(target: string, how: string): void {
    const kind = FAULT_KINDS.find((one) => one === `${target}.${how}`);
    if (kind) this.felt(kind);
  }
}
