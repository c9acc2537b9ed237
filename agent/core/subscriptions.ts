import { birthTopic } from "../contract/home-assistant.ts";
import { topicsOf } from "../contract/topics.ts";
import type { Turn } from "./turn.ts";

/** What a connection listens to. A crash may have come from what we were sent: bell-only mode listens to nobody. */
export function subscriptionsOf({ state: { lifecycle, settings } }: Turn): string[] {
  if (lifecycle.mode !== "normal") return [];
  const { homeAssistant } = settings;
  const topics = topicsOf(settings.device.id);
  return [
    ...[topics.receipt, topics.status],
    ...(homeAssistant.enabled ? [birthTopic(homeAssistant.discoveryPrefix)] : []),
  ];
}
