// `npm run bench` and `npm run soak`: they measure the JavaScript that ships, so they are compiled beside it.
import { become } from "./become.mjs";
import { compile } from "./build.mjs";
import { step } from "./progress.mjs";
import { orExplain, setUp } from "./setup.mjs";

const [program, ...args] = process.argv.slice(2);
await setUp("test");
await orExplain(() => step(`TypeScript: building ${program}`, () => compile("tsconfig.bench.json")));
await become(`dist/test/${program}/main.js`, args);
