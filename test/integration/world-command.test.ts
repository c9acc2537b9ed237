import { describe, expect, it } from "vitest";
import { startProgram } from "../fixtures/programs.ts";

/** Runs `porchlight-sim world` to its end. */
async function world(...args: string[]): Promise<{ code: number | null; lines: string[]; errors: string }> {
  const program = startProgram("simulator", ["world", ...args]);
  const { code } = await program.ended;
  return { code, lines: program.stdout().trimEnd().split("\n"), errors: program.stderr() };
}

describe("porchlight-sim world", () => {
  it("prints one line of JSON last, and the same hash in another process", async () => {
    const args = ["--seed", "7", "--hours", "1", "--doorbells", "2", "--json"];
    const [one, other] = await Promise.all([world(...args), world(...args)]);
    const [first, last] = one.lines.map((line) => JSON.parse(line));
    expect(first.drawn).toHaveLength(2);
    const { wallMs, ...result } = last;
    expect(Object.keys(last)).toEqual([
      ...["seed", "hash", "virtualHours", "doorbells", "inputs", "events", "presses", "delivered", "late"],
      ...["violations", "wallMs"],
    ]);
    expect(result).toMatchObject({ seed: 7, doorbells: 2, violations: [] });
    expect(result.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(result.virtualHours).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(other.lines[1] ?? "")).toMatchObject(result);
    expect(wallMs).toBeGreaterThan(0);
    expect([one.code, other.code]).toEqual([0, 0]);
  });

  it("plays seeds and a town to the same hashes, whichever core is free first", async () => {
    const town = ["--doorbells", "26", "--hours", "0.2", "--faults", "none", "--json"];
    const seeds = ["--seeds", "1..25", "--hours", "0.1", "--json"];
    const hashOf = ({ lines }: { lines: string[] }) => JSON.parse(lines.at(-1) ?? "").hash;
    for (const args of [town, seeds]) {
      const hash = hashOf(await world(...args));
      expect(hashOf(await world(...args))).toBe(hash);
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("refuses a range that goes backwards with one line", async () => {
    const { code, errors, lines } = await world("--seeds", "9..3");
    const line = "porchlight-sim: --seeds goes from the lower to the higher one: 3..9\n";
    expect({ code, errors, lines }).toEqual({ code: 2, errors: line, lines: [""] });
  });
});
