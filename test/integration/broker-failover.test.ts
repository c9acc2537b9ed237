import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cloud } from "../fixtures/cloud.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

test("the first broker dies in the middle of a clip: presses go on by the second, which gets the clip whole", {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-failover-"));
  const [first, second] = [await startMosquitto(), await startMosquitto()];
  const [before, after] = [await Cloud.connect(first.url), await Cloud.connect(second.url)];
  const button = new InputDevice();
  const press = async () => {
    button.push(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    button.push(false);
  };
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}}\n` +
      "camera: {source: test, widthPx: 320, heightPx: 180, bitrateKbps: 300}\nclip: {preRollMs: 1000, postRollMs: 4000}\n" +
      `broker: {urls: ["${first.url}", "${second.url}"]}\n`,
  );
  const agent = startProgram("agent", ["agent", "--config", config]);
  try {
    await until(() => before.eventsOf("camera").length > 0, "the camera, by the first", 20_000);
    await press();
    await until(
      () => before.messages.some(({ topic }) => /\/clip\/[^/]+\/\d+\//.test(topic)),
      "some of the clip",
    );
    await first.kill();
    // As a person would: sooner it is the contact that bounces.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await press();
    // The first comes here too if its broker died before it acknowledged it.
    const secondPress = () => after.eventsOf("press").find(({ event }) => event.sequence === 2);
    await until(() => secondPress() !== undefined, "the second press, by the second broker");
    expect(secondPress()?.ring).toBe(true);
    await until(() => after.clips.length === 1, "the clip, whole", 20_000);
    expect(after.clips[0]).toMatchObject({ whole: true, end: "finished" });
    expect(after.trouble).toEqual([]);
  } catch (error) {
    throw new Error(`${error}\n${agent.stdout()}${agent.stderr()}`);
  } finally {
    await agent.end("SIGTERM");
    await Promise.all([before.end(), after.end()]);
    await Promise.all([first.stop(), second.stop()]);
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
});
