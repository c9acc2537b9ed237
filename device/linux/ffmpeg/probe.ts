import { access, constants, stat } from "node:fs/promises";
import { Readable, Writable } from "node:stream";
import ffmpegCommand from "fluent-ffmpeg";
import { RTSP_INPUT } from "../../../agent/media/ffmpeg-arguments.ts";
import { shownAddress } from "../../../agent/media/rtsp-playlist.ts";
import { CameraProblem, lastWords, withoutSecrets } from "./camera-problem.ts";
import type { Ffmpeg } from "./find-ffmpeg.ts";

/** What a source is, as far as capture must know. */
export interface VideoProbe {
  /** It is H.264 that plays anywhere, upright, in the order in which it is shown, and can be passed on as it is. */
  copyable: boolean;
  /** What becomes of its sound: AAC can be passed on, anything else must be encoded. */
  sound: "none" | "copy" | "encode";
  /** As the file declares it; null when it does not. */
  durationMs: number | null;
}

/** Enough packets of a file to see whether pictures are reordered, and of a camera, which sends them in real time. */
const FILE_PACKETS = 250;
const LIVE_PACKETS = 10;
const FILE_TIMEOUT_S = 20;
/** A camera that has not answered by then is not there. */
const LIVE_TIMEOUT_S = 12;

/**
 * Looks into a video file by one job that lists its packets undecoded; works with every ffmpeg, and without ffprobe.
 * @throws CameraProblem (operator) when the file is missing, empty, unreadable or not video.
 */
export async function probeFile(ffmpeg: Ffmpeg, path: string): Promise<VideoProbe> {
  await checkFile(path);
  const listed = await list(
    ffmpegCommand({ source: `file:${path}`, timeout: FILE_TIMEOUT_S })
      .setFfmpegPath(ffmpeg.path)
      .inputOptions(["-nostdin", "-protocol_whitelist", "file"]),
    FILE_PACKETS,
  );
  if (listed.kind === "listed") return judge(listed);
  const what = listed.hasNoVideo
    ? "has no video in it"
    : `is not a video that can be read (${lastWords(listed.words, 1)})`;
  throw new CameraProblem("operator", `file:${path} ${what}; name a video file`);
}

/**
 * Asks an RTSP camera for its first pictures, by the same playlist as the capture will use.
 * @throws CameraProblem (operator) when it refuses, (world) when it is not there or does not answer.
 */
export async function probeRtsp(
  ffmpeg: Ffmpeg,
  camera: { address: string; playlist: string; secrets: readonly string[] },
): Promise<VideoProbe> {
  const listed = await list(
    ffmpegCommand({ source: Readable.from([camera.playlist]), timeout: LIVE_TIMEOUT_S })
      .setFfmpegPath(ffmpeg.path)
      .inputOptions(RTSP_INPUT.slice(0, -2)),
    LIVE_PACKETS,
  );
  if (listed.kind === "listed") return judge(listed);
  throw cameraRefusal(camera, listed);
}

interface Listing {
  kind: "listed";
  video: string;
  videoDetails: string[];
  sound: string;
  rotated: boolean;
  duration: string;
  packets: string;
}

interface NotListed {
  kind: "failed";
  hasNoVideo: boolean;
  words: string[];
}

function list(command: ffmpegCommand.FfmpegCommand, packetCount: number): Promise<Listing | NotListed> {
  return new Promise((resolve) => {
    const packets: Buffer[] = [];
    const about = { video: "", videoDetails: [] as string[], sound: "", rotated: false, duration: "" };
    command
      .outputOptions(["-map", "0:v:0", "-c:v", "copy", "-frames:v", String(packetCount)])
      .format("framecrc")
      .on(
        "codecData",
        (data: { video?: string; video_details?: string[]; audio?: string; duration?: string }) => {
          about.video = data.video ?? "";
          about.videoDetails = data.video_details ?? [];
          about.sound = data.audio ?? "";
          about.duration = data.duration ?? "";
        },
      )
      .on("stderr", (line: string) => {
        if (/rotation of -?(?!0+\.0)[\d.]+ degrees|^\s*rotate\s*:\s*[1-9]/.test(line)) about.rotated = true;
      })
      .on("error", (error: Error, _stdout: string | null, stderr: string | null) => {
        const lines = (stderr || error.message).split("\n");
        const complaints = lines.filter((line) => line.startsWith("["));
        const hasNoVideo = lines.some((line) => line.includes("matches no streams"));
        resolve({ kind: "failed", hasNoVideo, words: complaints.length > 0 ? complaints : lines });
      })
      .on("end", () =>
        resolve({ kind: "listed", ...about, packets: Buffer.concat(packets).toString("latin1") }),
      );
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

function judge({ video, videoDetails, sound, rotated, duration, packets }: Listing): VideoProbe {
  const h264 = /^h264\b/.test(video) && videoDetails.some((detail) => /^yuvj?420p\b/.test(detail));
  return {
    copyable: h264 && !rotated && showsInOrder(packets),
    sound: sound === "" ? "none" : isPlainAac(sound) ? "copy" : "encode",
    durationMs: parseDuration(duration),
  };
}

/** AAC that a transport stream carries (ADTS) does not say what it is before its first packet, as an MP4's header must. */
function isPlainAac(sound: string): boolean {
  return /^aac\b/.test(sound) && !/0x000F/.test(sound);
}

function cameraRefusal(
  camera: { address: string; secrets: readonly string[] },
  { hasNoVideo, words }: NotListed,
): CameraProblem {
  const where = shownAddress(camera.address);
  if (hasNoVideo) return new CameraProblem("operator", `${where} sends no video; name another stream of it`);
  const said = lastWords(words.map((line) => withoutSecrets(line, camera.secrets)));
  if (/401|Unauthorized|authorization failed/i.test(said)) {
    const todo = "set camera.username and camera.passwordFile to what the camera knows";
    return new CameraProblem("operator", `${where} refused the user name or password; ${todo}`);
  }
  if (/404|Not Found/i.test(said))
    return new CameraProblem("operator", `${where} has no such stream; see the camera's manual for its path`);
  return new CameraProblem("world", `${where} does not answer as a camera (${said})`);
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
