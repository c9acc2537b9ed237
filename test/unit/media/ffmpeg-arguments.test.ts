import { describe, expect, test } from "vitest";
import { type CapturePlan, captureArguments } from "../../../agent/media/ffmpeg-arguments.ts";
import { type FfmpegVersion, parseFfmpegVersion } from "../../../agent/media/ffmpeg-version.ts";
import { markExpression } from "../../../agent/media/frame-mark.ts";
import { rtspPlaylist, secretsOf, shownAddress } from "../../../agent/media/rtsp-playlist.ts";

const versions = {
  packaged: { major: 4, minor: 0, text: "N-47683" },
  "4.3": { major: 4, minor: 3, text: "4.3.6" },
  "5.1": { major: 5, minor: 1, text: "5.1.9" },
  "7.1": { major: 7, minor: 1, text: "7.1.1" },
  "8.0": { major: 8, minor: 0, text: "8.0" },
} as const satisfies Record<string, FfmpegVersion>;
const settings = {
  ...{ widthPx: 1280, heightPx: 720, framesPerSecond: 15, bitrateKbps: 2_000 },
  soundBitrateKbps: 64,
};
const path = `/media/-- it's "100%" [done],a:b.mp4`;
const scene = { folder: "/var/lib/100% mine", visitorFps: 8, visitorAt: { x: 440, y: 140 } };

const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error"];
const file = ["-protocol_whitelist", "file", "-re", "-i", `file:${path}`];
const rtsp = [
  ...["-f", "concat", "-safe", "0", "-protocol_whitelist", "pipe,rtsp,rtp,udp,tcp", "-i", "pipe:0"],
];
const mask = ["-f", "image2", "-i", "file:/tmp/100%% masked/mask.pam"];
const copied = ["-map", "0:v:0", "-c:v", "copy"];
const fit =
  "[0:v:0]setpts=PTS-STARTPTS,fps=15,scale=w=trunc(iw*sar/2)*2:h=ih,scale=w=1280:h=720:force_original_aspect_ratio=decrease,pad=w=1280:h=720:x=(ow-iw)/2:y=(oh-ih)/2,setsar=1,format=yuv420p[seen]";
const covered = "[seen][1:v]overlay=format=yuv420[covered]";
const branch = "split[out][tap];[tap]fps=5,scale=w=160:h=90:flags=area,format=gray[gray]";
const graph = (text: string, out: string) => ["-filter_complex", text, "-map", `[${out}]`];
const x264 = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
  ...["-g", "15", "-keyint_min", "15", "-sc_threshold", "0", "-bf", "0"],
  ...["-b:v", "2000k", "-maxrate", "2000k", "-bufsize", "2000k"],
];
const fragments = [
  ...["-sn", "-dn", "-map_metadata", "-1"],
  ...["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof"],
  ...["-flush_packets", "1", "pipe:1"],
];
const raw = ["-c:v", "rawvideo", "-f", "rawvideo", "-flush_packets", "1", "pipe:3"];
const aac = ["-map", "0:a:0", "-c:a", "copy", "-max_interleave_delta", "200000"];
const toAac = [
  ...["-map", "0:a:0", "-af", "aresample=async=1000", "-c:a", "aac", "-ac", "1", "-b:a", "64k"],
  ...["-max_interleave_delta", "200000"],
];
const keyframesOnly = [...["-map", "0:v:0", "-vf", "scale=w=160:h=90:flags=area,format=gray"]];
const silent: Pick<CapturePlan, "sound" | "mask" | "tap"> = { sound: "none", mask: null, tap: false };

type Row = [what: string, version: keyof typeof versions, plan: CapturePlan, expected: string[]];
const table: Row[] = [
  [
    "a file of H.264 is copied",
    "5.1",
    { ...silent, source: { kind: "file", path }, video: "copy" },
    [...quiet, ...file, ...copied, "-an", ...fragments],
  ],
  [
    "any other file is encoded",
    "5.1",
    { ...silent, source: { kind: "file", path }, video: "encode" },
    [...quiet, ...file, ...graph(fit, "seen"), "-fps_mode", "passthrough", ...x264, "-an", ...fragments],
  ],
  ...(["packaged", "4.3"] as const).map(
    (version): Row => [
      "by an older ffmpeg, in its own words",
      version,
      { ...silent, source: { kind: "file", path }, video: "encode" },
      [...quiet, ...file, ...graph(fit, "seen"), "-vsync", "0", ...x264, "-an", ...fragments],
    ],
  ),
  ...(["4.3", "5.1", "7.1", "8.0"] as const).map(
    (version): Row => [
      "a camera of H.264 and AAC is copied, and its tap looks at keyframes",
      version,
      { source: { kind: "rtsp" }, video: "copy", sound: "copy", mask: null, tap: true },
      [
        ...[...quiet, "-skip_frame", "nokey", ...rtsp, ...copied, ...aac, ...fragments, ...keyframesOnly],
        ...(version === "4.3" ? ["-vsync", "0"] : ["-fps_mode", "passthrough"]),
        ...raw,
      ],
    ],
  ),
  ...(["5.1", "7.1", "8.0"] as const).map(
    (version): Row => [
      "a mask lies over everything: the encoder's picture and the tap's",
      version,
      {
        ...{ source: { kind: "rtsp" }, video: "encode", sound: "encode" },
        ...{ mask: "/tmp/100% masked/mask.pam", tap: true },
      },
      [
        ...[...quiet, ...rtsp, ...mask, ...graph(`${fit};${covered};[covered]${branch}`, "out")],
        ...["-fps_mode", "passthrough", ...x264, ...toAac, ...fragments],
        ...["-map", "[gray]", "-fps_mode", "passthrough", ...raw],
      ],
    ],
  ),
  [
    "a file is over with its pictures, however long its sound is",
    "7.1",
    { ...silent, source: { kind: "file", path }, video: "copy", sound: "encode" },
    [...quiet, ...file, ...copied, ...toAac, "-shortest", ...fragments],
  ],
  [
    "a file under a mask is encoded without a tap",
    "5.1",
    { ...silent, source: { kind: "file", path }, video: "encode", mask: "/tmp/100% masked/mask.pam" },
    [
      ...[...quiet, ...file, ...mask, ...graph(`${fit};${covered}`, "covered")],
      ...["-fps_mode", "passthrough", ...x264, "-an", ...fragments],
    ],
  ],
  ...(["packaged", "8.0"] as const).map(
    (version): Row => [
      "the test source is drawn from pictures",
      version,
      { ...silent, source: { kind: "test", scene }, video: "encode", tap: true },
      [
        ...quiet,
        ...["-f", "image2", "-framerate", "15", "-i", "file:/var/lib/100%% mine/porch.png"],
        ...["-f", "image2", "-framerate", "8", "-start_number", "0", "-loop", "1"],
        ...["-i", "file:/var/lib/100%% mine/visitor-%04d.png"],
        ...graph(
          [
            "[0:v]format=yuv420p,loop=loop=-1:size=1:start=0,setpts=N/15/TB[porch]",
            "[porch][1:v]overlay=x=440:y=140:eval=init,realtime,settb=1/1000,setpts=floor(RTCTIME/1000),split[scene][seed]",
            `[seed]crop=w=44:h=2:x=0:y=0,format=gray,geq=lum='${markExpression()}',scale=w=1174:h=40:flags=neighbor,format=yuv420p[mark]`,
            "[scene][mark]overlay=x=54:y=672:eval=init,settb=1/15,setpts=N[seen]",
            `[seen]${branch}`,
          ].join(";"),
          "out",
        ),
        ...(version === "packaged" ? ["-vsync", "0"] : ["-fps_mode", "passthrough"]),
        ...[...x264, "-an", ...fragments, "-map", "[gray]"],
        ...(version === "packaged" ? ["-vsync", "0"] : ["-fps_mode", "passthrough"]),
        ...raw,
      ],
    ],
  ),
];

describe("capture arguments", () => {
  test.each(table)("%s (%s)", (_what, version, plan, expected) => {
    expect(captureArguments(plan, settings, versions[version])).toEqual(expected);
  });
});

describe("an RTSP camera's playlist", () => {
  const camera = {
    ...{ address: "rtsp://camera.lan:554/live?channel=1", transport: "udp" as const },
    ...{ username: "admin", password: "it's @ 100%/2" },
  };
  test("holds what the argument list must not, percent-encoded and quoted", () => {
    expect(rtspPlaylist(camera, versions["5.1"])).toBe(
      [
        "ffconcat version 1.0",
        "file 'rtsp://admin:it'\\''s%20%40%20100%25%2F2@camera.lan:554/live?channel=1'",
        "option rtsp_transport udp\n",
      ].join("\n"),
    );
  });

  test("names the transport in the query where ffmpeg takes no options", () => {
    const { address, transport } = camera;
    expect(rtspPlaylist({ address, transport, username: "", password: "" }, versions["4.3"])).toBe(
      "ffconcat version 1.0\nfile 'rtsp://camera.lan:554/live?channel=1&udp'\n",
    );
  });

  test("leaves nothing to be repeated but the address without its query", () => {
    expect(secretsOf(camera)).toEqual(["it's @ 100%/2", "it's%20%40%20100%25%2F2", "?channel=1"]);
    expect(secretsOf({ address: "rtsp://camera.lan/1", password: "" })).toEqual([]);
  });

  test("is not what is shown", () => {
    expect(shownAddress(camera.address)).toBe("rtsp://camera.lan:554/live");
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
