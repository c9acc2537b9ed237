import { describe, expect, it } from "vitest";
import { noButton, noCamera, noLight } from "../../device/linux/absent.ts";
import type { CameraInput } from "../../device/ports/camera.ts";

/** Lets everything happen that was put off to the end of the turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a board without a camera", () => {
  function begin() {
    const camera = noCamera({ monotonicMs: () => 4_711 });
    const inputs: CameraInput[] = [];
    camera.start((input) => inputs.push(input));
    return { camera, inputs };
  }

  it("answers as a camera that cannot be opened does, never from within a call", async () => {
    const { camera, inputs } = begin();
    camera.open();
    camera.prepareStill();
    camera.takeStill({ eventId: "press", atMs: 4_600, maxBytes: 24_000 });
    camera.close();
    expect(inputs).toEqual([]);
    await turn();
    expect(inputs).toEqual([
      {
        type: "camera.down",
        occurredAt: 4_711,
        fault: "operator",
        reason: "there is no camera",
        seam: false,
      },
      { type: "camera.still-failed", occurredAt: 4_711, eventId: "press", reason: "there is no camera" },
    ]);
  });

  it("posts nothing after stop, which may be repeated", async () => {
    const { camera, inputs } = begin();
    camera.takeStill({ eventId: "press", atMs: 4_600, maxBytes: 24_000 });
    await camera.stop();
    await camera.stop();
    await turn();
    expect(inputs).toEqual([]);
  });
});

describe("a board without a button or a light", () => {
  it("has a line on which nothing happens", async () => {
    noButton.start(() => expect.fail("nobody is there to press"));
    await turn();
    await noButton.stop();
    await noButton.stop();
  });

  it("takes every pattern, and shows none", async () => {
    for (const pattern of ["off", "idle", "ringing", "recording", "fault"] as const) noLight.show(pattern);
    await noLight.stop();
    await noLight.stop();
  });
});
