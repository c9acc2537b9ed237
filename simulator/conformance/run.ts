import { PorchlightError, UsageError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { CLIP_CASES } from "./cases-clips.ts";
import { EVENT_CASES, RECEIPTS } from "./cases-events.ts";
import { ODD_CASES, RETAINED } from "./cases-odd.ts";
import { STATUS_CASES } from "./cases-status.ts";
import { Mail } from "./mail.ts";
import { type ConformanceCase, Stage } from "./stage.ts";

export interface ConformanceOptions {
  settings: Settings;
  /** Stands in the names of the doorbells and in the topics of questions: 3 to 12 of a-z and 0-9. */
  run: string;
  /** How long anything is waited for. */
  waitMs: number;
  /** Draws epochs and pictures. */
  seed: number;
  /** Names of the cases to be played; all when empty. */
  only: readonly string[];
}

export interface CaseResult {
  name: string;
  plays: string;
  expects: string;
  deviceId: string;
  /** `unjudged`: the consumer offers nothing that it could be judged by. */
  verdict: "passed" | "failed" | "unjudged";
  /** One line: why it failed, or what of it was not judged; empty otherwise. */
  reason: string;
  /** All that was wrong. */
  failures: string[];
  wallMs: number;
}

export interface ConformanceResult {
  ok: boolean;
  run: string;
  /** The consumer gives receipts, and answers questions. */
  receipts: boolean;
  answers: boolean;
  cases: CaseResult[];
  /** What came back and was wrong in itself. */
  troubles: string[];
}

export const CASES: readonly ConformanceCase[] = [
  RECEIPTS,
  ...EVENT_CASES,
  ...CLIP_CASES,
  ...ODD_CASES,
  ...STATUS_CASES,
  RETAINED,
];

/** The doorbells of a run have names that begin so. */
export function prefixOf(run: string): string {
  return `conformance-${run}-`;
}

/**
 * Plays the cases and judges what comes back. `receipts` goes first, for it shows what the others can be judged by;
 * then all at once, each with a doorbell of its own, but for `retained`.
 * @throws WorldError when there is no broker, or it does not do its part.
 */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceResult> {
  const { settings, run, only } = options;
  const chosen = CASES.filter(({ name }) => only.length === 0 || only.includes(name));
  const unknown = only.find((name) => !CASES.some((one) => one.name === name));
  if (unknown !== undefined)
    throw new UsageError(`--case ${unknown}: there is ${CASES.map(({ name }) => name).join(", ")}`);
  const mail = new Mail(settings.broker, run, (deviceId) => deviceId.startsWith(prefixOf(run)));
  await mail.open();
  try {
    let receipts = true;
    const play = (one: ConformanceCase, at: number) => playCase(one, at, options, mail, () => receipts);
    await mail.ask(`${prefixOf(run)}receipts`, false, options.waitMs);
    const first = await play(RECEIPTS, 0);
    receipts = !first.failures.some((failure) => failure.startsWith("no receipt"));
    const together = chosen.filter((one) => one !== RECEIPTS && one !== RETAINED);
    const cases = [first, ...(await Promise.all(together.map((one, at) => play(one, at + 1))))];
    if (chosen.includes(RETAINED)) cases.push(await play(RETAINED, CASES.length));
    const troubles = [...mail.troubles];
    const ok = cases.every(({ verdict }) => verdict !== "failed") && troubles.length === 0;
    return { ok, run, receipts, answers: mail.answers, cases, troubles };
  } finally {
    await mail.close();
  }
}

async function playCase(
  one: ConformanceCase,
  at: number,
  { settings, run, waitMs, seed }: ConformanceOptions,
  mail: Mail,
  givesReceipts: () => boolean,
): Promise<CaseResult> {
  const deviceId = `${prefixOf(run)}${one.name}`;
  const stage = new Stage({
    mail,
    settings: settingsOf(settings, deviceId, one),
    seed: seed + at,
    waitMs,
    givesReceipts,
  });
  const beganMs = performance.now();
  await one.play(stage).catch((error: unknown) => {
    if (!(error instanceof PorchlightError) || error.exitCode !== 1) throw error;
    stage.fail(error.message);
  });
  const { name, plays, expects } = one;
  const { failures, unjudged } = stage;
  const wallMs = Math.round(performance.now() - beganMs);
  const verdict =
    failures.length > 0 ? "failed" : isUnjudged(unjudged, givesReceipts()) ? "unjudged" : "passed";
  const left = unjudged.size === 0 ? "" : `not judged: ${[...unjudged].join(", ")}`;
  return { name, plays, expects, deviceId, verdict, reason: failures[0] ?? left, failures, wallMs };
}

/** Nothing was known of it but that it did no visible harm. */
function isUnjudged(unjudged: ReadonlySet<string>, receipts: boolean): boolean {
  return unjudged.has("answers") && !receipts;
}

function settingsOf(settings: Settings, deviceId: string, { camera }: ConformanceCase): Settings {
  return {
    ...settings,
    device: { ...settings.device, id: deviceId },
    camera: { ...settings.camera, source: camera ? "test" : "none" },
  };
}
