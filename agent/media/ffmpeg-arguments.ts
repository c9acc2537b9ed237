import { type FfmpegVersion, passThroughFrames } from "./ffmpeg-version.ts";
import { MARK, markExpression, markLayout, type Rectangle } from "./frame-mark.ts";
import { TAP } from "./gray-tap.ts";

/** What is captured. */
export type CaptureSource =
  | { kind: "test"; scene: SceneFiles }
  /** `path` is absolute. */
  | { kind: "file"; path: string }
  /** Its address, which may hold a password, comes by `rtspPlaylist` on standard input. */
  | { kind: "rtsp" };

/** What is made of it. */
export interface CapturePlan {
  source: CaptureSource;
  /** `copy` needs H.264 that is shown in the order in which it is stored, upright, and without a mask. */
  video: "copy" | "encode";
  /** `copy` needs AAC. */
  sound: "none" | "copy" | "encode";
  /** Absolute path of a picture that is laid over every other before anything is encoded. */
  mask: string | null;
  /** Whether small gray pictures come out on descriptor 3, for motion. */
  tap: boolean;
}

/** The drawn pictures of the `test` source, made for one size. */
export interface SceneFiles {
  /** Absolute path of the folder with `porch.png` and `visitor-0000.png` and on. */
  folder: string;
  visitorFps: number;
  /** Where the visitor's pictures lie on the porch's, in pixels. */
  visitorAt: { x: number; y: number };
}

export interface EncoderSettings {
  widthPx: number;
  heightPx: number;
  framesPerSecond: number;
  bitrateKbps: number;
  soundBitrateKbps: number;
}

/**
 * The whole argument list of a capture: fragmented MP4 (H.264, and AAC if sound is recorded) on standard output, one
 * `moof`+`mdat` a picture, in real time; raw gray pictures on descriptor 3 if there is a tap. A path stands in it as
 * one `file:` argument and never inside a filter; an `rtsp:` address does not stand in it at all.
 */
export function captureArguments(
  plan: CapturePlan,
  settings: EncoderSettings,
  version: FfmpegVersion,
): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-loglevel", "error"],
    ...inputs(plan, settings),
    ...(plan.video === "copy"
      ? ["-map", "0:v:0", "-c:v", "copy"]
      : [...pictures(plan, settings), ...encoder(settings, version)]),
    ...sound(plan, settings),
    ...["-sn", "-dn", "-map_metadata", "-1"],
    ...["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof"],
    ...["-flush_packets", "1", "pipe:1"],
    ...(plan.tap ? tap(plan, version) : []),
  ];
}

function inputs({ source, video, mask, tap }: CapturePlan, settings: EncoderSettings): string[] {
  // The tap of a copied source looks at its keyframes only: decoding every picture is what copying is to spare.
  const decoder = video === "copy" && tap ? ["-skip_frame", "nokey"] : [];
  const over = mask === null ? [] : ["-f", "image2", "-i", `file:${mask.replaceAll("%", "%%")}`];
  switch (source.kind) {
    case "test":
      return [...scenePictures(source.scene, settings), ...over];
    case "file":
      // Only this file: a playlist must not make ffmpeg open others, or the network.
      return [...decoder, "-protocol_whitelist", "file", "-re", "-i", `file:${source.path}`, ...over];
    case "rtsp":
      return [...decoder, ...RTSP_INPUT, ...over];
  }
}

/** Opens what `rtspPlaylist` says on standard input. */
export const RTSP_INPUT: readonly string[] = [
  ...["-f", "concat", "-safe", "0", "-protocol_whitelist", "pipe,rtsp,rtp,udp,tcp", "-i", "pipe:0"],
];

/** Everything up to the encoder: the picture, the mask over it, and the tap's branch. */
function pictures(plan: CapturePlan, settings: EncoderSettings): string[] {
  const { source, mask, tap } = plan;
  const first = source.kind === "test" ? sceneGraph(source.scene, settings) : fitted(settings);
  const maskInput = source.kind === "test" ? 2 : 1;
  const graph = [
    `${first}[seen]`,
    ...(mask === null ? [] : [`[seen][${maskInput}:v]overlay=format=yuv420[covered]`]),
    ...(tap
      ? [
          `[${mask === null ? "seen" : "covered"}]split[out][tap]`,
          `[tap]fps=${TAP.framesPerSecond},${TAP_SIZE}[gray]`,
        ]
      : []),
  ];
  const last = tap ? "out" : mask === null ? "seen" : "covered";
  return ["-filter_complex", graph.join(";"), "-map", `[${last}]`];
}

const TAP_SIZE = `scale=w=${TAP.widthPx}:h=${TAP.heightPx}:flags=area,format=gray`;

function tap({ video }: CapturePlan, version: FfmpegVersion): string[] {
  return [
    ...(video === "copy" ? ["-map", "0:v:0", "-vf", TAP_SIZE] : ["-map", "[gray]"]),
    ...passThroughFrames(version),
    ...["-c:v", "rawvideo", "-f", "rawvideo", "-flush_packets", "1", "pipe:3"],
  ];
}

/** At the set rate and size, with its aspect kept and bars where it does not fit. */
function fitted({ widthPx: w, heightPx: h, framesPerSecond }: EncoderSettings): string {
  return `[0:v:0]${[
    "setpts=PTS-STARTPTS",
    `fps=${framesPerSecond}`,
    "scale=w=trunc(iw*sar/2)*2:h=ih",
    `scale=w=${w}:h=${h}:force_original_aspect_ratio=decrease`,
    `pad=w=${w}:h=${h}:x=(ow-iw)/2:y=(oh-ih)/2`,
    "setsar=1",
    "format=yuv420p",
  ].join(",")}`;
}

function scenePictures(scene: SceneFiles, settings: EncoderSettings): string[] {
  const folder = scene.folder.replaceAll("%", "%%");
  return [
    ...["-f", "image2", "-framerate", String(settings.framesPerSecond), "-i", `file:${folder}/porch.png`],
    ...["-f", "image2", "-framerate", String(scene.visitorFps), "-start_number", "0", "-loop", "1"],
    ...["-i", `file:${folder}/visitor-%04d.png`],
  ];
}

/**
 * The visitor over the porch, paced in real time; then the time at which each picture left that pacing becomes its
 * timestamp, is drawn into it, and gives way to an even N/fps.
 */
function sceneGraph(
  { visitorAt }: SceneFiles,
  { widthPx, heightPx, framesPerSecond }: EncoderSettings,
): string {
  const { blocks } = markLayout(widthPx, heightPx);
  const overlay = ({ x, y }: Pick<Rectangle, "x" | "y">) => `overlay=x=${x}:y=${y}:eval=init`;
  return [
    `[0:v]format=yuv420p,loop=loop=-1:size=1:start=0,setpts=N/${framesPerSecond}/TB[porch]`,
    `[porch][1:v]${overlay(visitorAt)},realtime,settb=1/1000,setpts=floor(RTCTIME/1000),split[scene][seed]`,
    `[seed]crop=w=${MARK.columns}:h=${MARK.rows}:x=0:y=0,format=gray,geq=lum='${markExpression()}',scale=w=${blocks.width}:h=${blocks.height}:flags=neighbor,format=yuv420p[mark]`,
    `[scene][mark]${overlay(blocks)},settb=1/${framesPerSecond},setpts=N`,
  ].join(";");
}

/** H.264 with a keyframe each second, no B-frames and nothing held back. */
function encoder({ framesPerSecond, bitrateKbps }: EncoderSettings, version: FfmpegVersion): string[] {
  const rate = `${bitrateKbps}k`;
  const gop = String(framesPerSecond);
  return [
    ...passThroughFrames(version),
    ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
    ...["-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-bf", "0"],
    ...["-b:v", rate, "-maxrate", rate, "-bufsize", rate],
  ];
}

/** A sound that comes late or not at all holds no picture back for longer than this, in microseconds. */
const INTERLEAVE_US = "200000";

function sound({ source, sound: kind }: CapturePlan, { soundBitrateKbps }: EncoderSettings): string[] {
  if (kind === "none") return ["-an"];
  const codec =
    kind === "copy"
      ? ["-c:a", "copy"]
      : ["-af", "aresample=async=1000", "-c:a", "aac", "-ac", "1", "-b:a", `${soundBitrateKbps}k`];
  // A file is over when its pictures are: the next pass begins with both.
  const end = source.kind === "file" ? ["-shortest"] : [];
  return ["-map", "0:a:0", ...codec, "-max_interleave_delta", INTERLEAVE_US, ...end];
}
