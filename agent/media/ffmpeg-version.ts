/** A version of ffmpeg as its arguments depend on it. */
export interface FfmpegVersion {
  major: number;
  minor: number;
  /** As ffmpeg says it. */
  text: string;
}

/** Each release of ffmpeg raises libavutil's major version: 56 came with 4, 60 with 8. */
const RELEASE_AFTER_LIBAVUTIL = 52;

/**
 * Reads what `ffmpeg -version` prints; null when that is not ffmpeg. Builds from a development tree carry no release
 * number: theirs follows from libavutil's.
 */
export function parseFfmpegVersion(output: string): FfmpegVersion | null {
  const text = /^ffmpeg version (\S+)/.exec(output)?.[1];
  if (text === undefined) return null;
  const release = /^n?(\d+)\.(\d+)/.exec(text);
  if (release) return { major: Number(release[1]), minor: Number(release[2]), text };
  const libavutil = /^libavutil\s+(\d+)\./m.exec(output);
  return libavutil ? { major: Number(libavutil[1]) - RELEASE_AFTER_LIBAVUTIL, minor: 0, text } : null;
}

/** The arguments that let every picture through once, at its own time: `-vsync` was renamed in 5.1. */
export function passThroughFrames({ major, minor }: FfmpegVersion): [string, string] {
  return major > 5 || (major === 5 && minor >= 1) ? ["-fps_mode", "passthrough"] : ["-vsync", "0"];
}
