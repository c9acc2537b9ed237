import { CHANNELS, type Channel, PREFIX } from "../contract/channels.ts";
import { fileResponseTopic } from "../contract/file-transfer.ts";
import { birthTopic, discoveryTopic } from "../contract/home-assistant.ts";

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

const DISCOVERY = "homeassistant";

/** What each role may do, with `device` as the id of a device: `%u` for a pattern, `+` for all. */
export function accessOf(role: Role, device: string, options: AccessOptions): Access {
  const sent = (by: Channel["sender"]) => filtersOf(device, ({ sender }) => sender === by);
  const birth = birthTopic(DISCOVERY);
  const discovery = discoveryTopic(DISCOVERY, device);
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
          ...filtersOf(device, ({ watched }) => watched === true),
          ...(homeAssistant ? [birth] : []),
          ...(fileTransfer ? [fileResponseTopic(device)] : []),
        ],
      };
    case "cloud":
      return {
        write: [...sent("cloud"), ...(fileTransfer ? [fileResponseTopic(device)] : [])],
        read: [...sent("device"), ...(fileTransfer ? ["$file-async/#"] : [])],
      };
    case "home-assistant":
      return {
        write: [...filtersOf(device, isCommand), birth],
        read: [...sent("device"), birth, discovery],
      };
  }
}

/** A filter for each channel below a device that has all its topics and no other's. */
function filtersOf(device: string, which: (channel: Channel) => boolean): string[] {
  const root = `${PREFIX}/{deviceId}/`;
  return Object.values<Channel>(CHANNELS)
    .filter((channel) => channel.address.startsWith(root) && which(channel))
    .map(({ address }) => inTopics(address, device));
}

function inTopics(address: string, device: string): string {
  return address.replaceAll(/\{(\w+)\}/g, (_, parameter) => (parameter === "deviceId" ? device : "+"));
}

function isCommand(channel: Channel): boolean {
  return channel === CHANNELS.command;
}
