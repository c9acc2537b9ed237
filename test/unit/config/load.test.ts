import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfiguration, type Override } from "../../../agent/config/load.ts";
import { ConfigurationError } from "../../../agent/contract/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "porchlight-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function load(yaml: string | Uint8Array | null, ...overrides: Override[]) {
  const file = join(folder, `${++files}.yaml`);
  if (yaml !== null) writeFileSync(file, yaml);
  return loadConfiguration({ ...(yaml === null ? {} : { file }), overrides, folder: "/somewhere" });
}

function problemsOf(yaml: string | Uint8Array | null, ...overrides: Override[]): string[] {
  try {
    load(yaml, ...overrides);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.problems.map((problem) => problem.replace(`${folder}/${files}.yaml`, "FILE"));
  }
  return [];
}

describe("where a value comes from", () => {
  it("takes the command line before the file before the default, one setting at a time", () => {
    const { settings, origins } = load(
      "button:\n  holdMs: 50\n  longMs: 900\n",
      { path: "button.longMs", value: "800", flag: "--long" },
      { path: "broker.allowPlaintext", value: "true", flag: "--plain" },
      { path: "broker.urls", value: "mqtt://10.0.0.1", flag: "--broker" },
    );
    expect(settings.button).toMatchObject({ holdMs: 50, longMs: 800, doubleWithinMs: 400 });
    expect(settings.broker).toMatchObject({ allowPlaintext: true, urls: ["mqtt://10.0.0.1"] });
    expect(origins.get("button.holdMs")).toMatchObject({ from: "file", line: 2 });
    expect(origins.get("button.longMs")).toEqual({ from: "flag", flag: "--long" });
    expect(origins.get("button.stuckMs")).toEqual({ from: "default" });
  });

  it("resolves paths in the file from the file's folder, all others from the working directory", () => {
    const yaml =
      "device: { dataFolder: data }\nbroker: { passwordFile: ../pw, caFile: '' }\ncamera: { source: 'file:a.mp4' }";
    const fromFile = load(yaml).settings;
    expect(fromFile.device.dataFolder).toBe(join(folder, "data"));
    expect(fromFile.broker).toMatchObject({ passwordFile: join(folder, "../pw"), caFile: "" });
    expect(fromFile.camera.source).toBe(`file:${join(folder, "a.mp4")}`);
    const flag = { path: "camera.source", value: "file:b.mp4", flag: "--camera" };
    const others = load(null, flag).settings;
    expect(others.device.dataFolder).toBe("/somewhere/porchlight-data");
    expect(others.camera.source).toBe("file:/somewhere/b.mp4");
    expect(load("camera: { source: test }").settings.camera.source).toBe("test");
  });

  it.each(["", "# nothing\n", "---\n", "button:\n", "\uFEFFbutton:\n  holdMs: 50\n"])(
    "accepts %j",
    (yaml) => {
      expect(problemsOf(yaml)).toEqual([]);
    },
  );
});

describe("a setting that is refused", () => {
  it.each([
    [
      "button:\n  holdMs: fast",
      'FILE:2: button.holdMs: found "fast", allowed: a whole number from 5 to 1000 (ms)',
    ],
    ["button: { holdMs: 4 }", "FILE:1: button.holdMs: found 4, allowed: a whole number from 5 to 1000 (ms)"],
    [
      "button: { holdMs: 40.5 }",
      "FILE:1: button.holdMs: found 40.5, allowed: a whole number from 5 to 1000 (ms)",
    ],
    [
      "button: { holdMs: }",
      "FILE:1: button.holdMs: found nothing, allowed: a whole number from 5 to 1000 (ms)",
    ],
    [
      "button: { holdMs: [1] }",
      "FILE:1: button.holdMs: found a list of 1, allowed: a whole number from 5 to 1000 (ms)",
    ],
    [
      "camera: { widthPx: 641 }",
      "FILE:1: camera.widthPx: found 641, allowed: an even number from 160 to 3840 (px)",
    ],
    [
      "log: { level: loud }",
      'FILE:1: log.level: found "loud", allowed: "debug" or "info" or "warn" or "error"',
    ],
    ["broker: { allowPlaintext: yes }", 'FILE:1: broker.allowPlaintext: found "yes", allowed: true or false'],
    [
      "device: { id: Front }",
      'FILE:1: device.id: found "Front", allowed: 3 to 36 characters of a-z, 0-9 and -',
    ],
    [
      "broker: { urls: [] }",
      "FILE:1: broker.urls: found an empty list, allowed: a list of 1 to 8, each mqtt://, mqtts://, ws:// or wss:// and a host",
    ],
    ["button: { holdms: 5 }", "FILE:1: button.holdms: there is no such setting; did you mean button.holdMs?"],
    ["buton:\n  holdMs: 5", "FILE:1: buton: there is no such setting; did you mean button?"],
    ["holdMs: 5", "FILE:1: holdMs: there is no such setting; did you mean button.holdMs?"],
    ["camera: { holdMs: 5 }", "FILE:1: camera.holdMs: there is no such setting; did you mean button.holdMs?"],
    ["button.holdMs: 5", "FILE:1: button.holdMs: a setting stands below its section, on a line of its own"],
    ["camera: { colour: red }", "FILE:1: camera.colour: there is no such setting"],
    ["__proto__: { a: 1 }", "FILE:1: __proto__: there is no such setting"],
    ["button: [1]", "FILE:1: button: found a list of 1, allowed: a map of settings"],
    ["button: 7", "FILE:1: button: found 7, allowed: a map of settings"],
    ['device: { dataFolder: "" }', 'FILE:1: device.dataFolder: found "", allowed: a path'],
    [
      'broker: { username: "a\\e[2Jb" }',
      'FILE:1: broker.username: found "a\\u001b[2Jb", allowed: text on one line',
    ],
  ])("%j", (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([problem]);
  });

  it("is named with every other one, and with its flag", () => {
    const bad = { path: "button.longMs", value: "soon", flag: "--long" };
    expect(problemsOf("button:\n  holdMs: 0\nlog:\n  level: x\n", bad)).toEqual([
      "FILE:2: button.holdMs: found 0, allowed: a whole number from 5 to 1000 (ms)",
      'FILE:4: log.level: found "x", allowed: "debug" or "info" or "warn" or "error"',
      '--long: button.longMs: found "soon", allowed: a whole number from 300 to 20000 (ms)',
    ]);
    expect(problemsOf(null, { path: "__proto__.x", value: "1", flag: "--set" })).toHaveLength(1);
  });
});

describe("rules between settings", () => {
  it.each([
    [
      "button: { holdMs: 900, longMs: 900, doubleWithinMs: 1000 }",
      "button.longMs",
      "more than button.holdMs, which is 900",
    ],
    ["button: { longMs: 3000, stuckMs: 3000 }", "button.stuckMs", "more than button.longMs, which is 3000"],
    ["button: { holdMs: 400 }", "button.doubleWithinMs", "more than button.holdMs, which is 400"],
    [
      "camera: { restartMinMs: 2000, restartMaxMs: 1999 }",
      "camera.restartMaxMs",
      "at least camera.restartMinMs, which is 2000",
    ],
    [
      "uplink: { reconnectMinMs: 2000, reconnectMaxMs: 1000 }",
      "uplink.reconnectMaxMs",
      "at least uplink.reconnectMinMs, which is 2000",
    ],
    [
      "uplink: { receiptTimeoutMs: 9999 }",
      "uplink.receiptTimeoutMs",
      "at least uplink.ackTimeoutMs, which is 10000",
    ],
    ["uplink: { windowBytes: 65535 }", "uplink.windowBytes", "at least clip.segmentBytes, which is 65536"],
    ["clip: { maxMs: 5999 }", "clip.maxMs", "at least clip.postRollMs, which is 6000"],
    ["clip: { ringMaxBytes: 1499999 }", "clip.ringMaxBytes", "at least 1500000 to hold the pre-roll"],
    ["spool: { maxBytes: 15999999 }", "spool.maxBytes", "at least 16000000 to hold one longest clip"],
    ["broker: { protocol: '3.1.1', passwordFile: pw }", "broker.username", "a user name (MQTT-3.1.2-22)"],
    [
      "broker: { urls: ['mqtt://10.0.0.1'] }",
      "broker.urls",
      "use mqtts://, or set broker.allowPlaintext: true",
    ],
    [
      "broker: { urls: ['ws://example.org/x'] }",
      "broker.urls",
      "use wss://, or set broker.allowPlaintext: true",
    ],
    [
      "broker: { urls: ['mqtts://example.org'], certFile: c }",
      "broker.keyFile",
      "found nothing, allowed with broker.certFile: a file",
    ],
    [
      "broker: { urls: ['mqtts://example.org'], keyFile: k }",
      "broker.certFile",
      "found nothing, allowed with broker.keyFile: a file",
    ],
    [
      "broker: { urls: ['mqtts://example.org'], crlFile: r }",
      "broker.caFile",
      "found nothing, allowed with broker.crlFile: a file",
    ],
    [
      "broker: { urls: ['mqtt://127.0.0.1', 'ws://localhost/x'], caFile: ca }",
      "broker.caFile",
      "allowed: nothing while no address in broker.urls is mqtts:// or wss://",
    ],
    ["broker: { urls: ['mqtt://127.0.0.1.example.org'] }", "broker.urls", "another machine and unencrypted"],
    ["broker: { urls: ['mqtt://localhost.example.org'] }", "broker.urls", "another machine and unencrypted"],
    ["broker: { urls: ['mqtt://:1883'] }", "broker.urls", "which is not an address"],
    ["broker: { urls: ['mqtt:///x'] }", "broker.urls", "which names no host"],
    [
      "broker: { urls: ['wss://example.org/x?token=s3cret'] }",
      "broker.urls",
      "what follows ? or # may be a secret",
    ],
  ])("%s", (yaml, path, allowed) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(` ${path}: `);
    expect(problems[0]).toContain(allowed);
  });

  it.each([
    "button: { holdMs: 399, longMs: 400, doubleWithinMs: 400 }",
    "clip: { ringMaxBytes: 1500000 }",
    "spool: { maxBytes: 16000000 }",
    "uplink: { windowBytes: 65536 }",
    "broker: { urls: ['mqtt://127.3.2.1:1', 'mqtt://LOCALHOST', 'ws://[::1]:80/x', 'mqtts://example.org'] }",
    "broker: { urls: ['mqtt://10.0.0.1', 'ws://10.0.0.1'], allowPlaintext: true }",
    "broker: { protocol: '3.1.1', passwordFile: pw, username: porch }",
    "broker: { urls: ['mqtt://127.0.0.1', 'wss://example.org'], caFile: a, certFile: c, keyFile: k, crlFile: r }",
  ])("allows %s", (yaml) => {
    expect(problemsOf(yaml)).toEqual([]);
  });
});

describe("a file that is no configuration", () => {
  it.each([
    ["a: 1\na: 2", "FILE:2: the same name twice"],
    ["button:\n\tholdMs: 5", "FILE:2: indented with a tab: YAML indents with spaces"],
    [
      "button: &b\n  holdMs: 5",
      "FILE:2: anchors and aliases (& and *) are not used in settings: write the value out",
    ],
    ["button: *b", "FILE:1: anchors and aliases (& and *) are not used in settings: write the value out"],
    ["button: !secret x", "FILE:1: tags (!) are not used in settings"],
    ["--- \nlog: {}\n--- \nlog: {}", "FILE:3: a second document begins: a configuration is one"],
    ["- a", "FILE:1: a configuration is a map of sections, such as `button:`"],
    ["hello", "FILE:1: a configuration is a map of sections, such as `button:`"],
    ["\n? [a]\n: b", "FILE:2: the name of a setting is plain text"],
    ["[".repeat(100_000), "FILE:1: nested too deeply to be a configuration"],
    [`\n${"- ".repeat(100_000)}`, "FILE:2: nested too deeply to be a configuration"],
    ["#".repeat(262_145), "FILE: larger than 256 KiB: this is not a configuration"],
    [Uint8Array.of(0xff, 0xfe, 0x00), "FILE: not UTF-8 text"],
  ])("%#", (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([problem]);
  });

  it("is missing, or a folder, or without an end", () => {
    const problem = (file: string) => () => loadConfiguration({ file, folder });
    expect(problem(join(folder, "none.yaml"))).toThrow(/none\.yaml: cannot be read: there is no such file$/);
    mkdirSync(join(folder, "sub"));
    expect(problem(join(folder, "sub"))).toThrow(/sub: cannot be read: it is a folder$/);
    expect(problem("/dev/zero")).toThrow(/larger than 256 KiB/);
  });
});

describe("secrets", () => {
  it.each([
    "broker: { urls: ['mqtt://porch:s3cret@10.0.0.1'] }",
    "broker: { urls: ['amqp://porch:s3cret@10.0.0.1'] }",
    "broker: { urls: 'mqtt://porch:s3cret@10.0.0.1' }",
    "broker: { urls: ['mqtt://porch:s3/cret@10.0.0.1'] }",
    "broker: { password: s3cret }",
    "camera: { source: 'rtsp://admin:s3cret@10.0.0.2/1' }",
    "'mqtt://porch:s3cret@10.0.0.1'",
    'broker: { username: "s3cret',
    "broker:\n  passwordFile: s3cret: x",
    "broker: [s3cret}",
    "%s3cret\n---\nlog: {}",
    "%YAML s3cret\n---\nlog: {}",
    "broker: |s3cret\n x",
    'broker: "\\xs3cret"',
    "broker: !s3cret! x",
    "broker: { passwordFile: [s3cret] }",
  ])("are not repeated: %s", (yaml) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toMatch(/s3|cret/);
  });
});
