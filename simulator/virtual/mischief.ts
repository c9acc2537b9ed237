import { topicsOf } from "../../agent/contract/topics.ts";
import { textMessage } from "../network/modelled-message.ts";
import type { Mishap } from "./faults.ts";
import { hold } from "./hold.ts";
import { beginAtDevice, beginOnDisk } from "./mischief-device.ts";
import type { Scene } from "./scene.ts";

export type Trouble = Pick<Mishap, "kind" | "dose">;

export const GARBAGE = [
  "",
  "{",
  "null",
  "[1,2]",
  '{"epoch":"0000000000000000","press":[[1,9]],"event":[]}',
  "\u0000é",
  "9".repeat(400),
];

/**
 * Begins a mishap; answers how it ends. What strikes is counted where its effect is felt; several of a kind may go on
 * at once.
 */
export function begin(scene: Scene, mishap: Trouble): () => void {
  const { ledger, world } = scene;
  const over = ledger.strikes.begun(mishap.kind);
  const stretch = { fromMs: world.nowMs, toMs: null as number | null };
  if (mishap.kind.startsWith("link.")) ledger.linkTroubles.push(stretch);
  const end = beginAt(scene, mishap);
  return () => {
    end();
    stretch.toMs = world.nowMs;
    over();
  };
}

function beginAt(scene: Scene, mishap: Trouble): () => void {
  const [target] = mishap.kind.split(".");
  if (target === "link") return beginOnLink(scene, mishap);
  if (target === "broker" || target === "consumer") return beginAtBroker(scene, mishap);
  if (target === "stranger") return beginByStranger(scene, mishap);
  if (target === "disk" || target === "spool") return beginOnDisk(scene, mishap);
  return beginAtDevice(scene, mishap);
}

function beginOnLink({ world, network: { link }, options }: Scene, { kind, dose }: Trouble): () => void {
  const { latencyMs, jitterMs, bytesPerSecond } = options.link;
  switch (kind) {
    case "link.cut":
      link.cut();
      return () => link.mend();
    case "link.flapping": {
      // Up for so long, then down for so long: a router that reboots, a plug that is loose.
      const everyMs = 2_000 + dose * 60;
      let isDown = false;
      let isOver = false;
      const turn = () => {
        if (isOver) return;
        isDown = !isDown;
        if (isDown) link.cut();
        else link.mend();
        world.after(isDown ? Math.ceil(everyMs / 4) : everyMs, turn);
      };
      turn();
      return () => {
        isOver = true;
        if (isDown) link.mend();
      };
    }
    case "link.half-open-up":
      link.block("up");
      return () => link.unblock("up");
    case "link.half-open-down":
      link.block("down");
      return () => link.unblock("down");
    case "link.slow":
      return hold(link, "quality", {
        latencyMs: latencyMs + dose,
        jitterMs,
        bytesPerSecond: Math.min(bytesPerSecond, 2_000 + dose * 30),
      });
    case "link.jitter":
      return hold(link, "quality", { latencyMs, jitterMs: jitterMs + dose * 4, bytesPerSecond });
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
  { network: { broker }, cloud, options, ledger }: Scene,
  { kind, dose }: Trouble,
): () => void {
  switch (kind) {
    case "broker.kill":
      broker.kill({ retained: options.keepsRetained, sessions: options.keepsSessions });
      return () => broker.restart();
    case "broker.lose-retained":
      broker.loseRetained();
      return () => undefined;
    case "broker.refuse":
      return hold(broker, "refusing", true);
    case "broker.forget":
      return hold(broker, "forgetPermille", dose);
    case "broker.slow-acks":
      return hold(broker, "ackDelayMs", dose * 12);
    case "broker.repeat-acks":
      return hold(broker, "ackTwicePermille", dose);
    default:
      cloud.leave();
      return () => {
        if (cloud.waiting() > 0) ledger.strikes.felt("consumer.away");
        cloud.comeBack();
      };
  }
}

function beginByStranger(
  { world, network: { broker }, deviceId, ledger: { strikes } }: Scene,
  { kind, dose }: Trouble,
): () => void {
  const topics = topicsOf(deviceId);
  const felt = (clients: number) => {
    if (clients > 0) strikes.felt(kind);
  };
  switch (kind) {
    case "stranger.garbage":
      for (const text of GARBAGE) felt(broker.publishFromOutside(textMessage(topics.receipt, text, false)));
      return () => undefined;
    case "stranger.status": {
      const text = GARBAGE[dose % GARBAGE.length] ?? "";
      felt(broker.publishFromOutside(textMessage(topics.status, text, dose % 2 === 0)));
      return () => undefined;
    }
    default: {
      // Another device was given the same name, and each cuts the other off.
      let isOver = false;
      const again = () => {
        if (isOver) return;
        if (broker.takeOverFromOutside(deviceId)) strikes.felt("stranger.take-over");
        world.after(500 + dose * 20, again);
      };
      again();
      return () => {
        isOver = true;
      };
    }
  }
}
