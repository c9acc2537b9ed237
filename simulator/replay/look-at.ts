import { UsageError } from "../../agent/contract/errors.ts";
import type { State } from "../../agent/core/state.ts";
import type { ReplayOutput } from "./command.ts";
import { type Change, changesOf } from "./differences.ts";
import { type JournalHead, readItems } from "./read-journal.ts";
import { type Replayed, runAgain } from "./run-again.ts";
import { actionLines, atInWords, changeInWords, counted, inShort, outcomeLines } from "./words.ts";

/**
 * The number of the input that `--at` means: a number, or seconds since the journal's first input (`12.5s`), which mean
 * the last input until then.
 * @throws UsageError when the journal has no such input.
 */
export function findInput(bytes: Buffer, at: string): number {
  const [, number, secondsText] = /^(?:([0-9]+)|([0-9]+(?:\.[0-9]+)?)s)$/.exec(at) ?? [];
  if (number === undefined && secondsText === undefined)
    throw new UsageError(`--at: found ${at}, allowed: an input's number as in 17, or a time as in 12.5s`);
  let first: { n: number; now: number } | null = null;
  let last: { n: number; now: number } | null = null;
  let found: number | null = null;
  for (const item of readItems(bytes)) {
    if (item.kind !== "input") continue;
    last = { n: item.n, now: item.input.now };
    first ??= last;
    if (number !== undefined && item.n === Number(number)) found = item.n;
    if (secondsText !== undefined && last.now - first.now <= Number(secondsText) * 1_000) found = item.n;
  }
  if (!first || !last) throw new UsageError("--at: there is no whole input in this journal");
  const lastAtMs = last.now - first.now;
  if (found !== null && (secondsText === undefined || Number(secondsText) * 1_000 <= lastAtMs)) return found;
  throw new UsageError(
    `--at: found ${at}, allowed: an input from ${first.n} to ${last.n}, or a time from 0s to ${lastAtMs / 1_000}s`,
  );
}

/**
 * Shows one input, what it led to, and what it changed in the state. Answers the exit code: 1 when this core had done
 * something else until there, so that its state is not the device's.
 */
export function lookAt(
  bytes: Buffer,
  head: JournalHead,
  n: number,
  { slice, json }: { slice: string | null; json: boolean },
  { print, warn }: ReplayOutput,
): 0 | 1 | 2 {
  const seen = stateAt(bytes, head, n);
  if (seen === null) {
    warn(`input ${n} cannot be reached: this core threw before it`);
    return 1;
  }
  const { one, before, differing } = seen;
  if (slice !== null && !Object.hasOwn(one.state, slice)) {
    throw new UsageError(`--slice: found ${slice}, allowed: ${Object.keys(one.state).join(", ")}`);
  }
  if (differing > 0)
    warn(`${counted(differing, "input")} up to here led to other actions: this is not the device's state`);
  const state = slice === null ? one.state : { [slice]: one.state[slice as keyof State] };
  const changed = changesOf(before, one.state);
  const { line, atMs, input, recorded, here, same } = one;
  const facts = { n, line, atMs, utc: utcOf(one), input, recorded, here, same, changed, state };
  if (json) print(JSON.stringify(facts));
  else for (const text of linesOf(one, changed, slice === null ? null : state)) print(text);
  if (differing > 0) return 1;
  return head.warning === null ? 0 : 2;
}

interface Seen {
  one: Replayed;
  before: Readonly<State>;
  differing: number;
}

function stateAt(bytes: Buffer, head: JournalHead, n: number): Seen | null {
  let before: Readonly<State> | null = null;
  let differing = 0;
  let seen: Seen | null = null;
  runAgain(head, upTo(bytes, n), {
    before: (next, state) => {
      if (next === n) before = structuredClone(state);
    },
    replayed: (one) => {
      if (!one.same) differing += 1;
      if (one.n === n && before) seen = { one, before, differing };
    },
    notice: () => undefined,
  });
  return seen;
}

function* upTo(bytes: Buffer, n: number): ReturnType<typeof readItems> {
  for (const item of readItems(bytes)) {
    yield item;
    if (item.kind === "input" && item.n === n) return;
  }
}

function linesOf(one: Replayed, changed: readonly Change[], slice: object | null): string[] {
  const { n, line, atMs, input, same, recorded, here } = one;
  const lines = [`input ${n} (line ${line}), at ${atInWords(atMs)}, ${utcOf(one)}`, `  ${inShort(input)}`];
  if (same) lines.push(`led to ${counted(here.actions?.length ?? 0, "action")}`, ...actionLines(here));
  else lines.push("led to (- as recorded, + by this core)", ...outcomeLines(recorded, here));
  if (slice) return [...lines, "the state after it", JSON.stringify(slice, null, 2)];
  if (changed.length === 0) return [...lines, "nothing changed in the state"];
  return [...lines, "changed in the state", ...changed.map((change) => `  ${changeInWords(change)}`)];
}

/** By the device's clock as it stood then. */
function utcOf({ input, state }: Replayed): string {
  const utcMs = input.now + state.time.offsetMs;
  const isTime = Number.isFinite(utcMs) && Math.abs(utcMs) <= 8.64e15;
  return `${isTime ? new Date(utcMs).toISOString() : "no time"} (${state.time.trust})`;
}
