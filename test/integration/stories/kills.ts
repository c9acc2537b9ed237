import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FaultProxy } from "../../../simulator/network/fault-proxy.ts";
import { Chance } from "../../../simulator/world/chance.ts";
import { Cloud } from "../../fixtures/cloud.ts";
import { InputDevice } from "../../fixtures/input-device.ts";
import { startMosquitto } from "../../fixtures/mosquitto.ts";
import { type Program, startProgram } from "../../fixtures/programs.ts";
import { until } from "../../fixtures/until.ts";

export interface KillsStory {
  /** How often the agent is killed while it records, with three presses before each. */
  kills: number;
  /** Draws the moments. */
  seed: number;
  /** The negative control: every start finds an empty data folder, as an outbox in memory would. */
  forget: boolean;
}

export interface KillsResult {
  /** Presses that the agent had on its disk, by its own journal, when it was killed. */
  accepted: string[];
  /** Of those, the ones that never reached the consumer. */
  lost: string[];
  clips: { clipId: string; whole: boolean; end: string }[];
  /** Clips that were begun and of which neither a file nor a word of their end arrived. */
  unexplained: string[];
  trouble: string[];
}

/**
 * The real agent behind a link that is a black hole: presses, `kill -9` at a random moment while their clip is being
 * recorded, again and again; then the link comes back. What had been accepted must arrive.
 */
export async function runKills(story: KillsStory): Promise<KillsResult> {
  const chance = new Chance(story.seed);
  const folder = await mkdtemp(join(tmpdir(), "porchlight-kills-"));
  const mosquitto = await startMosquitto();
  const link = new FaultProxy({ host: "127.0.0.1", port: mosquitto.port });
  await link.start();
  const cloud = await Cloud.connect(mosquitto.url);
  const button = new InputDevice();
  const journal = (run: number) => join(folder, `journal-${run}`);
  const start = async (run: number): Promise<Program> => {
    const config = join(folder, "porchlight.yaml");
    const data = story.forget ? `data-${run}` : "data";
    await writeFile(
      config,
      `device: {dataFolder: ${data}, clock: system}\nbutton: {device: ${button.path}}\n` +
        `camera: {source: test, widthPx: 640, heightPx: 360}\nbroker: {urls: ["${link.url}"]}\n` +
        "clip: {preRollMs: 1000, postRollMs: 3000}\nuplink: {settle: receipt, reconnectMaxMs: 1000}\n",
    );
    return startProgram("agent", ["agent", "--config", config, "--journal", journal(run)]);
  };
  const accepted: string[] = [];
  const begun: string[] = [];
  let agent: Program | null = null;
  try {
    link.set({ kind: "black-hole" });
    for (let run = 0; run < story.kills; run++) {
      agent = await start(run);
      const program = agent;
      await until(() => program.stdout().includes("camera up"), "the camera", 30_000);
      await pause(1_500);
      for (let press = 0; press < 3; press++) {
        button.push(true);
        await pause(100);
        button.push(false);
        await pause(150);
      }
      await pause(chance.int(0, 3_500));
      await agent.end("SIGKILL");
      const facts = await factsOf(journal(run));
      accepted.push(...facts.accepted);
      begun.push(...facts.clips);
    }
    link.set({ kind: "pass" });
    agent = await start(story.kills);
    const arrived = () => new Set(cloud.eventsOf("press").map(({ event }) => event.id));
    const lost = () => accepted.filter((id) => !arrived().has(id));
    const ended = () =>
      new Set([
        ...cloud.clips.map(({ clipId }) => clipId),
        ...cloud
          .eventsOf("clip")
          .map(({ known }) =>
            known?.type === "clip" && known.data.state !== "recording" ? known.data.clipId : "",
          ),
      ]);
    const unexplained = () => begun.filter((clipId) => !ended().has(clipId));
    // The negative control is to fail: it is given as long as the real one needs.
    const complete = () =>
      lost().length === 0 && unexplained().length === 0 && cloud.clips.length >= begun.length;
    await until(complete, "everything that was accepted", story.forget ? 15_000 : 60_000).catch((error) => {
      if (!story.forget) cloud.trouble.push(String(error));
    });
    await cloud.settled();
    return {
      accepted,
      lost: lost(),
      clips: cloud.clips.map(({ clipId, whole, end }) => ({ clipId, whole, end })),
      unexplained: unexplained(),
      trouble: cloud.trouble,
    };
  } finally {
    await agent?.end("SIGTERM");
    await cloud.end();
    await link.stop();
    await mosquitto.stop();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the agent itself knew when it was killed: presses on its disk, and clips that had begun on it. */
async function factsOf(journal: string): Promise<{ accepted: string[]; clips: string[] }> {
  const lines = (await readFile(journal, "utf8")).split("\n").slice(0, -1);
  let epoch = "";
  const accepted: string[] = [];
  const clips: string[] = [];
  for (const line of lines) {
    const { input } = JSON.parse(line);
    if (input?.type === "agent.started") epoch = input.epoch;
    if (input?.type === "store.appended" && input.lane === "press")
      accepted.push(`${epoch}-p${input.sequence}`);
    if (input?.type === "clip.opened") clips.push(input.clipId);
  }
  return { accepted, clips };
}
