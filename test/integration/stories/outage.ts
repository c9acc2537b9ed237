import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FaultProxy } from "../../../simulator/network/fault-proxy.ts";
import { Cloud } from "../../fixtures/cloud.ts";
import { InputDevice } from "../../fixtures/input-device.ts";
import { startMosquitto } from "../../fixtures/mosquitto.ts";
import { startProgram } from "../../fixtures/programs.ts";
import { until } from "../../fixtures/until.ts";

export interface OutageStory {
  protocol: "5" | "3.1.1";
  /** When the presses come and the outage ends, in seconds of the outage. */
  pressAtS: number[];
  endsAtS: number;
}

export interface OutageResult {
  presses: { topic: string; sequence: number; ring: boolean }[];
  duplicates: number;
  clips: { clipId: string; whole: boolean; end: string }[];
  trouble: string[];
  gaps: number;
}

/**
 * The real agent and a real mosquitto with a link between them that breaks: presses come while it is broken, and
 * everything comes after it. Resolves when every press and every clip has arrived; throws when they do not.
 */
export async function runOutage(story: OutageStory): Promise<OutageResult> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-outage-"));
  const mosquitto = await startMosquitto();
  const link = new FaultProxy({ host: "127.0.0.1", port: mosquitto.port });
  await link.start();
  const cloud = await Cloud.connect(mosquitto.url);
  const button = new InputDevice();
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}}\ncamera: {source: test}\n` +
      `broker: {urls: ["${link.url}"], protocol: "${story.protocol}"}\n` +
      "clip: {postRollMs: 3000}\nuplink: {settle: receipt, reconnectMaxMs: 2000}\n",
  );
  const agent = startProgram("agent", ["agent", "--config", config]);
  try {
    await until(() => cloud.eventsOf("camera").length > 0, "the camera", 20_000);
    await pause(5_500);
    link.set({ kind: "black-hole" });
    const brokenAt = performance.now();
    const second = (s: number) => pause(Math.max(0, brokenAt + s * 1_000 - performance.now()));
    for (const atS of story.pressAtS) {
      await second(atS);
      button.push(true);
      await pause(120);
      button.push(false);
    }
    await second(story.endsAtS);
    link.set({ kind: "cut" });
    link.set({ kind: "pass" });
    const wanted = story.pressAtS.length;
    await until(() => cloud.eventsOf("press").length >= wanted, "every press", 30_000);
    await until(() => cloud.clips.length >= wanted, "every clip", 60_000);
    await cloud.settled();
    return {
      presses: cloud.eventsOf("press").map(({ topic, event, ring }) => ({
        topic: topic.split("/").slice(3).join("/"),
        sequence: event.sequence,
        ring,
      })),
      duplicates: cloud.duplicates,
      clips: cloud.clips.map(({ clipId, whole, end }) => ({ clipId, whole, end })),
      trouble: cloud.trouble,
      gaps: cloud.consumer.gapsOf("front-door").length,
    };
  } catch (error) {
    throw new Error(`${error}\n${agent.stdout().slice(-3_000)}${agent.stderr()}`);
  } finally {
    await agent.end("SIGTERM");
    await cloud.end();
    await link.stop();
    await mosquitto.stop();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
