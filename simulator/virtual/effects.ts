import type { BrokerEffect } from "../network/modelled-broker.ts";
import type { LinkEffect } from "../network/modelled-link.ts";
import type { FaultKind } from "./faults.ts";
import type { Scene } from "./scene.ts";

const ON_LINK: Record<LinkEffect, readonly FaultKind[]> = {
  cut: ["link.cut", "link.flapping"],
  "blocked-up": ["link.black-hole", "link.half-open-up"],
  "blocked-down": ["link.black-hole", "link.half-open-down"],
  unusual: ["link.slow", "link.jitter"],
};

const AT_BROKER: Record<Exclude<BrokerEffect, "repeated-delivery">, FaultKind> = {
  killed: "broker.kill",
  "lost-retained": "broker.lose-retained",
  refused: "broker.refuse",
  forgot: "broker.forget",
  "slow-ack": "broker.slow-acks",
  "repeated-ack": "broker.repeat-acks",
};

/** What of a doorbell's link, disk and camera has an effect counts as a strike of the mishaps that go on. */
export function watchDevice({ network: { link }, doorbell, ledger: { strikes } }: Scene): void {
  link.onEffect = (effect) => {
    for (const kind of ON_LINK[effect]) strikes.felt(kind);
  };
  doorbell.disk.onSlow = () => strikes.felt("disk.slow");
  doorbell.cameraCondition.onEffect = (effect) =>
    strikes.felt(effect === "keyframe-withheld" ? "camera.no-keyframe" : "camera.no-still");
}

/** The same for its broker. */
export function watchBroker({ network: { broker }, ledger: { strikes } }: Scene): void {
  broker.onEffect = (effect) => {
    if (effect === "repeated-delivery") strikes.struck("broker.repeat-deliveries");
    else strikes.felt(AT_BROKER[effect]);
  };
}
