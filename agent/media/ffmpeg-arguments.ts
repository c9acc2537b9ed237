import { type FfmpegVersion, passThroughFrames } from "./ffmpeg-version.ts";
import { MARK, markExpression, markLayout, type Rectangle } from "./frame-mark.ts";

/** What is captured. */
export type CaptureSource =
  | { kind: "test"; scene: SceneFiles }
  /** `path` is absolute. `video: copy` needs H.264 without B-frames. */
  | { kind: "file"; path: string; video: "copy" | "encode" };

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
}

/**
 * The whole argument list of a capture: fragmented MP4 (H.264, no sound) on standard output, one `moof`+`mdat` a
 * picture, in real time. A path stands in it as one `file:` argument and never inside a filter.
 */
export function captureArguments(
  source: CaptureSource,
  settings: EncoderSettings,
  version: FfmpegVersion,
): string[] {
  return [
    ...["-nostdin", "-hide_banner", "-loglevel", "error"],
    ...(source.kind === "test" ? drawn(source.scene, settings) : fromFile(source, settings)),
    ...(source.kind === "file" && source.video === "copy" ? ["-c:v", "copy"] : encoder(settings, version)),
    ...["-an", "-sn", "-dn", "-map_metadata", "-1"],
    ...["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof"],
    ...["-flush_packets", "1", "pipe:1"],
  ];
}

/** Only this file: a playlist must not make ffmpeg open others, or the network. */
function fromFile(source: { path: string; video: "copy" | "encode" }, settings: EncoderSettings): string[] {
  const input = ["-protocol_whitelist", "file", "-re", "-i", `file:${source.path}`, "-map", "0:v:0"];
  return source.video === "copy" ? input : [...input, "-vf", fitted(settings)];
}

/** At the set rate and size, with its aspect kept and bars where it does not fit. */
function fitted({ widthPx: w, heightPx: h, framesPerSecond }: EncoderSettings): string {
  return [
    "setpts=PTS-STARTPTS",
    `fps=${framesPerSecond}`,
    "scale=w=trunc(iw*sar/2)*2:h=ih",
    `scale=w=${w}:h=${h}:force_original_aspect_ratio=decrease`,
    `pad=w=${w}:h=${h}:x=(ow-iw)/2:y=(oh-ih)/2`,
    "setsar=1",
    "format=yuv420p",
  ].join(",");
}

function drawn(scene: SceneFiles, settings: EncoderSettings): string[] {
  const folder = scene.folder.replaceAll("%", "%%");
  return [
    ...["-f", "image2", "-framerate", String(settings.framesPerSecond), "-i", `file:${folder}/porch.png`],
    ...["-f", "image2", "-framerate", String(scene.visitorFps), "-start_number", "0", "-loop", "1"],
    ...["-i", `file:${folder}/visitor-%04d.png`],
    ...["-filter_complex", sceneGraph(scene, settings), "-map", "[marked]"],
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
    `[scene][mark]${overlay(blocks)},settb=1/${framesPerSecond},setpts=N[marked]`,
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
