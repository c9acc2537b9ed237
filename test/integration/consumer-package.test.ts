import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createPortFinder } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectAsync } from "mqtt";
import { chromium } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StatusMessage } from "../../agent/contract/messages.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { startSimulator } from "../fixtures/simulator-run.ts";
import { until } from "../fixtures/until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The examples of docs/consumer.md. */
const examples = Object.fromEntries(
  [
    ...readFileSync(join(ROOT, "docs/consumer.md"), "utf8").matchAll(
      /```js\n\/\/ (node|browser)\n([\s\S]*?)```/g,
    ),
  ].map(([, where = "", code = ""]) => [where, code]),
);

/** A project that has installed porchlight, of its libraries only TypeBox, and MQTT.js for itself. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "porchlight-installed-"));
  const installed = join(project, "node_modules/porchlight");
  mkdirSync(installed, { recursive: true });
  cpSync(join(ROOT, "package.json"), join(installed, "package.json"));
  cpSync(join(ROOT, "dist/agent"), join(installed, "dist/agent"), { recursive: true });
  for (const name of ["typebox", "mqtt"])
    symlinkSync(join(ROOT, "node_modules", name), join(project, "node_modules", name));
  for (const [where, code] of Object.entries(examples)) writeFileSync(join(project, `${where}.mjs`), code);
  writeFileSync(join(project, "all.mjs"), 'export * from "porchlight/consumer";\n');
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

async function bundle(entry: string): Promise<{ code: string; packages: Set<string>; complaints: string[] }> {
  const complaints: string[] = [];
  const made = await rolldown({
    input: join(project, entry),
    platform: "browser",
    onLog: (_level, { message }) => complaints.push(message),
  });
  const { output } = await made.generate({ format: "esm", codeSplitting: false });
  await made.close();
  const [{ code, moduleIds, imports }] = output;
  const packages = moduleIds.map((id) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? "");
  return { code, packages: new Set([...packages, ...imports].filter(Boolean)), complaints };
}

test("the consumer is bundled for browsers with TypeBox alone, and knows nothing of Node", async () => {
  const { code, packages, complaints } = await bundle("all.mjs");
  expect(complaints).toEqual([]);
  expect(packages).toEqual(new Set(["porchlight", "typebox"]));
  expect(code).not.toMatch(/\bBuffer\b|\bprocess\.|\brequire\(|["']node:/);
});

test("a real doorbell's press and clip: the same in Node and in a browser, as docs/consumer.md has it", async () => {
  const webSocketPort = await freePort();
  const mosquitto = await startMosquitto({
    config: [`listener ${webSocketPort} 127.0.0.1`, "protocol websockets", "allow_anonymous true"],
  });
  const inNode = runInNode(mosquitto.url);
  const inBrowser = await runInBrowser(`ws://127.0.0.1:${webSocketPort}`);
  try {
    // A doorbell that stopped long ago has left its status: whoever has heard of it has subscribed.
    await leaveStatus(mosquitto.url);
    const hear = ({ lines }: { lines: string[] }) => lines.includes("status stopped");
    await until(() => hear(inNode) && hear(inBrowser), "both subscriptions", 20_000);
    await using door = startSimulator(["--once", "--json", "--broker", mosquitto.url]);
    expect(await door.ended, door.stderr()).toBe(0);
    const isOver = ({ lines }: { lines: string[] }) =>
      lines.some((line) => line.startsWith("clip ")) &&
      lines.filter((line) => line === "status stopped").length === 2;
    await until(() => isOver(inNode) && isOver(inBrowser), "the clip in both", 30_000);
  } finally {
    await inNode.end();
    await inBrowser.end();
    await mosquitto.stop();
  }
  const told = (lines: string[], what: RegExp) => lines.filter((line) => what.test(line));
  for (const what of [/^ring /, /^part /, /^clip /, /^status /]) {
    expect(told(inBrowser.lines, what)).toEqual(told(inNode.lines, what));
  }
  expect(told(inNode.lines, /^ring /)).toHaveLength(1);
  expect(told(inNode.lines, /^part .* init\.mp4 [0-9a-f]{64}$/)).toHaveLength(1);
  expect(told(inNode.lines, /^part .*\.m4s [0-9a-f]{64}$/).length).toBeGreaterThanOrEqual(2);
  expect(told(inNode.lines, /^clip .* [0-9a-f]{64} finished$/)).toHaveLength(1);
  expect(told([...inNode.lines, ...inBrowser.lines], /^(refused|missing|no clip|page error)/)).toEqual([]);
  // It could be seen before all of it was there.
  const first = inBrowser.lines.findIndex((line) => line.startsWith("playing"));
  expect(first).toBeGreaterThan(-1);
  expect(first).toBeLessThan(inBrowser.lines.findIndex((line) => line.startsWith("clip ")));
});

async function leaveStatus(url: string): Promise<void> {
  const client = await connectAsync(url);
  const status: StatusMessage = {
    state: "stopped",
    epoch: "0123456789abcdef",
    connection: 1,
    epochNumber: 1,
    mode: "normal",
    store: "durable",
  };
  await client.publishAsync(topicsOf("old-door").status, JSON.stringify(status), { qos: 1, retain: true });
  await client.endAsync();
}

function runInNode(broker: string): { lines: string[]; end(): Promise<void> } {
  const child = spawn(process.execPath, [join(project, "node.mjs")], {
    env: { ...process.env, BROKER: broker },
  });
  const lines: string[] = [];
  let text = "";
  child.stdout.on("data", (more) => {
    text += more;
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    lines.push(...whole);
  });
  child.stderr.on("data", (more) => lines.push(`page error ${more}`));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    lines,
    end: async () => {
      child.kill();
      await ended;
    },
  };
}

async function runInBrowser(broker: string): Promise<{ lines: string[]; end(): Promise<void> }> {
  const { code } = await bundle("browser.mjs");
  const page = `<!doctype html><meta charset="utf-8"><title>consumer</title>
    <body data-broker="${broker}"><video muted autoplay></video>
    <script>document.querySelector("video").addEventListener("loadeddata", () => console.log("playing"));</script>
    <script type="module" src="/page.js"></script>`;
  const server = createServer(({ url }, response) => {
    response.setHeader("content-type", url === "/page.js" ? "text/javascript" : "text/html");
    response.end(url === "/page.js" ? code : page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const lines: string[] = [];
  const tab = await browser.newPage();
  tab.on("console", (message) => lines.push(message.text()));
  tab.on("pageerror", (error) => lines.push(`page error ${error.message}`));
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    lines,
    end: async () => {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const finder = createPortFinder();
  await new Promise<void>((resolve) => finder.listen(0, "127.0.0.1", resolve));
  const { port } = finder.address() as AddressInfo;
  await new Promise((resolve) => finder.close(resolve));
  return port;
}
