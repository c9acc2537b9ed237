import type { CommandName } from "../contract/commands.ts";

/** What somebody has asked of the doorbell, and what they have still to be told. */
export interface CommandsState {
  underWay: UnderWay[];
  /** When the requests of the last minute came. */
  recentMs: number[];
  /** Numbers what is begun: ids of pictures and clips, and what is asked of the store of clips. */
  begun: number;
  /** Answers of this start, oldest first, within `REPLY_MEMORY`. */
  answered: Answered[];
  outgoing: OutgoingReply[];
  /** Numbers the outgoing replies. */
  replies: number;
  /** Bytes that a reply waits for; 0 when none waits. Meanwhile nothing else but a live press takes the room. */
  needsBytes: number;
  /** A restart that waits until its own reply is acknowledged. */
  restart: { requestId: string; reply: number } | null;
  /** Requests that earlier restarts were done for. */
  restarted: string[];
  crashes: { utcMs: number; reason: string }[];
}

/** A request that is being done. */
export interface UnderWay {
  requestId: string;
  command: CommandName;
  /** What it says, to tell it from another one of the same id. */
  content: string;
  to: ReplyAddress;
  sinceMs: number;
  dueMs: number;
  waits: Waits;
}

/** What the answer waits for. */
export type Waits =
  | { for: "still"; eventId: string }
  | { for: "clip"; clipId: string }
  /** A numbered question to the store of clips. */
  | { for: "clips"; request: number }
  /** The event of a self-test, and when each part of its way was done, counted from the request. */
  | {
      for: "event";
      eventId: string;
      sequence: number;
      storedMs: number | null;
      publishedMs: number | null;
      receivedMs: number | null;
    };

export interface ReplyAddress {
  topic: string;
  /** In base64. */
  correlation: string | null;
}

export interface Answered {
  requestId: string;
  content: string;
  text: string;
  atMs: number;
}

export interface OutgoingReply {
  number: number;
  requestId: string;
  to: ReplyAddress;
  text: string;
  sinceMs: number;
  /** On how many connections it was sent. */
  tries: number;
  /** The last of them; 0 for none. */
  sentOn: number;
}

export function newCommands(): CommandsState {
  return {
    underWay: [],
    recentMs: [],
    begun: 0,
    answered: [],
    outgoing: [],
    replies: 0,
    needsBytes: 0,
    restart: null,
    restarted: [],
    crashes: [],
  };
}
