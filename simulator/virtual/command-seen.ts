import { readCommand } from "../../agent/contract/command-messages.ts";
import { isCommand } from "../../agent/contract/commands.ts";
import { parseTopic } from "../../agent/contract/topics.ts";
import type { Action } from "../../agent/core/actions.ts";
import type { State } from "../../agent/core/state.ts";
import type { BrokerMessageIn } from "../../device/ports/broker.ts";
import type { CommandSeen } from "../checkers/evidence.ts";

/** What an agent did about a request in the turn in which it took it in; null when the message is none. */
export function commandSeen(
  input: BrokerMessageIn,
  actions: readonly Action[],
  { time, commands }: Readonly<State>,
): Omit<CommandSeen, "powerOn" | "atMs"> | null {
  const topic = parseTopic(input.topic);
  if (topic?.kind !== "command" || input.text === null || !isCommand(topic.name)) return null;
  const read = readCommand(input.text);
  if (read.kind !== "command") return null;
  const { requestId } = read;
  const isRestart = topic.name === "restart" && commands.restart?.requestId === requestId;
  const asked = actions.filter((action) => isEffect(action) || (isRestart && isTimerOfRestart(action)));
  const presses = actions.filter((action) => action.type === "store.append" && action.row.lane === "press");
  return {
    requestId,
    name: topic.name,
    retained: input.retain,
    effects: asked.length,
    presses: presses.length,
    synced: time.trust === "synced",
  };
}

function isTimerOfRestart(action: Action): boolean {
  return action.type === "timer.set" && action.key === "commands.restart";
}

function isEffect(action: Action): boolean {
  switch (action.type) {
    case "chime.play":
    case "camera.take-still":
    case "clip.open":
    case "clip.list":
    case "clip.requeue":
    case "clip.delete":
      return true;
    case "store.append":
      return action.row.eventType === "self-test";
    default:
      return false;
  }
}
