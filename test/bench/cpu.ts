import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { commandOf, cpuMsOf, factsOf } from "../fixtures/process-facts.ts";
import { until } from "../fixtures/until.ts";
import { startAgent, withFolder } from "./beside.ts";
import { atMost, information, type Row } from "./row.ts";

const MEASURE_MS = 45_000;
/** Until the ring is full and what was compiled at the start is. */
const WARM_UP_MS = 15_000;
/** Longer than all of that: a file's end is a capture's end. */
const FILE_S = 150;

/** What the agent costs beside its ffmpeg, at rest with motion watched: with a camera that is encoded and one that is copied. */
export async function cpuRows(brokerUrl: string): Promise<Row[]> {
  return withFolder(async (folder) => {
    const file = join(folder, "street.mp4");
    await makeVideo(file);
    const [encoded, copied] = await Promise.all([
      measure(brokerUrl, "test", false),
      measure(brokerUrl, `file:${file}`, true),
    ]);
    const reference = "bare ffmpeg, same arguments, at the same time; 100 % is one core";
    return [
      {
        what: "agent's CPU over ffmpeg alone, 720p15 encoded, motion on",
        reference,
        results: resultsOf(encoded),
      },
      {
        what: "the same with a copied source, its tap counted apart",
        reference,
        results: [
          ...resultsOf(copied),
          information("the tap: ffmpeg with and without", "%", copied.bare, copied.withoutTap),
        ],
      },
    ];
  });
}

/** Shares of a core in percent. */
interface Shares {
  /** The agent without its capture. */
  agent: number;
  capture: number;
  bare: number;
  withoutTap: number;
}

function resultsOf({ agent, capture, bare }: Shares) {
  return [
    atMost("over ffmpeg alone", "%", agent + capture - bare, 5),
    information("agent's own processes", "%", agent),
    information("its ffmpeg", "%", capture, bare),
  ];
}

async function measure(brokerUrl: string, source: string, copied: boolean): Promise<Shares> {
  return withFolder(async (folder) => {
    const agent = await startAgent(
      folder,
      brokerUrl,
      `camera: {source: "${source}"}\nmotion: {watch: true}`,
      copied ? "copied" : "encoded",
    );
    const pid = agent.child.pid ?? 0;
    const bare: ChildProcess[] = [];
    try {
      await until(() => captureOf(pid) !== 0, "its ffmpeg", 30_000);
      const capture = captureOf(pid);
      const command = commandOf(capture);
      bare.push(start(command));
      if (copied) bare.push(start(withoutTap(command)));
      await pause(WARM_UP_MS);
      const measured = [pid, capture, ...bare.map((child) => child.pid ?? 0)];
      const beganMs = performance.now();
      const before = measured.map(cpuMsOf);
      const helpersMs = await cpuOfHelpers(pid, capture);
      const after = measured.map(cpuMsOf);
      const percent = (ms: number) => (ms / (performance.now() - beganMs)) * 100;
      if (captureOf(pid) !== capture) throw new Error("its ffmpeg was started anew");
      const used = after.map((ms, i) => percent(ms - (before[i] ?? 0)));
      return {
        agent: (used[0] ?? 0) + percent(helpersMs),
        capture: used[1] ?? 0,
        bare: used[2] ?? 0,
        withoutTap: used[3] ?? 0,
      };
    } finally {
      for (const child of bare) child.kill("SIGKILL");
      await agent.end("SIGTERM");
    }
  });
}

/** What the agent's other processes use while it is measured, in ms. They come and go: each is looked at again and again. */
async function cpuOfHelpers(pid: number, capture: number): Promise<number> {
  const helpers = () =>
    new Map(
      factsOf(pid)
        .descendants.filter((child) => child !== capture)
        .map((child) => [child, cpuMsOf(child)]),
    );
  let usedMs = 0;
  let before = helpers();
  const endsMs = performance.now() + MEASURE_MS;
  while (performance.now() < endsMs) {
    await pause(500);
    const now = helpers();
    for (const [child, ms] of now) usedMs += Math.max(0, ms - (before.get(child) ?? 0));
    before = now;
  }
  return usedMs;
}

/** The process that captures, or 0 while there is none. */
function captureOf(pid: number): number {
  return (
    factsOf(pid).descendants.find((child) =>
      commandOf(child).includes("frag_every_frame+empty_moov+default_base_moof"),
    ) ?? 0
  );
}

/** Reads what it writes and throws it away, as the agent's own pipes would be read. */
function start(command: readonly string[]): ChildProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit", "pipe"] });
  for (const output of [child.stdout, child.stdio[3]]) if (output instanceof Readable) output.resume();
  return child;
}

/** The tap is the last output: what follows the first. And decodes nothing when there is none. */
function withoutTap(command: readonly string[]): string[] {
  const skip = command.indexOf("-skip_frame");
  return command.slice(0, command.indexOf("pipe:1") + 1).filter((_, i) => i !== skip && i !== skip + 1);
}

/** H.264 as a camera would send it: 720p15, 2 Mbit/s, a keyframe each second. */
async function makeVideo(path: string): Promise<void> {
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=15:duration=${FILE_S}`];
  const h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15", "-bf", "0"];
  await promisify(execFile)("ffmpeg", ["-v", "error", ...picture, ...h264, "-b:v", "2M", path]);
}
