import fc from "fast-check";
import { expect, it } from "vitest";
import { COMMANDS } from "../../../agent/contract/commands.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

/** A restart would end it all. */
const commands = Object.keys(COMMANDS).filter((name) => name !== "restart");
const names = fc.oneof(fc.constantFrom(...commands), fc.string({ maxLength: 8 }));
const anything = fc.oneof(fc.json({ maxDepth: 3 }), fc.string(), fc.constant(null));
const almost = fc
  .record(
    {
      requestId: fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.constant("same"), fc.jsonValue()),
      params: fc.oneof(
        fc.constant({}),
        fc.record({ clipId: fc.string(), x: fc.jsonValue() }),
        fc.jsonValue(),
      ),
      expiresAt: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  )
  .map((message) => JSON.stringify(message));
const more = fc.record(
  { responseTopic: fc.string(), correlation: fc.base64String(), expiryS: fc.nat() },
  { requiredKeys: [] },
);

it("takes any text on any command, and what cannot be answered changes nothing but a counter", () => {
  const desk = DoorbellOnADesk.ready({
    camera: { source: "test" },
    commands: { maxPerMinute: 600 },
  }).cameraUp();
  fc.assert(
    fc.property(names, fc.oneof(anything, almost), fc.boolean(), more, (name, text, retain, properties) => {
      desk.actions = [];
      desk.wait(1_000);
      desk.ackAll();
      const { counters, ...before } = structuredClone(desk.state);
      const from = desk.actions.length;
      desk.message(`command/${name}`, text, retain, properties);
      const did = desk.actions.slice(from).filter(({ type }) => type !== "log");
      const { counters: after, ...now } = desk.state;
      expect(JSON.stringify(now).length).toBeLessThan(400_000);
      if (after["commands.malformed"] === counters["commands.malformed"]) return;
      expect([did, now]).toEqual([[], before]);
    }),
    { numRuns: 800 },
  );
  expect(desk.state.lifecycle.phase).toBe("running");
  expect(desk.state.counters["commands.malformed"]).toBeGreaterThan(200);
  expect(desk.state.counters["commands.refused"]).toBeGreaterThan(40);
});
