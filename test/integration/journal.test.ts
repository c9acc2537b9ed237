import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cloud } from "../fixtures/cloud.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Program, programFile, startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const SECRETS = {
  username: "door-of-nobody",
  password: "s3cret-pass",
  passwordFile: "file-of-secrets",
  token: "t0ken-in-a-query",
};
const folder = mkdtempSync(join(tmpdir(), "porchlight-journal-"));
const inFolder = (name: string) => join(folder, name);
const passwordFile = SECRETS.passwordFile;
let mosquitto: Mosquitto;
let clip: Buffer;

function startAgent(name: string, camera: string, button = "none"): Program {
  const { username } = SECRETS;
  writeFileSync(
    inFolder(`${name}.yaml`),
    `device: { dataFolder: ${name}-data, clock: system }\nbutton: { device: ${button} }\n` +
      `broker: { urls: ["${mosquitto.url}"], username: ${username}, passwordFile: ${passwordFile} }\n` +
      `camera: { widthPx: 320, heightPx: 180, ${camera} }\nclip: { preRollMs: 500, postRollMs: 1000 }\n`,
  );
  const args = ["agent", "--config", inFolder(`${name}.yaml`), "--journal", inFolder(`${name}.journal`)];
  return startProgram("agent", args);
}

/** Real camera, broker and button: two presses and the whole of their clip. */
beforeAll(async () => {
  const { username, password } = SECRETS;
  mosquitto = await startMosquitto({ credentials: { username, password } });
  writeFileSync(inFolder(passwordFile), `${password}\n`);
  const cloud = await Cloud.connect(mosquitto.url.replace("//", `//${username}:${password}@`));
  const button = new InputDevice();
  const agent = startAgent("door", "source: test", button.path);
  try {
    await until(() => agent.stdout().includes("camera up"), "the camera", 20_000);
    for (const press of [1, 2]) {
      button.push(true);
      await pause(100);
      button.push(false);
      await until(() => cloud.eventsOf("press").length === press, "the press");
      // A second one sooner is a double press.
      await pause(500);
    }
    await until(() => cloud.clips.length === 1, "the clip", 20_000);
    clip = Buffer.from(cloud.clips[0]?.bytes ?? []);
  } finally {
    await agent.end("SIGTERM");
    await cloud.end();
    button.remove();
  }
}, 60_000);

afterAll(async () => {
  await mosquitto.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function replay(file: string, ...flags: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const args = [programFile("simulator"), "replay", file, ...flags];
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

test("what a real doorbell did with camera, broker and button is done again, action by action", async () => {
  const journal = inFolder("door.journal");
  const lines = readFileSync(journal, "utf8").split("\n").slice(0, -1);
  const { code, stdout, stderr } = await replay(journal, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ result: "same", begins: "start", inputs: lines.length - 2, differing: 0 });
  expect(result.virtualMs).toBeGreaterThan(1_500);
  const actions = lines.slice(2).flatMap((line) => JSON.parse(line).actions);
  expect(result.actions).toBe(actions.length);
  const rings = actions.filter(({ type }) => type === "chime.play");
  expect(rings).toHaveLength(2);
  expect(statSync(journal).mode & 0o777).toBe(0o600);
});

test("one changed action, or one changed input, and the replay says where", async () => {
  const text = readFileSync(inFolder("door.journal"), "utf8");
  const line = text.split("\n").findIndex((one) => one.includes('"chime.play"')) + 1;
  const changed = inFolder("changed.journal");
  writeFileSync(changed, text.replace('{"type":"chime.play",', '{"type":"chime.play","louder":true,'));
  const action = await replay(changed, "--diff");
  expect(action.code).toBe(1);
  expect(action.stdout).toContain(
    `1 input led to other actions; the first is input ${line - 2} (line ${line})`,
  );
  expect(action.stdout).toContain("~ chime.play\n      - louder=true\n      + louder=nothing");
  writeFileSync(changed, text.replace('"pressed":true', '"pressed":false'));
  const edge = text.split("\n").findIndex((one) => one.includes('"pressed":true')) + 1;
  const input = await replay(changed);
  expect(input.code).toBe(1);
  expect(input.stdout).toContain(`the first is input ${edge - 2} (line ${edge})`);
});

test("no byte of video is in it", () => {
  const journal = readFileSync(inFolder("door.journal"));
  expect(clip.length).toBeGreaterThan(20_000);
  const found = (text: Buffer) =>
    Array.from({ length: 60 }, (_, i) => 4_000 + i * 251).filter((from) => {
      const piece = clip.subarray(from, from + 24);
      const spellings = [piece.toString("base64"), piece.toString("hex"), [...piece].join(",")];
      return text.includes(piece) || spellings.some((spelling) => text.includes(spelling));
    });
  expect(found(journal)).toEqual([]);
  expect(found(Buffer.from(`{"data":"${clip.toString("base64")}"}`)).length).toBeGreaterThan(10);
});

test("no secret of the settings is in it, nor one in a camera's address that fails", async () => {
  const camera = `source: "rtsp://127.0.0.1:9/live?token=${SECRETS.token}", username: ${SECRETS.username}, `;
  const agent = startAgent("gate", `${camera} passwordFile: ${passwordFile}`);
  try {
    await until(() => agent.stdout().includes("connected to the broker"), "the broker");
    await until(() => agent.stdout().includes("camera down"), "the camera's failure", 20_000);
  } finally {
    await agent.end("SIGTERM");
  }
  for (const name of ["door", "gate"]) {
    const journal = readFileSync(inFolder(`${name}.journal`), "utf8");
    expect(journal).toContain(mosquitto.url);
    for (const secret of Object.values(SECRETS)) expect(journal).not.toContain(secret);
  }
  expect(readFileSync(inFolder("gate.journal"), "utf8")).toContain("rtsp://127.0.0.1:9/live");
});
