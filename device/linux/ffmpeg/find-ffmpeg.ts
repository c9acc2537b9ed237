import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { type FfmpegVersion, parseFfmpegVersion } from "../../../agent/media/ffmpeg-version.ts";

/** An ffmpeg that runs on this machine. */
export interface Ffmpeg {
  path: string;
  version: FfmpegVersion;
}

/** The system's ffmpeg in a folder of `searchPath` (as PATH has them), else the packaged one, else null. */
export async function findFfmpeg(searchPath: string): Promise<Ffmpeg | null> {
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const found = await tryFfmpeg(join(folder, "ffmpeg"));
    if (found) return found;
  }
  return findPackagedFfmpeg();
}

/** The ffmpeg inside `@ffmpeg-installer/ffmpeg`; null when there is none for this machine. */
export async function findPackagedFfmpeg(): Promise<Ffmpeg | null> {
  const packaged = await import("@ffmpeg-installer/ffmpeg").then(
    ({ default: installer }) => installer.path,
    () => null, // It throws on import where it has no build.
  );
  return packaged === null ? null : tryFfmpeg(packaged);
}

async function tryFfmpeg(path: string): Promise<Ffmpeg | null> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await promisify(execFile)(path, ["-version"], { timeout: 10_000 });
    const version = parseFfmpegVersion(stdout);
    return version && { path, version };
  } catch {
    return null; // Not there, or there and not able to run: the next place is tried.
  }
}
