import type {
  ConfigurationChecked,
  ConfigurationProblem,
  ConfigurationRecord,
  ConfigurationSaveFailed,
  WireSettings,
} from "../../device/ports/configuration-store.ts";
import type { VaultRefused, VaultVerified } from "../../device/ports/vault.ts";
import {
  OWNER_CONFIGURATION_TYPE,
  parseDesired,
  parseOwnerConfiguration,
  type ReportedConfiguration,
} from "../contract/configuration.ts";
import { type Answer, reportConfiguration } from "./configuration-report.ts";
import { sameSettings, sortSettings } from "./configuration-settings.ts";
import { confirmLater, restartWhenQuiet, save, tryFor } from "./configuration-trial.ts";
import { act, countAndSay, say, type Turn } from "./turn.ts";

/** Configuration from the wire: what is in force, what is being tried, and what was answered. */
export interface ConfigurationState {
  /** As it is durable. */
  record: ConfigurationRecord;
  /** Why nothing is taken in this run; empty when it is. */
  unusable: string;
  doing: "nothing" | "verifying" | "checking" | "saving" | "restarting";
  /** Numbers the questions to vault and store: an older answer counts for nothing. */
  request: number;
  candidate: Candidate | null;
  saving: { record: ConfigurationRecord; then: AfterSaving } | null;
  /** The newest message that came while another was being done. */
  waiting: { text: string | null } | null;
  answer: Answer | null;
  report: { onItsWay: boolean; due: boolean };
  /** Since when a restart waits for a quiet moment. */
  restartSinceMs: number;
}

interface Candidate {
  wire: WireSettings;
  /** Counter of the owner's word that came with it; 0 for none. */
  ownerCounter: number;
  /** Its version is not larger than the newest: it counts only with a new word of the owner. */
  isBehind: boolean;
}

export type AfterSaving = "note" | "try" | "confirm" | "roll-back";

/** What the agent was started with, from whoever read the data folder. */
export type ConfigurationAtStart = { record: ConfigurationRecord } | { unusable: string };

export function newConfiguration(): ConfigurationState {
  return {
    record: {
      inForce: { version: 0, settings: {}, ownerSettings: {} },
      trial: null,
      rolledBack: null,
      ownerCounter: 0,
    },
    unusable: "",
    doing: "nothing",
    request: 0,
    candidate: null,
    saving: null,
    waiting: null,
    answer: null,
    report: { onItsWay: false, due: false },
    restartSinceMs: 0,
  };
}

/** The agent runs with this configuration now, on trial or not. */
export function configurationAtStart(turn: Turn, start: ConfigurationAtStart | undefined): void {
  const { configuration } = turn.state;
  if (!start) return;
  if ("unusable" in start) {
    configuration.unusable = start.unusable;
    configuration.answer = { version: 0, state: "refused", refusals: [whole(start.unusable)] };
    say(turn, "error", `configuration from the wire cannot be known: ${start.unusable}`);
    return;
  }
  const { inForce, trial, rolledBack } = start.record;
  configuration.record = start.record;
  if (trial) {
    answer(turn, inForce.version, "trying");
    say(turn, "info", "configuration on trial", { version: inForce.version, starts: trial.starts });
    tryFor(turn);
  } else if (rolledBack) answer(turn, rolledBack.version, "rolled-back", [whole(rolledBack.reason)]);
  else if (inForce.version > 0) answer(turn, inForce.version, "applied");
}

/** `config/desired` came; it comes again with every connection. */
export function desiredArrived(turn: Turn, text: string | null): void {
  const { configuration, lifecycle } = turn.state;
  if (lifecycle.phase !== "running") return;
  if (configuration.doing !== "nothing" || configuration.record.trial) configuration.waiting = { text };
  else take(turn, text);
}

function take(turn: Turn, text: string | null): void {
  const { configuration } = turn.state;
  // Nobody desires anything any more: what is in force stays.
  if (text === "") return;
  const desired = text === null ? "not UTF-8, or too large" : parseDesired(text);
  if (typeof desired === "string") return refuse(turn, 0, [whole(desired)]);
  const { version, owner } = desired;
  if (configuration.unusable !== "") return refuse(turn, version, [whole(configuration.unusable)]);
  const { inForce, rolledBack } = configuration.record;
  if (version === rolledBack?.version) {
    return answer(turn, version, "rolled-back", [whole(rolledBack.reason)]);
  }
  if (version === inForce.version) return answer(turn, version, "applied");
  const newest = Math.max(inForce.version, rolledBack?.version ?? 0);
  const isBehind = version < newest;
  if (isBehind && owner === undefined) return refuse(turn, version, [behind(newest)]);
  const { sorted, refusals } = sortSettings(desired.settings, "broker");
  if (refusals.length > 0) return refuse(turn, version, refusals);
  const wire = { version, settings: sorted, ownerSettings: inForce.ownerSettings };
  configuration.candidate = { wire, ownerCounter: 0, isBehind };
  if (owner === undefined) return check(turn);
  configuration.doing = "verifying";
  configuration.request += 1;
  act(turn, {
    type: "vault.verify",
    request: configuration.request,
    jws: owner,
    signedType: OWNER_CONFIGURATION_TYPE,
  });
}

/** The owner signed this. Whether it is for this device, and newer than what is known, is not the vault's to say. */
export function ownerVerified(turn: Turn, input: VaultVerified): void {
  const { configuration, settings } = turn.state;
  const { candidate, record } = configuration;
  if (input.request !== configuration.request || configuration.doing !== "verifying" || !candidate) return;
  const { version } = candidate.wire;
  const refuseOwner = (reason: string) => refuse(turn, version, [{ field: "owner", reason }]);
  const signed = parseOwnerConfiguration(input.payload);
  if (typeof signed === "string") return refuseOwner(`what is signed is no configuration: ${signed}`);
  if (signed.deviceId !== settings.device.id) return refuseOwner("it is signed for another device");
  const { sorted, refusals } = sortSettings(signed.settings, "owner");
  const isKnown =
    signed.counter === record.ownerCounter && sameSettings(sorted, record.inForce.ownerSettings);
  if (signed.counter <= record.ownerCounter && !isKnown) {
    return refuseOwner(`its counter is ${signed.counter}, allowed: more than ${record.ownerCounter}`);
  }
  if (isKnown && candidate.isBehind) return refuse(turn, version, [behind(newestVersion(record))]);
  if (refusals.length > 0) return refuse(turn, version, refusals);
  candidate.ownerCounter = signed.counter;
  candidate.wire.ownerSettings = sorted;
  check(turn);
}

export function ownerRefused(turn: Turn, input: VaultRefused): void {
  const { configuration } = turn.state;
  const { candidate } = configuration;
  if (input.request !== configuration.request || configuration.doing !== "verifying" || !candidate) return;
  refuse(turn, candidate.wire.version, [{ field: "owner", reason: input.reason }]);
}

function check(turn: Turn): void {
  const { configuration } = turn.state;
  if (!configuration.candidate) return;
  configuration.doing = "checking";
  configuration.request += 1;
  act(turn, {
    type: "configuration.check",
    request: configuration.request,
    wire: configuration.candidate.wire,
  });
}

/** All of it, over the device's own file, is a configuration or is not. */
export function configurationChecked(turn: Turn, input: ConfigurationChecked): void {
  const { configuration } = turn.state;
  const { candidate, record } = configuration;
  if (input.request !== configuration.request || configuration.doing !== "checking" || !candidate) return;
  if (input.problems.length > 0) return refuse(turn, candidate.wire.version, input.problems);
  const ownerCounter = Math.max(record.ownerCounter, candidate.ownerCounter);
  const { wire } = candidate;
  const { inForce } = record;
  const isSame =
    sameSettings(wire.settings, inForce.settings) && sameSettings(wire.ownerSettings, inForce.ownerSettings);
  const trial = isSame ? null : { starts: 0, before: inForce };
  save(turn, { inForce: wire, trial, rolledBack: null, ownerCounter }, isSame ? "note" : "try");
}

/** What was decided lasts: now it is done. */
export function configurationSaved(turn: Turn): void {
  const { configuration } = turn.state;
  if (!configuration.saving) return;
  const { record, then } = configuration.saving;
  configuration.record = record;
  configuration.saving = null;
  configuration.candidate = null;
  configuration.doing = "nothing";
  const { version } = record.inForce;
  switch (then) {
    case "try":
      say(turn, "info", "configuration taken up: the agent starts anew with it", { version });
      answer(turn, version, "trying");
      return restartWhenQuiet(turn);
    case "roll-back": {
      const { version: tried = 0, reason = "" } = record.rolledBack ?? {};
      say(turn, "error", `configuration rolled back: ${reason}`, { version: tried });
      answer(turn, tried, "rolled-back", [whole(reason)]);
      return restartWhenQuiet(turn);
    }
    case "confirm":
    case "note":
      say(turn, "info", "configuration applied", { version });
      answer(turn, version, "applied");
      return takeWaiting(turn);
  }
}

export function configurationNotSaved(turn: Turn, input: ConfigurationSaveFailed): void {
  const { configuration } = turn.state;
  if (!configuration.saving) return;
  const { record, then } = configuration.saving;
  configuration.saving = null;
  configuration.doing = "nothing";
  countAndSay(turn, "configuration.saveFailures", `configuration cannot be kept: ${input.detail}`);
  if (then === "confirm") return confirmLater(turn);
  if (then === "roll-back") return tryFor(turn);
  refuse(turn, record.inForce.version, [whole(`it cannot be kept: ${input.detail}`)]);
}

function takeWaiting(turn: Turn): void {
  const { configuration } = turn.state;
  const { waiting } = configuration;
  configuration.waiting = null;
  if (waiting) take(turn, waiting.text);
}

function refuse(turn: Turn, version: number, refusals: readonly ConfigurationProblem[]): void {
  const { configuration } = turn.state;
  const [first] = refusals;
  countAndSay(turn, "configuration.refused", `configuration refused: ${first?.reason ?? ""}`, {
    version,
    field: first?.field ?? "",
  });
  configuration.doing = "nothing";
  configuration.candidate = null;
  answer(turn, version, "refused", refusals);
  takeWaiting(turn);
}

function answer(
  turn: Turn,
  version: number,
  state: ReportedConfiguration["state"],
  refusals: readonly ConfigurationProblem[] = [],
): void {
  const { configuration } = turn.state;
  const next = { version, state, refusals: refusals.map(inBounds).slice(0, MOST_REFUSALS) };
  if (JSON.stringify(next) === JSON.stringify(configuration.answer)) return;
  configuration.answer = next;
  reportConfiguration(turn);
}

const MOST_REFUSALS = 32;

function inBounds({ field, reason }: ConfigurationProblem): ConfigurationProblem {
  return { field: field.slice(0, 160), reason: reason.slice(0, 320) };
}

function newestVersion({ inForce, rolledBack }: ConfigurationRecord): number {
  return Math.max(inForce.version, rolledBack?.version ?? 0);
}

function behind(newest: number): ConfigurationProblem {
  return { field: "version", reason: `allowed: more than ${newest}, or a new signature of the owner` };
}

/** Something about all of it. */
function whole(reason: string): ConfigurationProblem {
  return { field: "", reason };
}
