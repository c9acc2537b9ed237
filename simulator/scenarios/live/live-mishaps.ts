import { topicsOf } from "../../../agent/contract/topics.ts";
import type { FaultProxy, LinkFault } from "../../network/fault-proxy.ts";
import type { BrokerSins } from "../../network/sinning-broker.ts";
import { GARBAGE } from "../../virtual/mischief.ts";
import type { LiveCloud } from "./cloud.ts";
import type { BrokerKeeps, LiveBroker } from "./live-broker.ts";
import type { LiveDoorbell } from "./live-doorbell.ts";
import type { Troubles } from "./orders.ts";

/** A doorbell and all that stands around it. */
export interface LiveScene {
  doorbell: LiveDoorbell;
  deviceId: string;
  link: FaultProxy;
  broker: LiveBroker;
  keeps: BrokerKeeps;
  sins: BrokerSins;
  cloud: LiveCloud;
  /** Somebody else publishes. */
  publish(topic: string, text: string, retain: boolean): void;
  /** Somebody else connects under this client id, and leaves. */
  takeOver(clientId: string): Promise<void>;
  /** Does this once everything of the kind that was asked for before is done. */
  soon(work: () => Promise<void>): void;
  /** Runs `run` once after so long, unless the stage is closed. Answers how to prevent it. */
  after(delayMs: number, run: () => void): () => void;
}

/** A service manager starts a process again so soon after its end, and one that was stopped after this. */
const RESTART_MS = 2_000;
const START_AGAIN_MS = 5_000;
const STEPPED_FOR_MS = 60_000;
/** A kernel that is short of memory takes the agent, or the capture above this. */
const TAKES_THE_AGENT = 400;
const CLOCK_MS_A_DOSE = 7_200;

type Play = (scene: LiveScene, dose: number) => () => void;

/** How each kind is played, by its name; how bad a dose is, is as in a virtual world. */
const PLAYS: Readonly<Record<string, Play>> = {
  // A network that is gone is noticed at the device; at the broker by silence.
  "link.cut": ({ link }) => {
    link.begin({ kind: "abandoned" });
    return link.begin({ kind: "cut" });
  },
  "link.flapping": onLink((dose) => {
    const upMs = 2_000 + dose * 60;
    return { kind: "flapping", upMs, downMs: Math.ceil(upMs / 4) };
  }),
  "link.black-hole": onLink(() => ({ kind: "black-hole" })),
  "link.half-open-up": onLink(() => ({ kind: "black-hole", way: "up" })),
  "link.half-open-down": onLink(() => ({ kind: "black-hole", way: "down" })),
  "link.slow": onLink((dose) => ({ kind: "slow", latencyMs: dose, bytesPerSecond: 2_000 + dose * 30 })),
  "link.jitter": onLink((dose) => ({ kind: "slow", jitterMs: dose * 4 })),

  "broker.kill": ({ broker, keeps, soon }) => {
    soon(() => broker.kill());
    return () => soon(() => broker.restart(keeps));
  },
  "broker.lose-retained": ({ sins, publish, deviceId }) => {
    sins.hidesClearing = true;
    publish(topicsOf(deviceId).status, "", true);
    return () => undefined;
  },
  "broker.refuse": bySin("refusing", () => true, false),
  "broker.forget": bySin("forgetPermille", (dose) => dose, 0),
  "broker.slow-acks": bySin("ackDelayMs", (dose) => dose * 12, 0),
  "broker.repeat-acks": bySin("ackTwicePermille", (dose) => dose, 0),
  "consumer.away": ({ cloud, soon }) => {
    soon(() => cloud.leave());
    return () => soon(async () => cloud.comeBack());
  },
  "stranger.garbage": ({ publish, deviceId }) => {
    for (const text of GARBAGE) publish(topicsOf(deviceId).receipt, text, false);
    return () => undefined;
  },
  "stranger.status": ({ publish, deviceId }, dose) => {
    publish(topicsOf(deviceId).status, GARBAGE[dose % GARBAGE.length] ?? "", dose % 2 === 0);
    return () => undefined;
  },
  "stranger.take-over": (scene, dose) =>
    repeatedly(scene, 500 + dose * 20, Infinity, () => scene.soon(() => scene.takeOver(scene.deviceId))),

  // Whoever has no power says nothing more, and the broker does not know.
  "power.cut": ({ doorbell, link, soon }) => {
    link.begin({ kind: "abandoned" });
    doorbell.cutPower();
    return () => soon(() => doorbell.powerOn());
  },
  "agent.restart": (scene) => {
    scene.doorbell.requestStop();
    return () => startAgain(scene, START_AGAIN_MS);
  },
  "agent.crash": (scene, dose) =>
    repeatedly(scene, 3_000 + dose * 15, 1 + (dose % 5), () => {
      if (!scene.doorbell.isOn) return;
      scene.doorbell.crashAgent();
      startAgain(scene, RESTART_MS);
    }),
  "memory.pressure": (scene, dose) =>
    repeatedly(scene, 5_000 + dose * 40, 20, (time) => {
      if (!scene.doorbell.isOn) return;
      if ((dose * 7 + time * 311) % 1_000 > TAKES_THE_AGENT) return scene.doorbell.crashCamera();
      scene.doorbell.killAgent();
      startAgain(scene, RESTART_MS);
    }),

  // A transaction of a virtual disk takes 4.5 ms.
  "disk.slow": ({ doorbell }, dose) => {
    doorbell.trouble({ diskSlowMs: Math.round((40 + dose) * 4.5) });
    return () => doorbell.trouble({ diskSlowMs: 0 });
  },
  "disk.io": byTrouble({ disk: "io" }, { disk: null }),
  "disk.read-only": byTrouble({ disk: "read-only" }, { disk: null }),
  "camera.crash": ({ doorbell }) => {
    doorbell.crashCamera();
    return () => undefined;
  },
  "camera.broken": byTrouble({ cameraBroken: true }, { cameraBroken: false }),
  "camera.stall": byTrouble({ cameraStalled: true }, { cameraStalled: false }),
  "camera.no-still": ({ doorbell }, dose) => {
    doorbell.trouble({ stills: (["failed", "late", "never"] as const)[dose % 3] ?? "failed" });
    return () => doorbell.trouble({ stills: "taken" });
  },
  "button.storm": (scene, dose) =>
    repeatedly(scene, 1 + (dose % 50), 40, () => scene.doorbell.storm(2 + 2 * dose)),
  "button.line-lost": byTrouble({ buttonLost: true }, { buttonLost: false }),
  "clock.step": ({ doorbell, after }, dose) => {
    doorbell.setClock({ stepMs: (dose - 500) * CLOCK_MS_A_DOSE });
    after(STEPPED_FOR_MS, () => doorbell.setClock({ errorMs: 0 }));
    return () => undefined;
  },
  "clock.lie": ({ doorbell }, dose) => {
    doorbell.setClock({ errorMs: (dose - 500) * CLOCK_MS_A_DOSE });
    return () => doorbell.setClock({ errorMs: 0 });
  },
};

const NO_CARD = "this machine's own disk would have to be filled or spoilt";
const NO_SUCH_FFMPEG = "the real ffmpeg does not do that when it is asked to";
const NOT_SO_QUICK =
  "a real power cut cannot be timed between two operations of the disk; power.cut strikes anywhere";

/** Why the others cannot be played live, by their names. */
const CANNOT: Readonly<Record<string, string>> = {
  "power.cut-at-commit": NOT_SO_QUICK,
  "power.torn": NOT_SO_QUICK,
  "disk.full": NO_CARD,
  "disk.corrupt": NO_CARD,
  "spool.full": NO_CARD,
  "spool.io": NO_CARD,
  "spool.corrupt": NO_CARD,
  "camera.garbage": NO_SUCH_FFMPEG,
  "camera.no-keyframe": NO_SUCH_FFMPEG,
  "camera.other-pictures": NO_SUCH_FFMPEG,
};

/** Why this kind cannot be played live with this broker, in words that follow its name; null when it can. */
export function cannotPlay(
  kind: string,
  broker: Pick<LiveBroker, "cannotKill">,
  keeps: BrokerKeeps,
): string | null {
  const isKnown = Object.hasOwn(PLAYS, kind);
  const why =
    kind === "broker.kill"
      ? broker.cannotKill(keeps)
      : isKnown
        ? null
        : (CANNOT[kind] ?? "it is not known here");
  return why === null ? null : `cannot be played live: ${why}`;
}

/** Begins it; answers how it ends. @throws Error for a kind that cannot be played: it was to be asked before. */
export function beginLive(scene: LiveScene, kind: string, dose: number): () => void {
  const play = PLAYS[kind];
  if (!play) throw new Error(`${kind} cannot be played live`);
  return play(scene, dose);
}

function onLink(faultOf: (dose: number) => LinkFault): Play {
  return ({ link }, dose) => link.begin(faultOf(dose));
}

function bySin<K extends keyof BrokerSins>(
  sin: K,
  sinOf: (dose: number) => BrokerSins[K],
  without: BrokerSins[K],
): Play {
  return ({ sins }, dose) => {
    sins[sin] = sinOf(dose);
    return () => {
      sins[sin] = without;
    };
  };
}

function byTrouble(from: Partial<Troubles>, to: Partial<Troubles>): Play {
  return ({ doorbell }) => {
    doorbell.trouble(from);
    return () => doorbell.trouble(to);
  };
}

function startAgain({ doorbell, soon, after }: LiveScene, delayMs: number): void {
  soon(async () => {
    await doorbell.gone();
    after(delayMs, () => soon(() => doorbell.powerOn()));
  });
}

/** At once and then every so often, until it is over or has been done so often. */
function repeatedly(
  scene: LiveScene,
  everyMs: number,
  times: number,
  run: (time: number) => void,
): () => void {
  let prevent: () => void = () => undefined;
  let done = 0;
  const again = () => {
    if (done === times) return;
    run(done);
    done += 1;
    prevent = scene.after(everyMs, again);
  };
  again();
  return () => prevent();
}
