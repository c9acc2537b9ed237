import { stripVTControlCharacters } from "node:util";
import type { Action } from "../../agent/core/actions.ts";
import type { Input } from "../../agent/core/inputs.ts";
import { type ActionDifference, actionDifferences, type Change } from "./differences.ts";
import type { Outcome } from "./read-journal.ts";

/** `2.310 s`. */
export function atInWords(atMs: number): string {
  return `${(atMs / 1_000).toFixed(3)} s`;
}

/** `1 input`, `2 inputs`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** An input or an action on one line: `button.edge pressed=true`. */
export function inShort(one: Input | Action): string {
  return cut(shown(partsOf(one)), LONGEST_LINE);
}

/** What the device did and what this core does, where these differ: a line each, `-` for the device, `+` for here. */
export function outcomeLines(recorded: Outcome, here: Outcome): string[] {
  if (!recorded.actions || !here.actions) return [...linesOf("-", recorded), ...linesOf("+", here)];
  return actionDifferences(recorded.actions, here.actions).flatMap(differenceLines);
}

/** `uplink.phase: "connecting" → "connected"`. */
export function changeInWords({ path, before, after }: Change): string {
  const [left, right] = cutAlike(json(before), json(after));
  return shown(`${path}: ${left} → ${right}`);
}

/** What the core did, a line each. */
export function actionLines(outcome: Outcome): string[] {
  return linesOf(" ", outcome);
}

const LONGEST_LINE = 160;
const LONGEST_VALUE = 100;
/** So much that is alike is shown before the first difference of two long values. */
const ALIKE_BEFORE = 20;

function differenceLines(difference: ActionDifference): string[] {
  switch (difference.kind) {
    case "same":
      return [`    ${inShort(difference.action)}`];
    case "only-recorded":
      return [`  - ${inShort(difference.action)}`];
    case "only-here":
      return [`  + ${inShort(difference.action)}`];
    case "changed":
      return [`  ~ ${difference.type}`, ...difference.changes.flatMap(changeLines)];
  }
}

function changeLines({ path, before, after }: Change): string[] {
  const [left, right] = cutAlike(json(before), json(after));
  return [shown(`      - ${path}=${left}`), shown(`      + ${path}=${right}`)];
}

function linesOf(mark: string, { actions, thrown }: Outcome): string[] {
  if (actions === null) return [shown(`  ${mark} threw ${thrown}`)];
  return actions.map((action) => `  ${mark} ${inShort(action)}`);
}

function partsOf({ type, ...rest }: Input | Action): string {
  const { now, ...facts }: Record<string, unknown> = { ...rest };
  return [type, ...Object.entries(facts).map(([name, value]) => `${name}=${json(value)}`)].join(" ");
}

function json(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function cutAlike(a: string, b: string): [string, string] {
  let alike = 0;
  while (alike < a.length && a[alike] === b[alike]) alike++;
  const from = Math.max(a.length, b.length) > LONGEST_VALUE ? Math.max(0, alike - ALIKE_BEFORE) : 0;
  const shorten = (text: string) => `${from > 0 ? "…" : ""}${cut(text.slice(from), LONGEST_VALUE)}`;
  return [shorten(a), shorten(b)];
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Some of it came from a network, and it is for a terminal. */
function shown(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}]/gu, " ");
}
