import { expect, test } from "vitest";
import type { Broker, BrokerInput } from "../../../device/ports/broker.ts";
import type { Camera, CameraInput } from "../../../device/ports/camera.ts";
import { CameraSwitch } from "../../../simulator/live/camera-switch.ts";
import { LinkSwitch } from "../../../simulator/live/link-switch.ts";

/** A camera that answers when the test says so. */
class SlowCamera implements Camera {
  readonly calls: string[] = [];
  post: (input: CameraInput) => void = () => undefined;
  start(post: (input: CameraInput) => void): void {
    this.post = post;
  }
  open(): void {
    this.calls.push("open");
  }
  close(): void {
    this.calls.push("close");
  }
  prepareStill(): void {}
  takeStill(): void {}
  async stop(): Promise<void> {}
  up(): void {
    const picture = { codec: "avc1", widthPx: 2, heightPx: 2, video: "encode", soundCodec: "" } as const;
    this.post({ type: "camera.up", occurredAt: 1, source: "test", ...picture });
  }
  down(fault: "none" | "world" = "none"): void {
    this.post({ type: "camera.down", occurredAt: 1, fault, reason: "it ended", seam: false });
  }
}

function cameraSetup() {
  const inner = new SlowCamera();
  const camera = new CameraSwitch(inner, () => 7);
  const posted: string[] = [];
  camera.start((input) =>
    posted.push("fault" in input ? `${input.type} ${input.fault}: ${input.reason}` : input.type),
  );
  return { inner, camera, posted };
}

const LOST = "camera.down world: switched off by the tester";

test("camera: off is a camera that is lost, and it stays lost at every try", () => {
  const { inner, camera, posted } = cameraSetup();
  camera.open();
  inner.up();
  camera.off();
  inner.down();
  camera.open();
  expect(posted).toEqual(["camera.up", LOST, LOST]);
  expect(inner.calls).toEqual(["open", "close"]);
});

test("camera: on opens at once, without waiting for the agent's next try", () => {
  const { inner, camera, posted } = cameraSetup();
  camera.open();
  camera.off();
  inner.down();
  camera.on();
  inner.up();
  expect(inner.calls).toEqual(["open", "close", "open"]);
  expect(posted).toEqual([LOST, "camera.up"]);
});

test("camera: on again before the old capture has ended waits for its end", () => {
  const { inner, camera, posted } = cameraSetup();
  camera.open();
  inner.up();
  camera.off();
  camera.on();
  expect(inner.calls).toEqual(["open", "close"]);
  inner.down();
  inner.up();
  expect(inner.calls).toEqual(["open", "close", "open"]);
  expect(posted).toEqual(["camera.up", LOST, "camera.up"]);
});

test("camera: what the agent does not want stays closed, and its own faults come through", () => {
  const { inner, camera, posted } = cameraSetup();
  camera.off();
  camera.on();
  expect(inner.calls).toEqual([]);
  camera.open();
  inner.down("world");
  expect(posted).toEqual(["camera.down world: it ended"]);
  camera.off();
  camera.close();
  camera.on();
  expect(inner.calls).toEqual(["open"]);
});

class SlowBroker implements Broker {
  readonly calls: string[] = [];
  #post: (input: BrokerInput) => void = () => undefined;
  start(post: (input: BrokerInput) => void): void {
    this.#post = post;
  }
  connect({ connection }: { connection: number }): void {
    this.calls.push(`connect ${connection}`);
  }
  publish(connection: number, token: number): void {
    this.calls.push(`publish ${connection} ${token}`);
  }
  disconnect(connection: number): void {
    this.calls.push(`disconnect ${connection}`);
  }
  abandon(connection: number): void {
    this.calls.push(`abandon ${connection}`);
    this.#post({
      type: "broker.disconnected",
      occurredAt: 1,
      connection,
      cause: "closed",
      detail: "abandoned",
    });
  }
  async stop(): Promise<void> {}
}

function linkSetup() {
  const inner = new SlowBroker();
  const link = new LinkSwitch(inner, () => 7);
  const posted: string[] = [];
  link.start((input) => posted.push(`${input.type} ${input.connection}`));
  const connect = (connection: number) =>
    link.connect({
      connection,
      url: "mqtt://127.0.0.1",
      clientId: "front-door",
      keepAliveS: 30,
      will: { topic: "t", text: "x" },
      subscriptions: [],
    });
  return { inner, link, posted, connect };
}

test("link: the first connection waits until somebody receives", () => {
  const { inner, link, posted, connect } = linkSetup();
  connect(1);
  expect(inner.calls).toEqual([]);
  expect(posted).toEqual([]);
  link.on();
  expect(inner.calls).toEqual(["connect 1"]);
});

test("link: off ends the connection and refuses others; on lets the next try through", () => {
  const { inner, link, posted, connect } = linkSetup();
  link.on();
  connect(1);
  link.off();
  connect(2);
  expect(posted).toEqual(["broker.disconnected 1", "broker.disconnected 2"]);
  link.on();
  connect(3);
  expect(inner.calls).toEqual(["connect 1", "abandon 1", "connect 3"]);
});

test.each(["off", "abandon", "disconnect"] as const)(
  "link: a connection that waits is answered after %s",
  (what) => {
    const { inner, link, posted, connect } = linkSetup();
    connect(1);
    if (what === "off") link.off();
    else link[what](1);
    expect(posted).toEqual(["broker.disconnected 1"]);
    expect(inner.calls).toEqual([]);
  },
);
