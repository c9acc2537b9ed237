import type { Entropy } from "../../device/ports/entropy.ts";
import type { Chance } from "../world/chance.ts";

/** Chance from the seed. Give each power-on a fork of its own, so that no two share an epoch. */
export class SimulatedEntropy implements Entropy {
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  epoch(): string {
    return hex32(this.#chance.int32()) + hex32(this.#chance.int32());
  }

  seed(): number {
    return this.#chance.int32();
  }
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
