import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roomy, StorageProcess } from "../fixtures/storage-process.ts";
import { until } from "../fixtures/until.ts";
import { fragmentPartsSuite } from "./fragment-parts.ts";
import { fragmentBytesSuite, fragmentStoreSuite } from "./fragment-store.ts";
import { fragmentWishesSuite } from "./fragment-wishes.ts";

for (const suite of [fragmentStoreSuite, fragmentPartsSuite, fragmentBytesSuite, fragmentWishesSuite]) {
  suite("Linux", async ({ spoolBytes }) => {
    const folder = mkdtempSync(join(tmpdir(), "porchlight-clips-"));
    let running: StorageProcess | null = null;
    return {
      boot: async () => {
        running = await StorageProcess.start({
          ...roomy(folder),
          spool: { maxBytes: spoolBytes, maxAgeMs: 86_400_000 },
        });
        return running.clips;
      },
      kill: async () => running?.kill(),
      until: (met) => until(met, "an answer of the store of clips"),
      end: async () => {
        await running?.kill();
        rmSync(folder, { recursive: true });
      },
    };
  });
}
