import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../../agent/contract/errors.ts";
import { JournalledDesk } from "../agent/journalled-desk.ts";
import { replayOf, resultOf, threeRings } from "./replay-of.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-replay-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("whatever happened", () => {
  const happenings = fc.array(
    fc.oneof(
      fc.record({ what: fc.constant("press" as const), holdMs: fc.integer({ min: 1, max: 40_000 }) }),
      fc.record({ what: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
      fc.record({ what: fc.constantFrom("connect", "drop", "ack", "save", "camera", "edge", "stop") }),
      fc.record({ what: fc.constant("message" as const), text: fc.string({ unit: "binary" }) }),
    ),
    { maxLength: 40 },
  );

  function live(
    desk: JournalledDesk,
    sequence: typeof happenings extends fc.Arbitrary<infer T> ? T : never,
  ): void {
    desk.start().openStore().connect();
    for (const one of sequence) {
      if ("holdMs" in one) desk.press(one.holdMs);
      else if ("ms" in one) desk.wait(one.ms);
      else if ("text" in one) desk.message("receipt", one.text);
      else if (one.what === "connect" && desk.state.uplink.phase === "connecting") desk.connect();
      else if (one.what === "drop") desk.drop();
      else if (one.what === "ack") desk.ackAll();
      else if (one.what === "save") desk.saveAll();
      else if (one.what === "camera") desk.cameraUp();
      else if (one.what === "edge") desk.edge(true);
      else if (one.what === "stop") desk.input({ type: "agent.stop", occurredAt: desk.now });
    }
  }

  it("is replayed to the same actions, in every journal of it", () => {
    fc.assert(
      fc.property(happenings, fc.integer({ min: 100, max: 60_000 }), (sequence, maxBytes) => {
        const file = join(folder, "journal");
        for (const name of [file, `${file}.1`]) rmSync(name, { force: true });
        const desk = new JournalledDesk(file, { maxBytes });
        live(desk, sequence);
        desk.close();
        expect(resultOf(folder, readFileSync(file))).toMatchObject({
          result: "same",
          problem: null,
          code: 0,
        });
      }),
      { numRuns: 60 },
    );
  }, 30_000);

  it("any beginning of a journal is replayed as far as its whole lines go", () => {
    const whole = Buffer.from(`${threeRings(folder).join("\n")}\n`);
    const headerEnds = whole.indexOf("\n");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), (length) => {
        const bytes = whole.subarray(0, length);
        if (length <= headerEnds) {
          expect(() => replayOf(folder, bytes)).toThrow(UsageError);
          return;
        }
        const lines = bytes.toString("latin1").split("\n").length - 1;
        const isWhole = bytes.at(-1) === 10 && lines > 1;
        expect(resultOf(folder, bytes)).toMatchObject({
          inputs: Math.max(0, lines - 2),
          differing: 0,
          result: isWhole ? "same" : "bad",
          code: isWhole ? 0 : 2,
        });
      }),
      { numRuns: 120 },
    );
  }, 30_000);

  it("a journal with any bytes overwritten never ends in more than a word about it", () => {
    const whole = Buffer.from(`${threeRings(folder).join("\n")}\n`);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, bytes) => {
        const damaged = Buffer.from(whole);
        damaged.set(bytes.subarray(0, whole.length - at), at);
        try {
          expect([0, 1, 2]).toContain(replayOf(folder, damaged, { diff: true }).code);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { numRuns: 120 },
    );
  }, 30_000);
});
