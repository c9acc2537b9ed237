// `npm start`: sets up what is missing, then is `porchlight-sim live` with the same arguments.
import { become } from "./become.mjs";
import { setUp } from "./setup.mjs";

const folder = process.cwd();
await setUp("start");
process.chdir(folder);
await become("dist/bin/porchlight-sim.js", ["live", ...process.argv.slice(2)]);
