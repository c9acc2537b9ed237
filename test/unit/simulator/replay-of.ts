import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ReplayFlags, replay } from "../../../simulator/replay/command.ts";
import { JournalledDesk } from "../agent/journalled-desk.ts";

/** The lines of a journal of a doorbell that rings three times from the time 1 s on. */
export function threeRings(folder: string): string[] {
  const file = join(folder, "journal");
  const desk = new JournalledDesk(file);
  desk.start().openStore().connect().cameraUp();
  for (let i = 0; i < 3; i++) desk.press().wait(3_000);
  desk.close();
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

/** Replays a journal of this content. What is said of it comes without the file's name. */
export function replayOf(
  folder: string,
  content: string | Buffer | readonly string[],
  flags: Partial<ReplayFlags> = {},
): { code: number; out: string[]; warnings: string[] } {
  const file = join(folder, "journal");
  const isLines = typeof content !== "string" && !Buffer.isBuffer(content);
  writeFileSync(file, isLines ? content.map((line) => `${line}\n`).join("") : content);
  const out: string[] = [];
  const warnings: string[] = [];
  const code = replay(
    file,
    { limit: "10", ...flags },
    {
      print: (text) => out.push(...text.split("\n")),
      warn: (line) => warnings.push(line.replace(`${file}: `, "")),
    },
  );
  return { code, out, warnings };
}

/** What `--json` prints of it, and the exit code. */
export function resultOf(
  folder: string,
  content: Parameters<typeof replayOf>[1],
  flags: Partial<ReplayFlags> = {},
) {
  const { code, out } = replayOf(folder, content, { json: true, ...flags });
  return { code, ...JSON.parse(out[0] ?? "") };
}
