import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type EventType, eventBody } from "../../agent/contract/events.ts";
import { discoveryMessage } from "../../agent/contract/home-assistant.ts";
import type { HealthMessage, StatusMessage } from "../../agent/contract/messages.ts";

const RENDERER = fileURLToPath(new URL("../fixtures/render-templates.py", import.meta.url));
const NOW_S = 1_800_000_000;
const { availability, cmps } = discoveryMessage({
  ...{ deviceId: "front-door", name: "", version: "1.0.0" },
  ...{ camera: true, motion: true, snapshots: true },
});

interface Job {
  template: string;
  value: string;
  attributes?: Record<string, string>;
}

/** By the real Jinja, in the sandbox that Home Assistant uses. */
function render(jobs: Job[]): string[] {
  const input = JSON.stringify(jobs.map((job) => ({ now: NOW_S, attributes: {}, ...job })));
  return JSON.parse(execFileSync("/usr/bin/python3", [RENDERER], { input, encoding: "utf8" }));
}

const event = (type: EventType, ageS: number, trust: "synced" | "estimated" = "synced") =>
  eventBody({
    ...{ deviceId: "front-door", type, epoch: "00000000000000aa", lane: "press", sequence: 4 },
    ...{ monotonicMs: 1_000, utcMs: (NOW_S - ageS) * 1_000, trust, data: { heldMs: 80 } as never },
  });
const health = (more: Partial<HealthMessage> = {}) =>
  JSON.stringify({
    ...{
      epoch: "00000000000000aa",
      uptimeMs: 1,
      mode: "normal",
      camera: "up",
      motion: false,
      clock: "synced",
    },
    ...{ store: "durable", outboxRows: 3, outboxBytes: 900 },
    counters: { "outbox.dropped.age": 2, "outbox.dropped.budget": 5, "press.rung": 9 },
    ...more,
  } satisfies HealthMessage);

describe("Home Assistant's templates, rendered by Jinja", () => {
  const ring = (value: string, attributes = {}): Job => ({
    ...{ template: cmps.ring.value_template, value, attributes },
  });

  it("wrap a press into an event with `event_type`, as event.py reads it", () => {
    const [text = ""] = render([ring(event("press", 2))]);
    expect(JSON.parse(text)).toEqual({
      ...{ event_type: "ring", event_id: "00000000000000aa-p4", held_ms: 80 },
      time: new Date((NOW_S - 2) * 1_000).toISOString(),
    });
  });

  it("ring for nothing old, nothing twice and nothing else; and for a press whose time nobody can trust", () => {
    const rings = render([
      ring(event("press", 30)),
      ring(event("press", 31)),
      ring(event("press", 86_400, "estimated")),
      ring(event("press", -5)),
      ring(event("press", 1), { event_id: "00000000000000aa-p4" }),
      ring(event("press", 1), { event_id: "00000000000000aa-p3" }),
      ring(event("button", 1)),
    ]).map((text) => text !== "");
    expect(rings).toEqual([true, false, true, true, false, true, false]);
  });

  it("read health and status as the entities' schemas want them", () => {
    const { camera, motion } = cmps;
    if (!("value_template" in camera) || !("value_template" in motion)) throw new Error("no camera");
    const of = (one: { value_template: string }, value: string) => ({ template: one.value_template, value });
    const status = (state: StatusMessage["state"]) => JSON.stringify({ state });
    expect(
      render([
        of(camera, health()),
        of(motion, health()),
        of(motion, health({ motion: true })),
        ...[cmps.outbox, cmps.dropped, cmps.store, cmps.mode, cmps.clock].map((one) => of(one, health())),
        of(cmps.dropped, health({ counters: {} })),
        ...(["online", "stopped", "offline"] as const).map((state) => of(availability[0], status(state))),
      ]),
    ).toEqual([
      ...["up", "OFF", "ON", "3", "7", "durable", "normal", "synced", "0"],
      ...["online", "offline", "offline"],
    ]);
    expect(camera.options).toContain("up");
  });

  it("make a command with a request id of its own", () => {
    const job = { template: cmps.self_test.command_template, value: "PRESS" };
    const ids = render([job, job]).map((text) => JSON.parse(text).requestId);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("cover every template that is announced", () => {
    const templates = JSON.stringify(cmps).match(/_template"/g) ?? [];
    expect(templates).toHaveLength(9);
  });
});
