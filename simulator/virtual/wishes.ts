import { buildRequest } from "../../agent/consumer/index.ts";
import type { CommandName } from "../../agent/contract/commands.ts";
import { textMessage } from "../network/modelled-message.ts";
import type { Chance } from "../world/chance.ts";
import { WORLD_BEGAN_UTC_MS } from "../world/world.ts";
import type { Scene } from "./scene.ts";

/** Something that the cloud asks of a doorbell, as it is planned. */
export interface PlannedCommand {
  atMs: number;
  name: CommandName;
  /** It is published so many times more, under the same id, each so long after the one before. */
  repeats: number;
  everyMs: number;
  /** It counts for so long, or has expired before it is sent where something held it up; null: for ever. */
  expiresAfterMs: number | null;
  /** It is to be answered on another topic, as MQTT 5 has it. */
  elsewhere: boolean;
  /** By mistake it is published to be retained. */
  retained: boolean;
}

const NAMES: readonly CommandName[] = [
  ...(["chime", "snapshot", "record", "list-clips", "fetch-clip"] as const),
  ...(["self-test", "diagnostics", "delete-clip", "restart", "chime"] as const),
];
const MOST = 8;
/** All that it leads to is over by the end. */
const QUIET_AT_THE_END_MS = 120_000;

/** What a cloud asks in one run: seldom anything. */
export function planCommands(chance: Chance, durationMs: number): PlannedCommand[] {
  const latestMs = durationMs - QUIET_AT_THE_END_MS;
  if (latestMs < 1) return [];
  return Array.from({ length: chance.int(0, MOST) }, () => ({
    atMs: chance.int(1, latestMs),
    name: chance.pick(NAMES),
    repeats: chance.pick([0, 0, 1, 2]),
    everyMs: chance.spread(1, 40_000),
    expiresAfterMs: chance.happens(300) ? chance.int(-20_000, 30_000) : null,
    elsewhere: chance.happens(300),
    retained: chance.happens(50),
  })).sort((a, b) => a.atMs - b.atMs);
}

/** The cloud asks; of clips it knows what it was told. */
export function askFor(
  { world, network: { broker }, deviceId, ledger }: Scene,
  planned: Omit<PlannedCommand, "atMs">,
): void {
  const { name, repeats, everyMs, expiresAfterMs, elsewhere, retained } = planned;
  const requestId = `ask-${ledger.requests.length + 1}`;
  const expiresAtMs = expiresAfterMs === null ? null : world.nowMs + expiresAfterMs;
  const expiresAt =
    expiresAtMs === null ? undefined : new Date(WORLD_BEGAN_UTC_MS + expiresAtMs).toISOString();
  const clipId = ledger.lastClipTold ?? "never-was";
  const isAboutOne = name === "fetch-clip" || name === "delete-clip";
  const request = buildRequest(deviceId, name, requestId, isAboutOne ? { clipId } : {}, expiresAt);
  ledger.note("request", planned);
  ledger.requests.push({ requestId, name, atMs: world.nowMs, expiresAtMs, retained });
  const message = textMessage(request.topic, request.payload, retained);
  if (elsewhere)
    Object.assign(message, { responseTopic: `${request.replyTopic}-elsewhere`, correlation: "AAEC" });
  for (let time = 0; time <= repeats; time += 1)
    world.after(time * everyMs, () => broker.publishFromOutside(message));
  // Somebody finds the mistake.
  if (retained)
    world.after((repeats + 2) * everyMs, () =>
      broker.publishFromOutside(textMessage(request.topic, "", true)),
    );
}
