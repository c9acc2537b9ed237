import { randomBytes } from "node:crypto";
import type { Entropy } from "../ports/entropy.ts";

/** The kernel's generator. */
export const linuxEntropy: Entropy = {
  epoch: () => randomBytes(8).toString("hex"),
  seed: () => randomBytes(4).readInt32LE(),
};
