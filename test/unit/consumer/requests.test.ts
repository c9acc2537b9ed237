import { describe, expect, it } from "vitest";
import { buildRequest, Consumer, Requests } from "../../../agent/consumer/index.ts";
import { DEVICE } from "./messages.ts";

const reply = (requestId: string, more: object = {}) => {
  const message = { requestId, command: "chime", outcome: "done", result: {}, ...more };
  const payload = new TextEncoder().encode(JSON.stringify(message));
  const topic = `porchlight/v1/${DEVICE}/reply/${requestId}`;
  const [outcome] = new Consumer().receive({ topic, payload, retain: false, receivedUtcMs: 0 });
  if (!outcome) throw new Error("no outcome");
  return outcome;
};

describe("requests", () => {
  it("are built as the doorbell reads them, and refused before they are sent", () => {
    const request = buildRequest(DEVICE, "record", "r1", { durationMs: 5_000 }, "2026-01-01T00:00:00Z");
    expect(request).toMatchObject({
      topic: `porchlight/v1/${DEVICE}/command/record`,
      replyTopic: `porchlight/v1/${DEVICE}/reply/r1`,
      expiryS: 25,
    });
    expect(JSON.parse(request.payload)).toEqual({
      ...{ requestId: "r1", params: { durationMs: 5_000 }, expiresAt: "2026-01-01T00:00:00Z" },
    });
    expect(() => buildRequest(DEVICE, "record", "r1", { durationMs: 1 })).toThrow(/durationMs/);
  });

  it("find their answers, once, and tell which have none", () => {
    const requests = new Requests();
    requests.sent(buildRequest(DEVICE, "chime", "r1", {}), 1_000);
    requests.sent(buildRequest(DEVICE, "chime", "r2", {}), 2_000);
    expect(requests.take(reply("r3"))).toBeNull();
    expect(requests.take(reply("r1"))).toMatchObject({ kind: "answered", reply: { outcome: "done" } });
    expect(requests.take(reply("r1"))).toBeNull();
    expect(requests.nextDueMs).toBe(19_000);
    expect(requests.takeUnanswered(18_999)).toEqual([]);
    expect(requests.takeUnanswered(19_000)).toMatchObject([
      { kind: "unanswered", request: { requestId: "r2" } },
    ]);
    expect([requests.nextDueMs, requests.takeUnanswered(99_000)]).toEqual([null, []]);
  });

  it("get no answer from what is none", () => {
    expect(reply("r1", { outcome: "perhaps" })).toMatchObject({ kind: "refused", reason: "invalid" });
    expect(reply("r1", { requestId: "r2" })).toMatchObject({ kind: "refused", reason: "inconsistent" });
  });
});
