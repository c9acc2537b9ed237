import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readScenario } from "../../simulator/scenarios/read.ts";
import { playVirtual } from "../../simulator/scenarios/virtual-stage.ts";
import { dropsAsItSettles, tellsBeforeItHas } from "./broken-stores.ts";

const FOLDER = new URL("./regressions/", import.meta.url).pathname;
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));

/**
 * What seeds have found, each cut to the least that showed it (`porchlight-sim shrink`). The seed stands in the file;
 * it draws another story today, for every new kind of fault changes what is drawn.
 */
describe("a bug that a seed has found does not come back", () => {
  it("is there at all", () => expect(files.length).toBeGreaterThan(3));

  it.each(files)("%s", (file) => {
    const read = readScenario(join(FOLDER, file));
    const result = playVirtual(read);
    expect(result).toMatchObject({ passed: true, violations: [] });
    expect(read.scenario.steps.length).toBeGreaterThan(0);
  });

  it.each([
    ["given-up-and-back.yaml", "order", dropsAsItSettles],
    ["set-aside-heard-of-late.yaml", "accepted", tellsBeforeItHas],
  ])("%s fails an agent that has it", (file, checker, tamper) => {
    const { violations } = playVirtual(readScenario(join(FOLDER, file)), { tamper });
    expect(violations.map((violation) => violation.checker)).toContain(checker);
  });
});
