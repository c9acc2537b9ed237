import type { StatusMessage } from "../../agent/contract/messages.ts";
import { parseTopic } from "../../agent/contract/topics.ts";
import { readEvent } from "./event-facts.ts";
import { type Checker, type Evidence, type PowerOn, worldMsOf } from "./evidence.ts";

/** Timers, and what was on its way when the time was over. */
const SLACK_MS = 100;

/**
 * After crashes in a row there is a bell, and it is said that there is nothing else: no camera, and nothing of earlier
 * starts is sent, until its time is over. In every mode the start and the status say which it is.
 */
export const bellOnly: Checker = {
  name: "bell-only",
  check(evidence) {
    return evidence.powerOns.flatMap((powerOn) => [
      ...toldWrong(evidence, powerOn),
      ...(powerOn.mode === "bell-only" ? didMore(evidence, powerOn) : []),
    ]);
  },
};

function toldWrong({ rows, attempts, settings }: Evidence, powerOn: PowerOn): string[] {
  const wrong: string[] = [];
  for (const { row, powerOn: number } of rows.values()) {
    if (number !== powerOn.number || row.eventType !== "start") continue;
    const { mode } = readEvent(row.body).data;
    if (mode !== powerOn.mode) wrong.push(`${row.id} tells of a start in mode ${mode}, not ${powerOn.mode}`);
  }
  const overMs = worldMsOf(powerOn, settings.device.bellOnlyMs);
  for (const { message, atMs, powerOn: number } of attempts) {
    if (number !== powerOn.number || parseTopic(message.topic)?.kind !== "status") continue;
    const { mode } = JSON.parse(message.text ?? "") as StatusMessage;
    const may = atMs < overMs - SLACK_MS ? [powerOn.mode] : [powerOn.mode, "normal"];
    if (!may.includes(mode)) wrong.push(`the status at ${atMs} says mode ${mode}, not ${powerOn.mode}`);
  }
  return wrong;
}

function didMore({ attempts, settings }: Evidence, powerOn: PowerOn): string[] {
  const overMs = worldMsOf(powerOn, settings.device.bellOnlyMs) - SLACK_MS;
  const wrong: string[] = [];
  if (powerOn.cameraUpMs !== null && powerOn.cameraUpMs < overMs)
    wrong.push(`bell-only from ${powerOn.fromMs} on, and the camera was up at ${powerOn.cameraUpMs}`);
  for (const { event, atMs, powerOn: number } of attempts) {
    if (number !== powerOn.number || atMs >= overMs || !event || event.epoch === powerOn.epoch) continue;
    wrong.push(`bell-only from ${powerOn.fromMs} on, and ${event.id} of another start was sent at ${atMs}`);
  }
  return wrong;
}
