import { describe, expect, test } from "vitest";
import { captureArguments } from "../../../agent/media/ffmpeg-arguments.ts";
import { type FfmpegVersion, parseFfmpegVersion } from "../../../agent/media/ffmpeg-version.ts";
import { markExpression } from "../../../agent/media/frame-mark.ts";

const debian: FfmpegVersion = { major: 5, minor: 1, text: "5.1.9" };
const packaged: FfmpegVersion = { major: 4, minor: 0, text: "N-47683" };
const settings = { widthPx: 1280, heightPx: 720, framesPerSecond: 15, bitrateKbps: 2_000 };
const path = `/media/-- it's "100%" [done],a:b.mp4`;

const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error"];
const file = (name: string) => ["-protocol_whitelist", "file", "-re", "-i", `file:${name}`, "-map", "0:v:0"];
const fit =
  "setpts=PTS-STARTPTS,fps=15,scale=w=trunc(iw*sar/2)*2:h=ih,scale=w=1280:h=720:force_original_aspect_ratio=decrease,pad=w=1280:h=720:x=(ow-iw)/2:y=(oh-ih)/2,setsar=1,format=yuv420p";
const x264 = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
  ...["-g", "15", "-keyint_min", "15", "-sc_threshold", "0", "-bf", "0"],
  ...["-b:v", "2000k", "-maxrate", "2000k", "-bufsize", "2000k"],
];
const fragments = [
  ...["-an", "-sn", "-dn", "-map_metadata", "-1"],
  ...["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof"],
  ...["-flush_packets", "1", "pipe:1"],
];

describe("capture arguments", () => {
  test.each([
    [
      "a file of H.264 is copied",
      captureArguments({ kind: "file", path, video: "copy" }, settings, debian),
      [...quiet, ...file(path), "-c:v", "copy", ...fragments],
    ],
    [
      "any other file is encoded",
      captureArguments({ kind: "file", path, video: "encode" }, settings, debian),
      [...quiet, ...file(path), "-vf", fit, "-fps_mode", "passthrough", ...x264, ...fragments],
    ],
    [
      "by an older ffmpeg, in its own words",
      captureArguments({ kind: "file", path, video: "encode" }, settings, packaged),
      [...quiet, ...file(path), "-vf", fit, "-vsync", "0", ...x264, ...fragments],
    ],
    [
      "the test source is drawn from pictures",
      captureArguments(
        {
          kind: "test",
          scene: { folder: "/var/lib/100% mine", visitorFps: 8, visitorAt: { x: 440, y: 140 } },
        },
        settings,
        debian,
      ),
      [
        ...quiet,
        ...["-f", "image2", "-framerate", "15", "-i", "file:/var/lib/100%% mine/porch.png"],
        ...["-f", "image2", "-framerate", "8", "-start_number", "0", "-loop", "1"],
        ...["-i", "file:/var/lib/100%% mine/visitor-%04d.png"],
        "-filter_complex",
        [
          "[0:v]format=yuv420p,loop=loop=-1:size=1:start=0,setpts=N/15/TB[porch]",
          "[porch][1:v]overlay=x=440:y=140:eval=init,realtime,settb=1/1000,setpts=floor(RTCTIME/1000),split[scene][seed]",
          `[seed]crop=w=44:h=2:x=0:y=0,format=gray,geq=lum='${markExpression()}',scale=w=1174:h=40:flags=neighbor,format=yuv420p[mark]`,
          "[scene][mark]overlay=x=54:y=672:eval=init,settb=1/15,setpts=N[marked]",
        ].join(";"),
        ...["-map", "[marked]", "-fps_mode", "passthrough", ...x264, ...fragments],
      ],
    ],
  ])("%s", (_what, made, expected) => {
    expect(made).toEqual(expected);
  });
});

describe("the version of ffmpeg", () => {
  test.each([
    [
      "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026",
      { major: 5, minor: 1, text: "5.1.9-0+deb12u1" },
    ],
    ["ffmpeg version n7.0.2 Copyright", { major: 7, minor: 0, text: "n7.0.2" }],
    [
      "ffmpeg version N-47683-g0e8eb07980-static x\nlibavutil      56. 24.101 / 56. 24.101\n",
      { major: 4, minor: 0, text: "N-47683-g0e8eb07980-static" },
    ],
    ["bash: ffmpeg: command not found", null],
    ["ffmpeg version unknown", null],
  ])("%s", (output, version) => {
    expect(parseFfmpegVersion(output)).toEqual(version);
  });
});
