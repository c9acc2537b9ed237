import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matches } from "../../../simulator/network/modelled-message.ts";
import { Subscriptions } from "../../../simulator/network/subscriptions.ts";

const level = fc.constantFrom("a", "b", "c");
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, below]) => [...levels, ...(below ? ["#"] : [])].join("/"));

describe("subscriptions", () => {
  it("find whom the filters match, each once, also after some have left", () => {
    const subscribed = fc.array(fc.record({ filter, who: fc.nat(4), leaves: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(subscribed, topic, (all, asked) => {
        const once = [...new Map(all.map((one) => [`${one.filter} ${one.who}`, one])).values()];
        const subscriptions = new Subscriptions<number>();
        for (const one of once) subscriptions.add(one.filter, one.who);
        for (const one of once) if (one.leaves) subscriptions.remove(one.filter, one.who);
        const wanted = once.filter((one) => !one.leaves && matches(one.filter, asked)).map(({ who }) => who);
        const found = [...subscriptions.find(asked)];
        expect([...found].sort()).toEqual([...new Set(wanted)].sort());
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });
});
