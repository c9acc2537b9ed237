import { expect, test } from "vitest";
import { withoutSecrets } from "../../../device/linux/ffmpeg/camera-problem.ts";
import { explainTooSlow } from "../../../device/linux/ffmpeg/capture-end.ts";
import { RealTime } from "../../../device/linux/ffmpeg/real-time.ts";

/** Pictures each 100 ms of the stream; `delay` says how long after its time one arrives. */
function watch(seconds: number, delay: (streamMs: number) => number): number | null {
  const pace = new RealTime();
  for (let ms = 0; ms < seconds * 1_000; ms += 100) {
    const reached = pace.tooSlow(ms + delay(ms), ms);
    if (reached !== null) return reached;
  }
  return null;
}

test("a stream that falls ever further behind is too slow, and how slow is told", () => {
  expect(watch(60, (ms) => ms)).toBeCloseTo(0.5, 1);
});

test("a hiccup that is caught up with is not, nor a clock that drifts", () => {
  expect(watch(120, (ms) => (ms > 20_000 && ms < 25_000 ? 4_000 : 0))).toBeNull();
  expect(watch(3_600, (ms) => ms / 1_000)).toBeNull();
});

test("what is told names the remedies, and for a camera in the network that it may be the network", () => {
  const asked = {
    source: "rtsp://camera.lan/1",
    widthPx: 1_280,
    heightPx: 720,
    framesPerSecond: 30,
    masked: false,
  };
  expect(explainTooSlow(0.61, asked).reason).toBe(
    "this board cannot decode and encode 1280x720 at 30/s: it reached 61 % of real time; lower camera.widthPx, camera.heightPx or camera.framesPerSecond (or the camera's network is too slow)",
  );
});

test("a password is struck out of ffmpeg's words, as it is and as an address has it", () => {
  const words = "[rtsp] rtsp://admin:p%40ss@10.0.0.2/1: no; p@ss p%40ss";
  expect(withoutSecrets(words, ["p@ss", "p%40ss"])).toBe("[rtsp] rtsp://10.0.0.2/1: no; … …");
});
