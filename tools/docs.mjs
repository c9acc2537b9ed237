// `npm run docs`: writes the pages that are made from declarations in the code.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { setUp } from "./setup.mjs";

await setUp("start");
/** @type {typeof import("../agent/config/page.ts")} */
const { settingsPage } = await import(new URL("../dist/agent/config/page.js", import.meta.url).href);
/** @type {typeof import("../simulator/scenarios/docs.ts")} */
const { scenarioDocs } = await import(new URL("../dist/simulator/scenarios/docs.js", import.meta.url).href);
/** @type {typeof import("../agent/reference/index.ts")} */
const { wireDocs } = await import(new URL("../dist/agent/reference/index.js", import.meta.url).href);
rmSync("docs/schemas", { recursive: true, force: true });
mkdirSync("docs/schemas", { recursive: true });
writeFileSync("docs/settings.md", settingsPage());
for (const [file, text] of Object.entries(scenarioDocs())) writeFileSync(`docs/${file}`, text);
for (const [file, text] of Object.entries(wireDocs())) writeFileSync(file, text);
