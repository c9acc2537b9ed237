import { describe, expect, it } from "vitest";
import { UsageError } from "../../../agent/contract/errors.ts";
import { type WorldFlags, world } from "../../../simulator/virtual/command.ts";

const FLAGS: WorldFlags = { hours: "1", doorbells: "1", faults: "harsh" };

async function refusal(flags: Partial<WorldFlags>): Promise<unknown> {
  const printed: string[] = [];
  const error = await world(
    { ...FLAGS, ...flags },
    { print: (line) => printed.push(line), progress: null },
  ).catch((thrown: unknown) => thrown);
  expect(printed).toEqual([]);
  return error;
}

describe("porchlight-sim world refuses, before it plays anything,", () => {
  it.each<[Partial<WorldFlags>, string]>([
    [{ seed: "x" }, "--seed is a whole number from 0 to 2147483647, not x"],
    [{ seed: "-1" }, "--seed is a whole number from 0 to 2147483647, not -1"],
    [{ seed: "2147483648" }, "--seed is a whole number from 0 to 2147483647, not 2147483648"],
    [{ seeds: "9..3" }, "--seeds goes from the lower to the higher one: 3..9"],
    [{ seeds: "5" }, "--seeds is two whole numbers as in 1..1000, not 5"],
    [{ seeds: "1..2..3" }, "--seeds is two whole numbers as in 1..1000, not 1..2..3"],
    [{ seed: "1", seeds: "1..2" }, "--seed or --seeds, not both"],
    [{ hours: "0" }, "--hours is a number from 0.1 to 240, not 0"],
    [{ hours: "" }, "--hours is a number from 0.1 to 240, not "],
    [{ hours: "1e9" }, "--hours is a number from 0.1 to 240, not 1e9"],
    [{ doorbells: "0" }, "--doorbells is a whole number from 1 to 100000, not 0"],
    [{ doorbells: "1.5" }, "--doorbells is a whole number from 1 to 100000, not 1.5"],
    [{ faults: "all" }, "--faults is one of none, mild, harsh, not all"],
    [{ seeds: "1..2", trace: true }, "--trace shows one world: one --seed, and at most 25 doorbells"],
  ])("%j", async (flags, line) => {
    const error = await refusal(flags);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toBe(line);
  });
});
