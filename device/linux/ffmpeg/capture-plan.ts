import { readFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import {
  type CapturePlan,
  captureArguments,
  type EncoderSettings,
} from "../../../agent/media/ffmpeg-arguments.ts";
import { type RtspCamera, rtspPlaylist, secretsOf } from "../../../agent/media/rtsp-playlist.ts";
import { CameraProblem } from "./camera-problem.ts";
import { type Ffmpeg, findFfmpeg } from "./find-ffmpeg.ts";
import { prepareMask } from "./masks.ts";
import type { Pictures } from "./pictures.ts";
import { probeFile, probeRtsp, type VideoProbe } from "./probe.ts";
import { prepareScene } from "./scene.ts";

/** What the settings say of a capture. */
export interface CaptureSettings {
  camera: {
    /** `test`, `file:PATH` or `rtsp://…`. */
    source: string;
    transport: "tcp" | "udp";
    username: string;
    /** Its first line is the password; read anew at every opening. */
    passwordFile: string;
    widthPx: number;
    heightPx: number;
    framesPerSecond: number;
    bitrateKbps: number;
    stallMs: number;
  };
  sound: { record: boolean; bitrateKbps: number };
  motion: { watch: boolean };
  privacy: { masks: readonly string[] };
}

/** A capture that can be started: everything it needs was found out. */
export interface PlannedCapture {
  ffmpeg: Ffmpeg;
  plan: CapturePlan;
  arguments: string[];
  /** What ffmpeg reads on standard input; null for nothing. */
  standardInput: string | null;
  /** Not to be repeated in any word of ffmpeg's. */
  secrets: string[];
  /** Length that the file declares; null when unknown or endless. */
  declaredMs: number | null;
  /** Puts away what was made for this capture only. */
  discard(): Promise<void>;
}

export interface PlannerOptions {
  settings: CaptureSettings;
  pictures: Pictures;
  /** Where the test scene's pictures are kept from one start to the next. */
  cacheFolder: string;
  /** The ffmpeg to use, or null when there is none; by default the one on PATH, else the packaged one. */
  locate?: () => Promise<Ffmpeg | null>;
}

/**
 * Finds ffmpeg, looks into the source and decides what is copied and what is encoded.
 * @throws CameraProblem that says who must act, and how.
 */
export async function planCapture(options: PlannerOptions): Promise<PlannedCapture> {
  const ffmpeg = await (options.locate ?? (() => findFfmpeg(process.env.PATH ?? "")))();
  if (!ffmpeg)
    throw new CameraProblem("operator", "no ffmpeg found: neither on PATH nor packaged; install ffmpeg");
  const { camera, sound, motion, privacy } = options.settings;
  const found = await lookInto(options, ffmpeg);
  const mask = privacy.masks.length === 0 ? null : await prepareMask(privacy.masks, camera);
  const plan: CapturePlan = {
    source: found.source,
    video: found.copyable && mask === null ? "copy" : "encode",
    sound: sound.record ? found.sound : "none",
    mask: mask?.path ?? null,
    tap: motion.watch,
  };
  const encoder: EncoderSettings = { ...camera, soundBitrateKbps: sound.bitrateKbps };
  return {
    ffmpeg,
    plan,
    arguments: captureArguments(plan, encoder, ffmpeg.version),
    standardInput: found.standardInput,
    secrets: found.secrets,
    declaredMs: found.declaredMs,
    discard: async () => {
      await Promise.all([found.discard(), mask?.discard()]);
    },
  };
}

interface Found {
  source: CapturePlan["source"];
  copyable: boolean;
  sound: VideoProbe["sound"];
  standardInput: string | null;
  secrets: string[];
  declaredMs: number | null;
  discard(): Promise<void>;
}

async function lookInto(options: PlannerOptions, ffmpeg: Ffmpeg): Promise<Found> {
  const { camera } = options.settings;
  const nothing = { standardInput: null, secrets: [], declaredMs: null, discard: async () => {} };
  if (camera.source === "test") {
    const scene = await prepareScene(options.pictures, options.cacheFolder, camera);
    const source = { kind: "test", scene } as const;
    return { ...nothing, source, copyable: false, sound: "none", discard: scene.discard };
  }
  if (camera.source.startsWith("file:")) {
    const named = camera.source.slice("file:".length);
    const path = isAbsolute(named) ? named : resolve(named);
    const { copyable, sound, durationMs } = await probeFile(ffmpeg, path);
    return { ...nothing, source: { kind: "file", path }, copyable, sound, declaredMs: durationMs };
  }
  if (camera.source.startsWith("rtsp://")) {
    refuseOldBuild(ffmpeg);
    const rtsp: RtspCamera = { ...camera, address: camera.source, password: await readPassword(camera) };
    const standardInput = rtspPlaylist(rtsp, ffmpeg.version);
    const secrets = secretsOf(rtsp);
    const { copyable, sound } = await probeRtsp(ffmpeg, { ...rtsp, playlist: standardInput, secrets });
    return { ...nothing, source: { kind: "rtsp" }, copyable, sound, standardInput, secrets };
  }
  throw new CameraProblem(
    "operator",
    `camera source ${camera.source} is not known; use test, file:PATH or rtsp://HOST/…`,
  );
}

/** The packaged build is of 2018 (a development tree of 4.0): cameras of today are not what it was made for. */
function refuseOldBuild({ version, path }: Ffmpeg): void {
  if (version.major > 4 || (version.major === 4 && version.minor >= 3)) return;
  throw new CameraProblem(
    "operator",
    `${path} (${version.text}) is too old for an rtsp:// camera; install ffmpeg 4.3 or newer (Debian: apt install ffmpeg)`,
  );
}

async function readPassword({ passwordFile }: { passwordFile: string }): Promise<string> {
  if (passwordFile === "") return "";
  try {
    return (await readFile(passwordFile, "utf8")).split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new CameraProblem("operator", `camera.passwordFile: ${passwordFile} cannot be read (${code})`, {
      cause: error,
    });
  }
}
