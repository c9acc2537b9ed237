import type { CameraDown } from "../../ports/camera.ts";
import { lastWords } from "./camera-problem.ts";
import type { CaptureEnd } from "./capture-process.ts";

/** What was captured until the end. */
export interface CaptureRecord {
  /** `test`, `file:PATH` or `rtsp://…`. */
  source: string;
  stallMs: number;
  /** Length of the video that arrived. */
  playedMs: number;
  /** Length that the file declares; null when unknown or endless. */
  declaredMs: number | null;
}

/** A file that is over sooner would be started over and over. */
const MIN_PASS_MS = 1_000;

/** Says for a person why a capture ended, and who must act. */
export function explainEnd(end: CaptureEnd, record: CaptureRecord): Omit<CameraDown, "type" | "occurredAt"> {
  const { source } = record;
  switch (end.kind) {
    case "not-started":
      return world(`ffmpeg could not be started: ${end.detail}`);
    case "stalled":
      return world(`stalled: ${source} gave no picture for ${record.stallMs} ms`);
    case "garbage":
      return world(`ffmpeg's output for ${source} is broken: ${end.detail}`);
    case "exited":
      return explainExit(end, record);
  }
}

/** An encoder that does not keep up: the picture would come later and later. */
export function explainTooSlow(
  reached: number,
  asked: { source: string; widthPx: number; heightPx: number; framesPerSecond: number; masked: boolean },
): Omit<CameraDown, "type" | "occurredAt"> {
  const { widthPx, heightPx, framesPerSecond, masked } = asked;
  const work = masked ? "decode, mask and encode" : "decode and encode";
  const remedies = `camera.widthPx, camera.heightPx or camera.framesPerSecond${masked ? ", or clear privacy.masks" : ""}`;
  const network = asked.source.startsWith("rtsp://") ? " (or the camera's network is too slow)" : "";
  return operator(
    `this board cannot ${work} ${widthPx}x${heightPx} at ${framesPerSecond}/s: it reached ${Math.round(reached * 100)} % of real time; lower ${remedies}${network}`,
  );
}

function explainExit(end: CaptureEnd & { kind: "exited" }, record: CaptureRecord) {
  const { source, playedMs, declaredMs } = record;
  const said = end.words.length > 0 ? `: ${lastWords(end.words)}` : "";
  if (end.signal !== null) return world(`ffmpeg was ended by ${end.signal}${said}`);
  if (end.code !== 0) return world(`ffmpeg ended with code ${end.code}${said}`);
  if (!source.startsWith("file:")) return world(`ffmpeg ended by itself${said}`);
  const tooEarly = declaredMs !== null && declaredMs - playedMs > Math.max(1_000, declaredMs / 10);
  if (playedMs > 0 && (end.complainedAtEnd || end.cutOff || tooEarly)) {
    const why = said || (tooEarly ? `: ${playedMs} ms of ${declaredMs} ms` : "");
    return operator(
      `${source} ends inside a picture or before its declared end${why}; give it a whole video`,
    );
  }
  if (playedMs < MIN_PASS_MS)
    return operator(`${source} has less than ${MIN_PASS_MS} ms of video${said}; name a longer video`);
  return { fault: "none", reason: `${source} came to its end${said}`, seam: true } as const;
}

const world = (reason: string) => ({ fault: "world", reason, seam: false }) as const;
const operator = (reason: string) => ({ fault: "operator", reason, seam: false }) as const;
