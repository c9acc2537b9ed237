import { describe, expect, it } from "vitest";
import { actionDifferences, changesOf } from "../../../simulator/replay/differences.ts";

describe("differences", () => {
  const light = (pattern: "idle" | "ringing") => ({ type: "light.show" as const, pattern });

  it("keep what is alike between what is not", () => {
    const kinds = (a: Parameters<typeof actionDifferences>[0], b: Parameters<typeof actionDifferences>[0]) =>
      actionDifferences(a, b).map(({ kind }) => kind);
    const open = { type: "camera.open" as const };
    expect(kinds([], [])).toEqual([]);
    expect(kinds([light("idle"), open], [open])).toEqual(["only-recorded", "same"]);
    expect(kinds([open], [open, light("idle")])).toEqual(["same", "only-here"]);
    expect(kinds([light("idle"), open], [light("ringing"), open])).toEqual(["changed", "same"]);
  });

  it("look into JSON that travels as a text", () => {
    const text = (pressed: number) => JSON.stringify({ data: { number: pressed }, type: "press" });
    expect(changesOf({ body: text(1) }, { body: text(2) })).toEqual([
      { path: "body.data.number", before: 1, after: 2 },
    ]);
    expect(changesOf({ a: [1, 2] }, { a: [1] })).toEqual([{ path: "a.1", before: 2, after: undefined }]);
    expect(changesOf('{"a":1}', '{ "a": 1 }')).toHaveLength(1);
    expect(changesOf({ a: 1 }, { a: 1 })).toEqual([]);
  });
});
