import { UsageError, WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import type { Feed } from "./feed.ts";
import { framesMissing } from "./frame-count.ts";
import type { Happening } from "./happenings.ts";
import type { LiveRun } from "./live-run.ts";
import { missingOf, newRecord, type OnceRecord, recordOnce } from "./once-record.ts";
import { type OnceResult, onceResult } from "./once-result.ts";

/** The camera has been up for this much longer than the pre-roll: the ring then begins with a keyframe before it. */
const RING_MARGIN_MS = 1_500;
/** For everything that is not recording: start-up, upload, checks. */
const PATIENCE_MS = 30_000;

/**
 * Rings once when the pre-roll has filled, and waits until clip and snapshot are whole at the receiver.
 * @throws UsageError without a camera; WorldError with what is missing, after the length of a clip and 30 s at most.
 */
export async function ringOnce(run: LiveRun, feed: Feed, settings: Settings): Promise<OnceResult> {
  const { preRollMs, postRollMs } = settings.clip;
  if (settings.camera.source === "none") throw new UsageError("--once needs a camera: camera.source is none");
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

/** Waits for the broker, the receiver and a full ring. */
async function ready(run: LiveRun, feed: Feed, preRollMs: number, troubles: Troubles): Promise<Uplink> {
  const found: { uplink: Uplink | null; failure: string } = { uplink: null, failure: "" };
  const ringIsFull = new Countdown(preRollMs + RING_MARGIN_MS, () => feed.tell({ what: "ring-full" }));
  const readiness = (happening: Happening): true | null => {
    if (happening.what === "uplink") {
      const { phase, url, protocol } = happening;
      found.uplink = phase === "connected" ? { url, protocol } : null;
    }
    if (happening.what === "camera-up") ringIsFull.start();
    if (happening.what === "camera-down") {
      ringIsFull.cancel();
      if (happening.fault === "operator") found.failure = happening.reason;
    }
    if (found.failure !== "") return true;
    return ringIsFull.isOver && found.uplink && run.receiverIsConnected ? true : null;
  };
  const started = run.start();
  const inTime = await feed.first(readiness, preRollMs + PATIENCE_MS);
  ringIsFull.cancel();
  await started;
  if (found.failure !== "") throw new WorldError(found.failure);
  if (inTime && found.uplink) return found.uplink;
  const lacking = found.uplink ? (run.receiverIsConnected ? "no video" : "no receiver") : "no broker";
  throw new WorldError(troubles.after(`not ready within ${(preRollMs + PATIENCE_MS) / 1_000} s: ${lacking}`));
}

async function ringAndWait(run: LiveRun, feed: Feed, uplink: Uplink, withinMs: number): Promise<OnceRecord> {
  let record = newRecord(run.ring(), run.epoch, uplink);
  await feed.first((happening) => {
    record = recordOnce(record, happening);
    return record.failure !== "" || missingOf(record) === "" ? true : null;
  }, withinMs);
  return record;
}

/** Begins anew with each `start`. */
class Countdown {
  readonly #lengthMs: number;
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;
  isOver = false;

  constructor(lengthMs: number, over: () => void) {
    this.#lengthMs = lengthMs;
    this.#over = over;
  }

  start(): void {
    this.cancel();
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#over();
    }, this.#lengthMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.isOver = false;
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
