import { fileURLToPath } from "node:url";
import { needBuild } from "./build.mjs";
import { needNpmPackages } from "./npm-packages.mjs";
import { needRabbitmqRoot } from "./rabbitmq-root.mjs";
import { SetUpError } from "./run.mjs";
import { FOR_TESTS, needSystemPackages } from "./system-packages.mjs";

/** The project's folder, which is also where every tool works. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Sets up what is missing, and only that: less than a second when nothing is. Speaks on stderr, since the last line
 * of stdout belongs to what comes after. Ends the process with one clear line and exit code 1 when it cannot.
 * @param {"start" | "test"} purpose
 */
export async function setUp(purpose) {
  await orExplain(async () => {
    needNode();
    process.chdir(ROOT);
    if (purpose === "test") await needSystemPackages(FOR_TESTS, "the tests");
    if (purpose === "test") await needRabbitmqRoot();
    await needNpmPackages();
    await needBuild();
  });
}

/**
 * Does some work of set-up; a failure that the operator can mend is said in words, not as a stack.
 * @param {() => Promise<void>} work
 */
export async function orExplain(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** As `engines` in package.json has it. */
function needNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetUpError(`Porchlight needs Node 20.19 or newer; this is ${process.version}`);
}
