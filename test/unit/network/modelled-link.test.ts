import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelledLink, type Wire } from "../../../simulator/network/modelled-link.ts";
import { World } from "../../../simulator/world/world.ts";

const KEEP_ALIVE_MS = 45_000;

function begin(seed = 1) {
  const world = new World(seed);
  const link = new ModelledLink(world, world.chance, { latencyMs: 10, jitterMs: 50, bytesPerSecond: 10_000 });
  const closed: string[] = [];
  const open = () =>
    link.open(
      {
        device: { closed: () => closed.push(`device@${world.nowMs}`) },
        broker: { closed: () => closed.push(`broker@${world.nowMs}`) },
      },
      KEEP_ALIVE_MS,
    ) as Wire;
  return { world, link, closed, open };
}

describe("a modelled link", () => {
  it("carries what is sent in its order, through holes of any length that nobody gives up on", () => {
    const step = fc.constantFrom("send", "block", "unblock", "wait");
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 60 }), (seed, steps) => {
        const { world, link, open } = begin(seed);
        const wire = open();
        const arrived: number[] = [];
        let sent = 0;
        let blocked = false;
        for (const what of steps) {
          if (what === "send") {
            const number = sent;
            wire.send("up", 30, () => arrived.push(number));
            sent += 1;
          } else if (what === "block" && !blocked) {
            link.block("up");
            blocked = true;
          } else if (what === "unblock" && blocked) {
            link.unblock("up");
            blocked = false;
          } else world.runUntil(world.nowMs + 17);
        }
        if (blocked) link.unblock("up");
        world.runUntil(world.nowMs + 10_000);
        expect(arrived).toEqual(Array.from({ length: sent }, (_, number) => number));
      }),
    );
  });

  it("takes the time that its rate asks for", () => {
    const { world, open } = begin();
    const wire = open();
    let atMs = 0;
    wire.send("up", 5_000, () => undefined);
    wire.send("up", 5_000, () => {
      atMs = world.nowMs;
    });
    world.runUntil(5_000);
    expect(atMs).toBeGreaterThanOrEqual(1_010);
    expect(atMs).toBeLessThanOrEqual(1_060);
  });

  it("when it is cut, the device knows at once and the broker after the silence", () => {
    const { world, link, closed, open } = begin();
    const wire = open();
    wire.send("up", 10, () => closed.push("arrived"));
    link.cut();
    expect(link.open({ device: { closed() {} }, broker: { closed() {} } }, 1)).toBeNull();
    world.runUntil(100_000);
    expect(closed).toHaveLength(2);
    expect(closed[0]).toMatch(/^device@\d{1,2}$/);
    expect(closed[1]).toBe(`broker@${KEEP_ALIVE_MS}`);
    link.mend();
    expect(open()).not.toBeNull();
  });

  it("half open, the end that hears nothing gives up, and the other learns of it", () => {
    const { world, link, closed, open } = begin();
    open();
    link.block("up");
    world.runUntil(100_000);
    expect(closed[0]).toBe(`broker@${KEEP_ALIVE_MS}`);
    expect(closed[1]).toMatch(/^device@450\d\d$/);
  });

  it("when a device loses its power, what it had sent still arrives, and nobody is told", () => {
    const { world, closed, open } = begin();
    const wire = open();
    wire.send("up", 10, () => closed.push("arrived"));
    wire.abandonByDevice();
    world.runUntil(KEEP_ALIVE_MS - 1);
    expect(closed).toEqual(["arrived"]);
    world.runUntil(KEEP_ALIVE_MS);
    expect(closed).toEqual(["arrived", `broker@${KEEP_ALIVE_MS}`]);
  });
});
