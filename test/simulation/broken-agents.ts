import type { Settings } from "../../agent/contract/settings.ts";
import type { BrokerMessageOut } from "../../device/ports/broker.ts";
import { tagOf } from "../../simulator/hardware/tags.ts";
import type { Tamper } from "../../simulator/virtual/doorbell.ts";
import {
  answersAnew,
  answersNobody,
  doesAgainWhatComesAgain,
  doesWhatHasExpired,
} from "./broken-commands.ts";
import { checksNothing, trustsEverybody } from "./broken-configuration.ts";
import {
  boundless,
  forgetsTheBacklog,
  hearing,
  liesAboutDurability,
  losesCameraEvents,
  outboxInMemory,
  refusesBesideClips,
  silentAboutClips,
} from "./broken-stores.ts";
import { changing, withBroker } from "./with-broker.ts";

/** An agent with one thing wrong, and the checker that must see it. */
export interface BrokenAgent {
  name: string;
  checker: string;
  /** What it takes to show. */
  settings?: (settings: Settings) => void;
  tamper: Tamper;
}

const isEvent = ({ topic }: BrokerMessageOut) => /\/(event|late)\/[a-z-]+$/.test(topic);
const isPress = ({ topic }: BrokerMessageOut) => /\/(event|late)\/press$/.test(topic);
const isSegment = ({ payload }: BrokerMessageOut) => payload.kind === "segment";

/** Takes what it has sent for delivered. */
const settlesOnPublish = withBroker(({ broker, clock, timers }, post) => ({
  publish(connection, token, message) {
    broker.publish(connection, token, message);
    timers.soon(() => post({ type: "broker.acked", occurredAt: clock.monotonicMs(), connection, token }));
  },
  take(input) {
    if (input.type !== "broker.acked") post(input);
  },
}));

/** Takes the broker's acknowledgement for the consumer's receipt. */
const settlesOnTheBrokersWord = withBroker(({ broker, clock }, post) => {
  const receipts = new Map<string, { topic: string; text: string }>();
  return {
    publish(connection, token, message) {
      if (isEvent(message) && message.payload.kind === "text") {
        const { epoch, lane, sequence } = JSON.parse(message.payload.text);
        const ranges = { press: [], event: [], [lane]: [[sequence, sequence]] };
        const topic = message.topic.replace(/\/(event|late)\/.*$/, "/receipt");
        receipts.set(`${connection}/${token}`, { topic, text: JSON.stringify({ epoch, ...ranges }) });
      }
      broker.publish(connection, token, message);
    },
    take(input) {
      post(input);
      if (input.type !== "broker.acked") return;
      const { connection, token } = input;
      const receipt = receipts.get(`${connection}/${token}`);
      if (!receipt) return;
      const bytes = receipt.text.length;
      const occurredAt = clock.monotonicMs();
      post({ type: "broker.message", occurredAt, connection, ...receipt, bytes, retain: false });
    },
  };
});

/** Every seventh piece of a clip is said to be delivered and is not. */
const dropsSegments = withBroker(({ broker, clock, timers }, post) => {
  let segments = 0;
  return {
    publish(connection, token, message) {
      if (isSegment(message)) segments += 1;
      if (!isSegment(message) || segments % 7 !== 0) broker.publish(connection, token, message);
      else
        timers.soon(() => post({ type: "broker.acked", occurredAt: clock.monotonicMs(), connection, token }));
    },
  };
});

/** Sends every event but presses after the one that follows it. */
const reorders = withBroker(({ broker }) => {
  let held: [number, number, BrokerMessageOut] | null = null;
  return {
    publish(connection, token, message) {
      if (isEvent(message) && !isPress(message) && held === null) {
        held = [connection, token, message];
        return;
      }
      broker.publish(connection, token, message);
      if (held) broker.publish(...held);
      held = null;
    },
  };
});

/** Says something else each time it says an event. */
const changesContent = (() => {
  let attempts = 0;
  return changing((message) => {
    if (!isEvent(message) || message.payload.kind !== "text") return message;
    attempts += 1;
    const text = message.payload.text.replace(/\}$/, `,"attempt":${attempts}}`);
    return { ...message, payload: { kind: "text", text } };
  });
})();

/** Does not look at its own status, and says it once a connection. */
const trustsItsStatus = withBroker(({ broker, clock, timers }, post) => {
  const said = new Set<number>();
  return {
    publish(connection, token, message) {
      const isOnline = message.topic.endsWith("/status") && message.payload.kind === "text";
      if (!isOnline || !said.has(connection)) broker.publish(connection, token, message);
      else
        timers.soon(() => post({ type: "broker.acked", occurredAt: clock.monotonicMs(), connection, token }));
      if (isOnline) said.add(connection);
    },
    take(input) {
      if (input.type !== "broker.message" || !input.topic.endsWith("/status")) post(input);
    },
  };
});

/** Every fifth ring is silent. */
const silentBell: Tamper = (ports) => {
  let rings = 0;
  return {
    ...ports,
    chime: {
      play(sound) {
        rings += 1;
        if (rings % 5 !== 0) ports.chime.play(sound);
      },
      stop: () => ports.chime.stop(),
    },
  };
};

/**
 * Sends each segment in two parts, as on a slow link, and again whole on the next connection but one. `early`: so many
 * bytes before its place the second part is taken from.
 */
export function inTwoParts(early: number): Tamper {
  const sizes = new Map<string, number>();
  const sending = withBroker(({ broker }) => ({
    publish(connection, token, message) {
      const { payload, topic } = message;
      const [, base, clipId = "", at] = /^(.*\/clip\/([^/]+))\/(\d+)\/[0-9a-f]{64}$/.exec(topic) ?? [];
      const offset = Number(at);
      const bytes = sizes.get(`${clipId}/${offset}`) ?? 0;
      if (payload.kind !== "segment" || bytes < 2 || connection % 2 === 0) {
        broker.publish(connection, token, message);
        return;
      }
      const half = bytes >> 1;
      const send = (as: number, begins: number, from: number, size: number) =>
        broker.publish(connection, as, {
          ...message,
          topic: `${base}/${offset + begins}/${tagOf(clipId, offset + begins, size)}`,
          payload: { ...payload, part: { from, bytes: size } },
        });
      send(token + UNKNOWN_TOKENS, 0, 0, half);
      send(token, half, half - early, bytes - half);
    },
  }));
  return (ports) => {
    hearing(ports, (input) => {
      if ("segments" in input) {
        for (const { offset, bytes } of input.segments) sizes.set(`${input.clipId}/${offset}`, bytes);
      }
      return input;
    });
    return sending(ports);
  };
}

/** No agent counts so far. */
const UNKNOWN_TOKENS = 1_000_000_000;

const settle = (by: "puback" | "receipt") => (settings: Settings) => {
  settings.uplink.settle = by;
};

const smallOutbox = (settings: Settings) => {
  settings.outbox.maxBytes = 8_192;
  settings.outbox.memoryRows = 16;
};

/** Its camera says that something moves, and never that nothing does any more. */
const neverAtRest: Tamper = (ports) => {
  const { camera } = ports;
  return {
    ...ports,
    camera: {
      start: (post) =>
        camera.start((input) => {
          if (input.type !== "camera.motion" || input.moving) post(input);
        }),
      open: () => camera.open(),
      close: () => camera.close(),
      prepareStill: () => camera.prepareStill(),
      takeStill: (request) => camera.takeStill(request),
      stop: () => camera.stop(),
    },
  };
};

const smallSpool = (settings: Settings) => {
  settings.spool.maxBytes = 1_048_576;
};

/** Its light does not show that it rings. */
const darkWhenItRings: Tamper = (ports) => ({
  ...ports,
  light: {
    show(pattern) {
      if (pattern !== "ringing") ports.light.show(pattern);
    },
    stop: () => ports.light.stop(),
  },
});

/** Opens its camera whatever mode it is in. */
const cameraInAnyMode: Tamper = (ports) => {
  const { camera } = ports;
  const start = camera.start.bind(camera);
  camera.start = (post) => {
    start(post);
    camera.open();
  };
  return ports;
};

/** Lets something else go before each press. */
const pressesWait = withBroker(({ broker }) => {
  let held: [number, number, BrokerMessageOut] | null = null;
  return {
    publish(connection, token, message) {
      if (isPress(message)) {
        held = [connection, token, message];
        return;
      }
      broker.publish(connection, token, message);
      if (held) broker.publish(...held);
      held = null;
    },
  };
});

/** Says of a press that is late that it happened just now. */
const presentsAsNew: Tamper = (ports) =>
  changing((message) => {
    if (!message.topic.endsWith("/late/press") || message.payload.kind !== "text") return message;
    const event = JSON.parse(message.payload.text);
    const time = new Date(ports.clock.read().utcMs).toISOString();
    const text = JSON.stringify({ ...event, time, timetrust: "synced" });
    return { ...message, topic: message.topic.replace("/late/", "/event/"), payload: { kind: "text", text } };
  })(ports);

/** Waits longer than it may before it connects again. */
const hesitates: Tamper = (ports) => {
  const { timers } = ports;
  const set = timers.set.bind(timers);
  timers.set = (key, generation, atMs) =>
    set(key, generation, key === "uplink.connect" ? atMs + 70_000 : atMs);
  return ports;
};

const openWindow = (settings: Settings) => {
  settings.uplink.windowMs = 10_000;
  settings.uplink.windowBytes = 67_108_864;
  settings.uplink.windowMessages = 64;
  settings.clip.segmentBytes = 131_072;
  settings.camera.source = "test";
};

export const BROKEN_AGENTS: readonly BrokenAgent[] = [
  { name: "says that a row is durable before it is", checker: "accepted", tamper: liesAboutDurability },
  { name: "keeps its outbox in memory", checker: "accepted", tamper: outboxInMemory },
  {
    name: "settles when it has published",
    checker: "accepted",
    settings: settle("puback"),
    tamper: settlesOnPublish,
  },
  {
    name: "takes a PUBACK for a receipt",
    checker: "accepted",
    settings: settle("receipt"),
    tamper: settlesOnTheBrokersWord,
  },
  {
    name: "publishes presses retained",
    checker: "retained",
    tamper: changing((message) => (isPress(message) ? { ...message, retain: true } : message)),
  },
  {
    name: "sends late events on event/",
    checker: "lateness",
    tamper: changing((message) => ({ ...message, topic: message.topic.replace("/late/", "/event/") })),
  },
  { name: "leaves out a segment", checker: "clips", tamper: dropsSegments },
  { name: "sends the wrong bytes as a part of a segment", checker: "clips", tamper: inTwoParts(1) },
  {
    name: "is silent about clips that left the card",
    checker: "clips",
    settings: smallSpool,
    tamper: silentAboutClips,
  },
  { name: "refuses messages beside clips on a full disk", checker: "room", tamper: refusesBesideClips },
  { name: "sends events out of order", checker: "order", tamper: reorders },
  { name: "changes an event when it repeats it", checker: "content", tamper: changesContent },
  { name: "does not watch its own status", checker: "status", tamper: trustsItsStatus },
  { name: "rings four times out of five", checker: "bell", tamper: silentBell },
  {
    name: "does not know the size of its outbox",
    checker: "bounds",
    settings: smallOutbox,
    tamper: boundless,
  },
  { name: "loses what its camera tells", checker: "kept", tamper: losesCameraEvents },
  { name: "is dark when it rings", checker: "light", tamper: darkWhenItRings },
  { name: "opens its camera in bell-only mode", checker: "bell-only", tamper: cameraInAnyMode },
  { name: "lets something go before each press", checker: "press-first", tamper: pressesWait },
  { name: "fills the link", checker: "press-first", settings: openWindow, tamper: (ports) => ports },
  { name: "presents late presses as new ones", checker: "consumer", tamper: presentsAsNew },
  { name: "does not wait for acknowledgements", checker: "uplink", tamper: settlesOnPublish },
  { name: "hesitates to connect again", checker: "uplink", tamper: hesitates },
  { name: "does not see that motion ends", checker: "motion", tamper: neverAtRest },
  { name: "does what has expired", checker: "commands", tamper: doesWhatHasExpired },
  { name: "does a request each time that it comes", checker: "commands", tamper: doesAgainWhatComesAgain },
  { name: "answers a request anew each time", checker: "commands", tamper: answersAnew },
  { name: "answers nobody", checker: "commands", tamper: answersNobody },
  { name: "takes anybody's word for the owner's", checker: "configuration", tamper: trustsEverybody },
  { name: "takes every configuration for a right one", checker: "configuration", tamper: checksNothing },
  { name: "does not read its outbox", checker: "settles", tamper: forgetsTheBacklog },
];
