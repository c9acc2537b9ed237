// `npm run build`: plain JavaScript for Node 20 in dist/, which is what a device runs.
import { setUp } from "./setup.mjs";

await setUp("start");
