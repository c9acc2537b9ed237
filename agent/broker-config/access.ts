import { type ParsedTopic, topicsOf } from "../contract/topics.ts";

/** Who is at the other end of a broker; each has a certificate whose common name is its own. */
export type Role = "device" | "cloud" | "home-assistant";

/** Topic filters of one role (MQTT 5 §4.7), with `device` in the place of a device's id. */
export interface Access {
  write: string[];
  read: string[];
}

export interface AccessOptions {
  /** Home Assistant's discovery, and a role for it. */
  homeAssistant: boolean;
  /** Clips on EMQX's `$file-async`. Only EMQX knows whose a file is: any device may write there. */
  fileTransfer: boolean;
}

interface Channel {
  from: "device" | "cloud";
  filters: (device: Topics) => string[];
  /** The sender reads it too: a device watches what is retained as its own status. */
  echo?: true;
}

type Topics = ReturnType<typeof topicsOf>;

/** Every channel of the contract by its kind, who sends on it, and a filter that has all its topics and no other's. */
const CHANNELS = {
  status: { from: "device", filters: ({ status }) => [status], echo: true },
  health: { from: "device", filters: ({ health }) => [health] },
  event: { from: "device", filters: ({ event }) => [event("+", false), event("+", true)] },
  snapshot: { from: "device", filters: ({ snapshot }) => [snapshot("+")] },
  "clip-init": { from: "device", filters: ({ clipInit }) => [clipInit("+")] },
  "clip-segment": { from: "device", filters: ({ root }) => [`${root}/clip/+/+/+`] },
  "clip-fin": { from: "device", filters: ({ root }) => [`${root}/clip/+/fin/+/+`] },
  "clip-abort": { from: "device", filters: ({ clipAbort }) => [clipAbort("+")] },
  reply: { from: "device", filters: ({ root }) => [`${root}/reply/+`] },
  "config-reported": { from: "device", filters: ({ root }) => [`${root}/config/reported`] },
  receipt: { from: "cloud", filters: ({ receipt }) => [receipt] },
  command: { from: "cloud", filters: ({ root }) => [`${root}/command/+`] },
  "config-desired": { from: "cloud", filters: ({ root }) => [`${root}/config/desired`] },
} satisfies Record<ParsedTopic["kind"] | "reply" | "command" | "config-desired" | "config-reported", Channel>;

const DISCOVERY = "homeassistant";

/** What each role may do, with `device` as the id of a device: `%u` for a pattern, `+` for all. */
export function accessOf(role: Role, device: string, options: AccessOptions): Access {
  const sent = (from: Channel["from"]) => filtersOf(device, (channel) => channel.from === from);
  const birth = `${DISCOVERY}/status`;
  const discovery = `${DISCOVERY}/device/${device}/config`;
  const { homeAssistant, fileTransfer } = options;
  switch (role) {
    case "device":
      return {
        write: [
          ...sent("device"),
          ...(homeAssistant ? [discovery] : []),
          ...(fileTransfer ? ["$file-async/#"] : []),
        ],
        read: [
          ...sent("cloud"),
          ...filtersOf(device, (channel) => channel.echo === true),
          ...(homeAssistant ? [birth] : []),
          ...(fileTransfer ? [`$file-response/${device}`] : []),
        ],
      };
    case "cloud":
      return {
        write: [...sent("cloud"), ...(fileTransfer ? [`$file-response/${device}`] : [])],
        read: [...sent("device"), ...(fileTransfer ? ["$file-async/#"] : [])],
      };
    case "home-assistant":
      return {
        write: [...filtersOf(device, isCommand), birth],
        read: [...sent("device"), birth, discovery],
      };
  }
}

function filtersOf(device: string, which: (channel: Channel) => boolean): string[] {
  const topics = topicsOf(device);
  const channels: Channel[] = Object.values(CHANNELS);
  return channels.filter(which).flatMap(({ filters }) => filters(topics));
}

function isCommand(channel: Channel): boolean {
  return channel === CHANNELS.command;
}
