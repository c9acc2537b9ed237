import { fileResponseTopic } from "../contract/file-transfer.ts";
import { birthTopic } from "../contract/home-assistant.ts";
import { topicsOf } from "../contract/topics.ts";
import type { Turn } from "./turn.ts";

/** What a connection listens to. A crash may have come from what we were sent: bell-only mode listens to nobody. */
export function subscriptionsOf({ state: { lifecycle, settings } }: Turn): string[] {
  if (lifecycle.mode !== "normal") return [];
  const { clip, device, homeAssistant } = settings;
  const topics = topicsOf(device.id);
  return [
    ...[topics.receipt, topics.status, topics.commands, topics.configDesired],
    ...(clip.prefix === "$file-async" ? [fileResponseTopic(device.id)] : []),
    ...(homeAssistant.enabled ? [birthTopic(homeAssistant.discoveryPrefix)] : []),
  ];
}
