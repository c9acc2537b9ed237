import { describe, expect, it } from "vitest";
import type { ButtonEdge, ButtonLine, ButtonLineState } from "../../device/ports/button-line.ts";

/** A line with a finger on it. */
export interface ButtonWorld {
  line: ButtonLine;
  monotonicMs(): number;
  /** Closes or opens the contact. */
  push(down: boolean): void;
  /** Takes the line away, or gives it back. */
  unplug(): void;
  plug(): void;
  /** Lets time go by until `met`, or throws. */
  until(met: () => boolean): Promise<void>;
  end(): Promise<void>;
}

/** What every implementation of `ButtonLine` promises. */
export function buttonLineSuite(name: string, begin: () => Promise<ButtonWorld>): void {
  describe(`button line: ${name}`, () => {
    it("posts each change of level with its time, and decides nothing", async () => {
      const { line, monotonicMs, push, until, end } = await begin();
      const posted: (ButtonEdge | ButtonLineState)[] = [];
      const edges = () => posted.filter((input): input is ButtonEdge => input.type === "button.edge");
      line.start((input) => posted.push(input));
      const before = monotonicMs();
      for (const down of [true, false, true, false]) push(down);
      await until(() => edges().length >= 4);
      expect(edges().map(({ pressed }) => pressed)).toEqual([true, false, true, false]);
      for (const { occurredAt } of edges()) {
        expect(Number.isInteger(occurredAt)).toBe(true);
        expect(occurredAt).toBeGreaterThanOrEqual(before - 1);
        expect(occurredAt).toBeLessThanOrEqual(monotonicMs());
      }
      await line.stop();
      await end();
    });

    it("says once that it is lost, and once that it is there again, with its edges", async () => {
      const { line, push, unplug, plug, until, end } = await begin();
      const posted: (ButtonEdge | ButtonLineState)[] = [];
      const has = (type: string, count: number) => () =>
        posted.filter((input) => input.type === type).length >= count;
      line.start((input) => posted.push(input));
      expect(posted).toEqual([]);
      push(true);
      push(false);
      await until(has("button.edge", 2));
      unplug();
      await until(has("button.line", 1));
      plug();
      await until(has("button.line", 2));
      push(true);
      await until(has("button.edge", 3));
      expect(posted).toMatchObject([
        { type: "button.edge", pressed: true },
        { type: "button.edge", pressed: false },
        { type: "button.line", state: "lost", reason: expect.stringMatching(/^[^\n]+$/) },
        { type: "button.line", state: "ready", reason: "" },
        { type: "button.edge", pressed: true },
      ]);
      await line.stop();
      await end();
    });

    it("posts nothing after stop, which may be repeated", async () => {
      const { line, push, until, end } = await begin();
      const posted: (ButtonEdge | ButtonLineState)[] = [];
      line.start((input) => posted.push(input));
      push(true);
      await until(() => posted.some(({ type }) => type === "button.edge"));
      await line.stop();
      await line.stop();
      const count = posted.length;
      push(false);
      expect(posted).toHaveLength(count);
      await end();
    });
  });
}
