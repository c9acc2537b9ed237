import { spawn } from "node:child_process";
import { passThroughFrames } from "../../agent/media/ffmpeg-version.ts";
import { readFrameMark } from "../../agent/media/frame-mark.ts";
import { GrayPictures } from "../../agent/media/gray-tap.ts";
import { findFfmpeg } from "../../device/linux/ffmpeg/find-ffmpeg.ts";

const DECODE_LIMIT_MS = 60_000;

/**
 * Decodes a video file and reads the counter in each of its pictures: how many frames are missing or doubled between
 * the first and the last. Null when no picture carries a counter.
 * @throws Error when ffmpeg is missing or says anything about the file.
 */
export async function framesMissing(file: string, widthPx: number, heightPx: number): Promise<number | null> {
  const counters: (number | null)[] = [];
  await eachPicture(file, widthPx, heightPx, (gray) => {
    counters.push(readFrameMark(gray, widthPx, heightPx, Date.now())?.frame ?? null);
  });
  return counters.every((counter) => counter === null) ? null : missingOrDoubled(counters);
}

/** Of counters that should go up by one each; one that cannot be read (null) is missing in its place. */
export function missingOrDoubled(counters: readonly (number | null)[]): number {
  const read = counters.filter((counter) => counter !== null);
  let wrong = 0;
  for (const [index, counter] of read.entries()) {
    const step = counter - (read[index - 1] ?? counter - 1);
    wrong += step > 0 ? step - 1 : 1;
  }
  const unreadAtEnds =
    counters.length -
    1 -
    counters.findLastIndex((counter) => counter !== null) +
    counters.findIndex((counter) => counter !== null);
  return wrong + unreadAtEnds;
}

/** Hands over each picture as one byte of luminance a pixel. */
async function eachPicture(
  file: string,
  widthPx: number,
  heightPx: number,
  take: (gray: Uint8Array) => void,
): Promise<void> {
  const ffmpeg = await findFfmpeg(process.env.PATH ?? "");
  if (!ffmpeg) throw new Error("no ffmpeg to decode the clip with");
  const input = ["-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", `file:${file}`];
  const output = [
    "-map",
    "0:v:0",
    ...passThroughFrames(ffmpeg.version),
    "-pix_fmt",
    "gray",
    "-f",
    "rawvideo",
    "pipe:1",
  ];
  const child = spawn(ffmpeg.path, [...input, ...output], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DECODE_LIMIT_MS,
  });
  const words: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => words.push(text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const pictures = new GrayPictures({ widthPx, heightPx });
  for await (const bytes of child.stdout) pictures.push(bytes).forEach(take);
  const code = await ended;
  const said = words.join("").trim();
  if (code !== 0 || said !== "")
    throw new Error(`${file} does not decode cleanly: ${said || `exit code ${code}`}`);
}
