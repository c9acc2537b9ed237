import { access, constants, stat } from "node:fs/promises";
import { Writable } from "node:stream";
import ffmpegCommand from "fluent-ffmpeg";
import { CameraProblem, lastWords } from "./camera-problem.ts";
import type { Ffmpeg } from "./find-ffmpeg.ts";

/** What a video file is, as far as capture must know. */
export interface VideoProbe {
  /** It is H.264 that plays anywhere, in the order in which it is shown, and can be passed on as it is. */
  copyable: boolean;
  /** As the file declares it; null when it does not. */
  durationMs: number | null;
}

/** Enough packets to see whether pictures are reordered. */
const PROBED_PACKETS = 250;

/**
 * Looks into a video file by one job that lists its packets undecoded; works with every ffmpeg, and without ffprobe.
 * @throws CameraProblem (operator) when the file is missing, empty, unreadable or not video.
 */
export async function probeVideo(ffmpeg: Ffmpeg, path: string): Promise<VideoProbe> {
  await checkFile(path);
  return new Promise((resolve, reject) => {
    const packets: Buffer[] = [];
    const about = { video: "", details: [] as string[], duration: "" };
    const command = ffmpegCommand({ source: `file:${path}`, timeout: 20 })
      .setFfmpegPath(ffmpeg.path)
      .inputOptions(["-nostdin", "-protocol_whitelist", "file"])
      .outputOptions(["-map", "0:v:0", "-c:v", "copy", "-frames:v", String(PROBED_PACKETS)])
      .format("framecrc")
      .on("codecData", (data: { video?: string; video_details?: string[]; duration?: string }) => {
        about.video = data.video ?? "";
        about.details = data.video_details ?? [];
        about.duration = data.duration ?? "";
      })
      .on("error", (error: Error, _stdout: string | null, stderr: string | null) => {
        const lines = (stderr ?? error.message).split("\n");
        const empty = lines.some((line) => line.includes("matches no streams"));
        const complaints = lines.filter((line) => line.startsWith("["));
        const what = empty
          ? "has no video in it"
          : `is not a video that can be read (${lastWords(complaints.length > 0 ? complaints : lines, 1)})`;
        reject(new CameraProblem("operator", `file:${path} ${what}; name a video file`));
      })
      .on("end", () => {
        const h264 =
          /^h264\b/.test(about.video) && about.details.some((detail) => /^yuvj?420p\b/.test(detail));
        resolve({
          copyable: h264 && showsInOrder(Buffer.concat(packets).toString("latin1")),
          durationMs: parseDuration(about.duration),
        });
      });
    // Without "finish" and "close" of its own: fluent-ffmpeg takes a closed output for a reason to kill.
    const output = new Writable({
      autoDestroy: false,
      write: (chunk: Buffer, _encoding, done) => {
        packets.push(chunk);
        done();
      },
    });
    command.pipe(output);
  });
}

/** @throws CameraProblem that says what is wrong with the file, and what would be right. */
async function checkFile(path: string): Promise<void> {
  const refuse = (what: string) => new CameraProblem("operator", `file:${path} ${what}; name a video file`);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? refuse("does not exist") : refuse(`cannot be reached (${error.code})`);
  });
  if (!found.isFile()) throw refuse("is not a file");
  if (found.size === 0) throw refuse("is empty");
  await access(path, constants.R_OK).catch(() => {
    throw refuse("may not be read by this user");
  });
}

/**
 * Reads ffmpeg's `framecrc` listing (`stream, dts, pts, duration, size, crc[, flags]`): true when it begins with a
 * packet and every packet is shown in the order in which it is decoded, as without B-frames.
 */
export function showsInOrder(listing: string): boolean {
  const times = listing
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(",").map((field) => Number(field)));
  return (
    times.length > 0 &&
    times.every(([, dts = Number.NaN, pts = Number.NaN], i) => {
      const previous = times[i - 1];
      return dts === pts && (previous === undefined || pts > (previous[2] ?? Number.NaN));
    })
  );
}

/** `HH:MM:SS.cc` in ms; null for `N/A`. */
function parseDuration(text: string): number | null {
  const match = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim());
  return match
    ? Math.round(((Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3])) * 1_000)
    : null;
}
