import { describe, expect, it } from "vitest";
import type { AgentInput } from "../../../agent/core/inputs.ts";
import { InputQueue } from "../../../agent/input-queue.ts";

const edge = (occurredAt: number, pressed: boolean): AgentInput => ({
  type: "button.edge",
  occurredAt,
  pressed,
});
const message = (n: number): AgentInput => ({
  type: "broker.message",
  occurredAt: n,
  connection: 1,
  topic: "t",
  text: "x",
  bytes: 1,
  retain: false,
});
const drain = (queue: InputQueue) => {
  const taken: AgentInput[] = [];
  for (let input = queue.take(0); input; input = queue.take(0)) taken.push(input);
  return taken;
};

describe("input queue", () => {
  it("takes the button first and keeps the order of the rest", () => {
    const queue = new InputQueue();
    for (const input of [message(1), message(2), edge(3, true)]) queue.add(input);
    expect(drain(queue).map(({ occurredAt }) => occurredAt)).toEqual([3, 1, 2]);
    expect(queue.isEmpty).toBe(true);
  });

  it("sheds a stranger's flood, counts it, and still takes the answers", () => {
    const queue = new InputQueue();
    for (let i = 0; i < 1_000; i++) queue.add(message(i));
    queue.add({ type: "broker.acked", occurredAt: 5, connection: 1, token: 9 });
    const taken = drain(queue);
    expect(taken[0]).toMatchObject({ type: "runtime.shed", source: "broker", count: 744 });
    expect(taken.filter(({ type }) => type === "broker.message")).toHaveLength(256);
    expect(taken.at(-1)?.type).toBe("broker.acked");
  });

  it("keeps the line's last level when it chatters", () => {
    const queue = new InputQueue();
    for (let i = 0; i < 999; i++) queue.add(edge(i, i % 2 === 0));
    const taken = drain(queue).filter(({ type }) => type === "button.edge");
    expect(taken.length).toBeLessThanOrEqual(64);
    expect(taken.at(-1)).toEqual(edge(998, true));
  });

  it("keeps only the newest reading of the clock", () => {
    const queue = new InputQueue();
    for (let i = 0; i < 9; i++)
      queue.add({ type: "clock.changed", occurredAt: i, utcMs: i, trust: "synced" });
    expect(drain(queue)).toEqual([{ type: "clock.changed", occurredAt: 8, utcMs: 8, trust: "synced" }]);
  });
});
