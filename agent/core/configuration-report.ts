import type { ConfigurationProblem, WireSettings } from "../../device/ports/configuration-store.ts";
import type { ReportedConfiguration } from "../contract/configuration.ts";
import { topicsOf } from "../contract/topics.ts";
import type { Turn } from "./turn.ts";
import { isReady, messageOn, publish } from "./uplink.ts";

/** What was answered last. */
export interface Answer {
  version: number;
  state: ReportedConfiguration["state"];
  refusals: ConfigurationProblem[];
}

/** A connection is new: what is retained there may be old, or lost. */
export function reportOnConnection(turn: Turn): void {
  turn.state.configuration.report = { onItsWay: false, due: false };
  reportConfiguration(turn);
}

/**
 * Publishes `config/reported`, if there ever was something to answer. One at a time: whoever floods us with desires
 * gets no flood back.
 */
export function reportConfiguration(turn: Turn): void {
  const { answer, record, report } = turn.state.configuration;
  if (!answer || !isReady(turn) || turn.state.lifecycle.phase !== "running") return;
  if (report.onItsWay) {
    report.due = true;
    return;
  }
  report.onItsWay = true;
  const message: ReportedConfiguration = {
    ...answer,
    ownerCounter: record.ownerCounter,
    settings: inForce(record.inForce),
  };
  publish(
    turn,
    { kind: "config-reported" },
    messageOn("config-reported", topicsOf(turn.state.settings.device.id).configReported, {
      kind: "text",
      text: JSON.stringify(message),
    }),
  );
}

/** The broker has it, or does not want it: whatever was answered meanwhile goes out. */
export function reportDone(turn: Turn): void {
  const { report } = turn.state.configuration;
  report.onItsWay = false;
  if (!report.due) return;
  report.due = false;
  reportConfiguration(turn);
}

function inForce({ settings, ownerSettings }: WireSettings): ReportedConfiguration["settings"] {
  const all: ReportedConfiguration["settings"] = {};
  for (const tree of [settings, ownerSettings])
    for (const [section, names] of Object.entries(tree)) all[section] = { ...all[section], ...names };
  return all;
}
