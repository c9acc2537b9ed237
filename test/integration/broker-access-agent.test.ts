import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { entrance } from "../fixtures/access-matrix.ts";
import { Cloud } from "../fixtures/cloud.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { startProgram } from "../fixtures/programs.ts";
import { startSecuredMosquitto } from "../fixtures/secured-mosquitto.ts";
import { until } from "../fixtures/until.ts";

test("the real agent rings with a clip under the printed rules, and hears the cloud's receipts", async () => {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-access-"));
  const broker = await startSecuredMosquitto(folder);
  const { certFile, keyFile } = await broker.authority.issue("front-door");
  const { url, ...client } = await entrance(broker.authority, broker.port)("cloud");
  const cloud = await Cloud.connect(url, { client });
  const button = new InputDevice();
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}}\n` +
      "camera: {source: test, widthPx: 320, heightPx: 180, bitrateKbps: 300}\nclip: {preRollMs: 1000, postRollMs: 1000}\n" +
      `broker: {urls: ["${url}"], caFile: ${broker.authority.caFile}, certFile: ${certFile}, keyFile: ${keyFile}}\n` +
      "uplink: {settle: receipt}\n",
  );
  const agent = startProgram("agent", ["agent", "--config", config]);
  try {
    await until(() => cloud.eventsOf("camera").length > 0, "the camera", 60_000);
    button.push(true);
    await pause(300);
    button.push(false);
    await until(() => cloud.eventsOf("press").length > 0, "the press", 20_000);
    await until(() => cloud.clips.length > 0, "the clip", 30_000);
    expect(cloud.eventsOf("press")[0]?.ring).toBe(true);
    expect(cloud.clips[0]?.whole).toBe(true);
    expect(cloud.trouble).toEqual([]);
    expect(agent.stdout()).not.toContain("refused");
  } catch (error) {
    throw new Error(`${error}\n${agent.stdout()}${agent.stderr()}`);
  } finally {
    await agent.end("SIGTERM");
    await cloud.end();
    await broker.stop();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
});
