import { WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import type { Feed } from "./feed.ts";
import { framesMissing } from "./frame-count.ts";
import type { Happening } from "./happenings.ts";
import type { LiveRun } from "./live-run.ts";
import { missingOf, newRecord, type OnceRecord, recordOnce } from "./once-record.ts";
import { type OnceResult, onceResult } from "./once-result.ts";

/** The camera has been up for this much longer than the pre-roll: the ring then begins with a keyframe before it. */
const RING_MARGIN_MS = 1_500;
const BROKER_PATIENCE_MS = 10_000;
/** For everything that is not recording: start-up, upload, checks. */
const PATIENCE_MS = 30_000;

/**
 * Rings once when the pre-roll has filled, and waits until clip and snapshot are whole at the receiver.
 * @throws WorldError with what is missing, after the length of a clip and 30 s at most.
 */
export async function ringOnce(run: LiveRun, feed: Feed, settings: Settings): Promise<OnceResult> {
  const { preRollMs, postRollMs } = settings.clip;
  const troubles = new Troubles();
  const stop = feed.listen((happening) => troubles.note(happening));
  try {
    const uplink = await ready(run, feed, preRollMs, troubles);
    const record = await ringAndWait(run, feed, uplink, preRollMs + postRollMs + PATIENCE_MS);
    const missing = record.failure || missingOf(record);
    if (missing !== "") throw new WorldError(troubles.after(missing));
    return await resultOf(record);
  } finally {
    stop();
  }
}

async function resultOf(record: OnceRecord): Promise<OnceResult> {
  const { clip } = record;
  const missing = clip && (await inWorld(framesMissing(clip.path, clip.widthPx, clip.heightPx)));
  const result = onceResult(record, missing);
  if (!result) throw new WorldError(missingOf(record));
  return result;
}

async function inWorld<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new WorldError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

type Uplink = OnceRecord["broker"];

/** Starts the run and waits for the broker, the receiver and a full ring. */
async function ready(run: LiveRun, feed: Feed, preRollMs: number, troubles: Troubles): Promise<Uplink> {
  const readiness = new Readiness(preRollMs + RING_MARGIN_MS, feed);
  const stop = feed.listen((happening) => readiness.note(happening));
  const becomes = async (holds: () => boolean, withinMs: number) => {
    const holdsOrCannot = () => (readiness.failure !== "" || holds() ? true : null);
    const inTime = holdsOrCannot() ?? (await feed.first(holdsOrCannot, withinMs));
    if (readiness.failure !== "") throw new WorldError(readiness.failure);
    return inTime !== null;
  };
  const isConnected = () => readiness.uplink !== null && run.receiverIsConnected;
  try {
    await run.start();
    if (!(await becomes(isConnected, BROKER_PATIENCE_MS))) throw new WorldError(troubles.after("no broker"));
    const isReady = () => isConnected() && readiness.ringIsFull;
    const inTime = await becomes(isReady, preRollMs + PATIENCE_MS);
    if (inTime && readiness.uplink) return readiness.uplink;
    throw new WorldError(troubles.after("the camera did not fill the pre-roll"));
  } finally {
    stop();
    readiness.stop();
  }
}

async function ringAndWait(run: LiveRun, feed: Feed, uplink: Uplink, withinMs: number): Promise<OnceRecord> {
  let record = newRecord(run.ring(), run.epoch, uplink);
  await feed.first((happening) => {
    record = recordOnce(record, happening);
    return record.failure !== "" || missingOf(record) === "" ? true : null;
  }, withinMs);
  return record;
}

/** Follows uplink and camera: whether a press would find everything in its place. */
class Readiness {
  readonly #ringFillsInMs: number;
  readonly #feed: Feed;
  #filling: NodeJS.Timeout | undefined;
  uplink: Uplink | null = null;
  ringIsFull = false;
  /** What the operator must change first; empty while there is nothing. */
  failure = "";

  constructor(ringFillsInMs: number, feed: Feed) {
    this.#ringFillsInMs = ringFillsInMs;
    this.#feed = feed;
  }

  note(happening: Happening): void {
    if (happening.what === "uplink") {
      const { phase, url, protocol } = happening;
      this.uplink = phase === "connected" ? { url, protocol } : null;
    } else if (happening.what === "camera-up") {
      this.stop();
      this.#filling = setTimeout(() => {
        this.ringIsFull = true;
        this.#feed.tell({ what: "ring-full" });
      }, this.#ringFillsInMs);
    } else if (happening.what === "camera-down") {
      this.stop();
      if (happening.fault === "operator") this.failure = happening.reason;
    }
  }

  stop(): void {
    clearTimeout(this.#filling);
    this.ringIsFull = false;
  }
}

/** Remembers what went wrong last, since it is most likely the reason for what is missing. */
class Troubles {
  #last = "";

  note(happening: Happening): void {
    if (happening.what === "log" && (happening.level === "warn" || happening.level === "error")) {
      this.#last = happening.message;
    }
    if (happening.what === "refused") this.#last = happening.detail;
    if (happening.what === "consumer" && !happening.connected) this.#last = happening.detail;
  }

  after(missing: string): string {
    return this.#last === "" ? missing : `${missing}; last trouble: ${this.#last}`;
  }
}
