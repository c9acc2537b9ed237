import { type Static, Type } from "typebox";
import { readMessage } from "./read-message.ts";
import type { Settings } from "./settings.ts";
import { topicsOf } from "./topics.ts";

/**
 * File transfer over MQTT as EMQX has it (EIP-0021). With `$file-async` a broker stores clips itself, forwards nothing of
 * them to anybody, and answers each command on a topic of the client: its PUBACK means only that it has read it.
 */

type ClipPrefix = Settings["clip"]["prefix"];

/** Topics of a clip's messages: below the device's own, or the broker's. The file's id is the clip's. */
export function clipTopicsOf(prefix: ClipPrefix, deviceId: string) {
  const { clipInit, clipSegment, clipFin, clipAbort } = topicsOf(deviceId);
  if (prefix === "clip") return { init: clipInit, segment: clipSegment, fin: clipFin, abort: clipAbort };
  const file = (fileId: string, command: string) => `${prefix}/${fileId}/${command}`;
  return {
    init: (fileId: string) => file(fileId, "init"),
    segment: (fileId: string, offset: number, sha256: string) => file(fileId, `${offset}/${sha256}`),
    fin: (fileId: string, bytes: number, sha256: string) => file(fileId, `fin/${bytes}/${sha256}`),
    abort: (fileId: string) => file(fileId, "abort"),
  };
}

/** Where the broker answers a client. Its id is the device's. */
export function fileResponseTopic(clientId: string): string {
  return `$file-response/${clientId}`;
}

/** What an answer asks of the client (EIP-0021, "Reason codes"). */
export const FILE_REASON = {
  success: 0x00,
  resendAll: 0x10,
  /** The segment again; after `fin`, all of them. */
  resend: 0x80,
  cancel: 0x83,
  pause: 0x97,
} as const;

/** `$file-response/{clientId}`. */
export const FileResponse = Type.Object({
  vsn: Type.String({ description: "Version of this document" }),
  topic: Type.String({ description: "Of the command that is answered" }),
  packet_id: Type.Integer({ minimum: 0, maximum: 65535, description: "Of its PUBLISH" }),
  reason_code: Type.Integer({ minimum: 0, maximum: 255 }),
  reason_description: Type.String({ description: "For a person" }),
});
export type FileResponse = Static<typeof FileResponse>;

/** A command of a file transfer, as its topic tells it. `sha256` is empty where none is given. */
export type FileCommand = { fileId: string } & (
  | { command: "init" | "abort" }
  | { command: "segment"; offset: number; sha256: string }
  | { command: "fin"; bytes: number; sha256: string }
);

const COMMAND =
  /^\$file(?:-async)?\/([^/]+)\/(?:(init|abort)|(fin\/)?(0|[1-9][0-9]{0,14})(?:\/([0-9a-fA-F]{64}))?)$/;

/** Reads the topic of a command; null when it is none. */
export function parseFileCommand(topic: string): FileCommand | null {
  const match = COMMAND.exec(topic);
  if (!match) return null;
  const [, fileId = "", alone, fin, number = "", checksum = ""] = match;
  if (alone === "init" || alone === "abort") return { fileId, command: alone };
  const sha256 = checksum.toLowerCase();
  return fin === undefined
    ? { fileId, command: "segment", offset: Number(number), sha256 }
    : { fileId, command: "fin", bytes: Number(number), sha256 };
}

/** An answer to one command. */
export type FileAnswer = FileCommand & { code: number; description: string };

/** Reads an answer's JSON text; a string says in one line why it is none. */
export function parseFileResponse(text: string): FileAnswer | string {
  const message = readMessage(FileResponse, text);
  if (typeof message === "string") return message;
  const command = parseFileCommand(message.topic);
  if (!command) return "/topic is no command of a file transfer";
  return { ...command, code: message.reason_code, description: message.reason_description };
}
