import { type ParsedTopic, parseTopic } from "../../agent/contract/topics.ts";

const MOST_KNOWN = 512;
/** Most messages come on a few topics, and each is read where it is sent, where it arrives and where it is judged. */
const known = new Map<string, ParsedTopic | null>();

/** `parseTopic`, which remembers. */
export function readTopic(topic: string): ParsedTopic | null {
  const before = known.get(topic);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const parsed = parseTopic(topic);
  known.set(topic, parsed);
  return parsed;
}
