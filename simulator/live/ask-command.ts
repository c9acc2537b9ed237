import { randomUUID } from "node:crypto";
import { loadConfiguration, type Override } from "../../agent/config/load.ts";
import {
  buildRequest,
  type CommandRequest,
  Consumer,
  type RequestOutcome,
  Requests,
} from "../../agent/consumer/index.ts";
import { COMMANDS, isCommand } from "../../agent/contract/commands.ts";
import { UsageError, WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { Subscriber } from "./subscriber.ts";

/** The command line of `porchlight-sim command`. */
export interface AskFlags {
  broker?: string;
  device?: string;
  protocol?: string;
  config?: string;
  params: string;
  requestId?: string;
}

const CONNECTS_WITHIN_MS = 10_000;

/**
 * `porchlight-sim command NAME`: asks a doorbell for something, as a cloud does, and prints its reply as one line of
 * JSON. Answers the exit code: 0 when it was done, 1 when it was refused or no answer came.
 * @throws UsageError, ConfigurationError, WorldError when the broker cannot be reached.
 */
export async function askCommand(
  name: string,
  flags: AskFlags,
  print: (line: string) => void,
): Promise<0 | 1> {
  const { settings } = loadConfiguration({
    file: flags.config,
    overrides: overridesOf(flags),
    folder: process.cwd(),
  });
  const request = requestOf(name, settings.device.id, flags);
  const outcome = await ask(settings, request);
  if (outcome.kind === "unanswered") {
    const { requestId, command } = request;
    print(JSON.stringify({ requestId, command, outcome: "unanswered" }));
    return 1;
  }
  print(JSON.stringify(outcome.reply));
  return outcome.reply.outcome === "done" ? 0 : 1;
}

function overridesOf(flags: AskFlags): Override[] {
  const settings = { broker: "broker.urls", device: "device.id", protocol: "broker.protocol" } as const;
  return (["broker", "device", "protocol"] as const).flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [{ path: settings[name], value, flag: `--${name}` }];
  });
}

function requestOf(name: string, deviceId: string, flags: AskFlags): CommandRequest {
  if (!isCommand(name)) throw new UsageError(`found ${name}, allowed: ${Object.keys(COMMANDS).join(", ")}`);
  let params: unknown;
  try {
    params = JSON.parse(flags.params);
  } catch {
    throw new UsageError(`--params: found ${flags.params}, allowed: a JSON object`);
  }
  try {
    return buildRequest(deviceId, name, flags.requestId ?? randomUUID(), params as never);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--params: ${error.message}`);
    throw error;
  }
}

async function ask({ broker, device }: Settings, request: CommandRequest): Promise<RequestOutcome> {
  const consumer = new Consumer();
  const requests = new Requests();
  let subscriber: Subscriber | null = null;
  let timer: NodeJS.Timeout | undefined;
  const outcome = new Promise<RequestOutcome>((resolve, reject) => {
    const url = broker.urls[0] ?? "";
    let detail = "it does not answer";
    timer = setTimeout(() => reject(new WorldError(`no broker: ${detail}`)), CONNECTS_WITHIN_MS);
    subscriber = new Subscriber({
      url,
      ...broker,
      deviceId: device.id,
      filter: request.replyTopic,
      message: (topic, payload, retain) => {
        const receivedUtcMs = Date.now();
        for (const one of consumer.receive({ topic, payload, retain, receivedUtcMs })) {
          const answered = requests.take(one);
          if (answered) resolve(answered);
        }
      },
      changed: (connected, why) => {
        detail = why;
        if (!connected || requests.nextDueMs !== null) return;
        const nowMs = Date.now();
        requests.sent(request, nowMs);
        clearTimeout(timer);
        timer = setTimeout(
          () => resolve({ kind: "unanswered", request }),
          (requests.nextDueMs ?? nowMs) - nowMs,
        );
        subscriber?.publish(request.topic, request.payload, false, {
          responseTopic: request.replyTopic,
          messageExpiryInterval: request.expiryS,
        });
      },
    });
    subscriber.start().catch((error: Error) => reject(new WorldError(error.message)));
  });
  try {
    return await outcome;
  } finally {
    clearTimeout(timer);
    await (subscriber as Subscriber | null)?.stop();
  }
}
