import { topicsOf } from "../../agent/contract/topics.ts";
import { textMessage } from "../network/modelled-message.ts";
import type { Mishap } from "./faults.ts";
import type { Scene } from "./scene.ts";

type Trouble = Pick<Mishap, "kind" | "dose">;

export const GARBAGE = [
  "",
  "{",
  "null",
  "[1,2]",
  '{"epoch":"0000000000000000","press":[[1,9]],"event":[]}',
  "\u0000é",
  "9".repeat(400),
];

/** Begins a mishap; answers how it ends. */
export function begin(scene: Scene, mishap: Trouble): () => void {
  const [target] = mishap.kind.split(".");
  if (target === "link") return beginOnLink(scene, mishap);
  if (target === "broker" || target === "consumer" || target === "stranger")
    return beginAtBroker(scene, mishap);
  if (target === "disk" || target === "spool") return beginOnDisk(scene, mishap);
  return beginAtDevice(scene, mishap);
}

function beginOnLink({ network: { link }, options }: Scene, { kind, dose }: Trouble): () => void {
  switch (kind) {
    case "link.cut":
      link.cut();
      return () => link.mend();
    case "link.half-open-up":
      link.block("up");
      return () => link.unblock("up");
    case "link.half-open-down":
      link.block("down");
      return () => link.unblock("down");
    case "link.slow": {
      link.quality = {
        ...options.link,
        bytesPerSecond: 2_000 + dose * 30,
        latencyMs: options.link.latencyMs + dose,
      };
      return () => {
        link.quality = options.link;
      };
    }
    default:
      link.block("up");
      link.block("down");
      return () => {
        link.unblock("up");
        link.unblock("down");
      };
  }
}

function beginAtBroker(
  { network: { broker }, cloud, deviceId, options }: Scene,
  { kind, dose }: Trouble,
): () => void {
  const topics = topicsOf(deviceId);
  switch (kind) {
    case "broker.kill":
      broker.kill({ retained: options.keepsRetained, sessions: options.keepsSessions });
      return () => broker.restart();
    case "broker.refuse":
      broker.refusing = true;
      return () => {
        broker.refusing = false;
      };
    case "broker.forget":
      broker.forgetPermille = dose;
      return () => {
        broker.forgetPermille = 0;
      };
    case "broker.slow-acks":
      broker.ackDelayMs = dose * 12;
      return () => {
        broker.ackDelayMs = 0;
      };
    case "broker.repeat-acks":
      broker.ackTwicePermille = dose;
      return () => {
        broker.ackTwicePermille = 0;
      };
    case "consumer.away":
      cloud.leave();
      return () => cloud.comeBack();
    case "stranger.garbage":
      for (const text of GARBAGE) broker.publishFromOutside(textMessage(topics.receipt, text, false));
      return () => undefined;
    default:
      broker.publishFromOutside(
        textMessage(topics.status, GARBAGE[dose % GARBAGE.length] ?? "", dose % 2 === 0),
      );
      return () => undefined;
  }
}

function beginOnDisk({ doorbell: { disk, spool } }: Scene, { kind }: Trouble): () => void {
  switch (kind) {
    case "disk.slow":
      disk.slowness = 200;
      return () => {
        disk.slowness = 1;
      };
    case "spool.full":
      spool.fault = "full";
      spool.freeBytes = 0;
      return () => {
        spool.fault = null;
      };
    default:
      disk.fault = kind === "disk.full" ? "full" : kind === "disk.io" ? "io" : "read-only";
      disk.freeBytes = 0;
      return () => {
        disk.fault = null;
      };
  }
}

function beginAtDevice({ world, doorbell }: Scene, { kind, dose }: Trouble): () => void {
  const { cameraCondition } = doorbell;
  switch (kind) {
    case "power.cut":
      doorbell.cutPower();
      return () => doorbell.start();
    case "agent.restart":
      doorbell.requestStop();
      // The service manager starts it again once it is gone.
      return () => world.after(5_000, () => doorbell.start());
    case "camera.crash":
      doorbell.camera?.fail("simulated: the capture crashed");
      return () => undefined;
    case "camera.broken":
      cameraCondition.broken = true;
      doorbell.camera?.fail("simulated: the capture crashed and will not start");
      return () => {
        cameraCondition.broken = false;
      };
    case "camera.stall":
      cameraCondition.stalled = true;
      doorbell.camera?.stall();
      return () => {
        cameraCondition.stalled = false;
      };
    case "clock.step": {
      const { clock } = doorbell;
      clock?.step((dose - 500) * 7_200);
      world.after(60_000, () => {
        if (doorbell.clock === clock) doorbell.syncClock();
      });
      return () => undefined;
    }
    default:
      throw new Error(`nobody knows how ${kind} goes wrong`);
  }
}
