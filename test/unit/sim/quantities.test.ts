import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QUANTITIES, type QuantityKind } from "../../../simulator/sim/quantities.ts";

const KINDS = Object.keys(QUANTITIES) as QuantityKind[];

describe("a quantity", () => {
  it.each([
    ["duration", "200ms", 200],
    ["duration", "2.5s", 2_500],
    ["duration", "1h2m3.5s", 3_723_500],
    ["duration", "90d", 7_776_000_000],
    ["duration", "1d12h", 129_600_000],
    ["duration", "0.1s", 100],
    ["duration", "-2h", -7_200_000],
    ["share", "12%", 120],
    ["share", "0.5%", 5],
    ["size", "8KiB", 8_192],
    ["size", "1.5kB", 1_500],
    ["rate", "2MB/s", 2_000_000],
    ["rate", "256kbit/s", 32_000],
  ] as const)("%s: %s is %i", (kind, text, value) => {
    expect(QUANTITIES[kind].parse(text)).toBe(value);
    expect(text).toMatch(new RegExp(QUANTITIES[kind].pattern));
  });

  it.each([
    ["duration", "5", "a number without its unit: did you mean 5s?"],
    ["duration", "5sec", "did you mean 5s?"],
    ["duration", "5 s", "did you mean 5s?"],
    ["duration", "3 mins", "did you mean 3m?"],
    ["duration", "2weeks", "there is no unit weeks"],
    ["duration", "0.5ms", "not a whole number of milliseconds"],
    ["duration", "1s1m", ""],
    ["duration", "-", ""],
    ["duration", "", ""],
    ["share", "12", "did you mean 12%?"],
    ["share", "0.05%", "not a whole number of thousandths"],
    ["size", "8kib", "did you mean 8KiB?"],
    ["size", "800", "a number without its unit: did you mean 800B?"],
    ["rate", "20 kb/s", "did you mean 20kB/s or 20kbit/s?"],
    ["rate", "20Mbps", "did you mean 20Mbit/s?"],
    ["rate", "fast", ""],
  ] as const)("%s: %j is none (%s)", (kind, text, why) => {
    expect(QUANTITIES[kind].parse(text)).toBe(why);
  });

  it.each(KINDS)("%s: every number is written so that it is read again", (kind) => {
    const { format, parse, pattern } = QUANTITIES[kind];
    const most = kind === "share" ? 1_000 : 31_622_400_000;
    const least = kind === "duration" ? -most : 0;
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: least, max: most }), fc.integer({ min: 0, max: 1_000 })),
        (value) => {
          expect(format(value)).toMatch(new RegExp(pattern));
          expect(parse(format(value))).toBe(value);
        },
      ),
    );
  });
});
