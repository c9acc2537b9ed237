import type { Fact, Happening } from "../../../simulator/live/happenings.ts";
import { type LiveModel, newModel } from "../../../simulator/live/model.ts";
import { reduce } from "../../../simulator/live/reduce.ts";

/** A fact as it happened `atMs` after the start. */
export function at(atMs: number, fact: Fact): Happening {
  return { ...fact, atMs, utcMs: Date.UTC(2026, 10, 24, 6, 45) + atMs };
}

export const emptyModel: LiveModel = newModel({
  source: "test",
  preRollMs: 4_000,
  brokerUrl: "mqtt://127.0.0.1:1883",
  ownBroker: true,
  folder: "/home/tester",
});

/** The model after these, from the first on. */
export function modelAfter(...happenings: Happening[]): LiveModel {
  return happenings.reduce(reduce, emptyModel);
}

/** A press as the receiver tells of it. */
export function pressEvent(more: Partial<Extract<Fact, { what: "event" }>> = {}): Fact {
  return {
    what: "event",
    id: "0123456789abcdef-p1",
    epoch: "0123456789abcdef",
    monotonicMs: 10_000,
    type: "press",
    lane: "press",
    sequence: 1,
    topic: "porchlight/v1/front-door/event/press",
    late: false,
    afterPressMs: 43.2,
    summary: "somebody rang",
    ...more,
  };
}

export function clipWhole(more: Partial<Extract<Fact, { what: "clip-whole" }>> = {}): Fact {
  return {
    what: "clip-whole",
    clipId: "0123456789abcdef-c1",
    eventId: "0123456789abcdef-p1",
    end: "finished",
    path: "/home/tester/porchlight-data/received/0123456789abcdef-c1.mp4",
    bytes: 1_846_938,
    sha256: "ab".repeat(32),
    widthPx: 1_280,
    heightPx: 720,
    durationMs: 10_600,
    preRollMs: 4_609,
    ...more,
  };
}
