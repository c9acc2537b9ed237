import {
  FILE_REASON,
  type FileCommand,
  type FileResponse,
  fileResponseTopic,
  parseFileCommand,
} from "../../agent/contract/file-transfer.ts";
import { sha256, TransferFolder } from "./file-transfer-files.ts";

/** An answer that a tester wants instead of what the document asks for. */
export interface Whim {
  /** Any command when left out. */
  command?: FileCommand["command"];
  code: number;
  /** So many of them; the command is then not carried out. */
  times: number;
}

interface Result {
  code: number;
  description: string;
}

/**
 * The server's side of EIP-0021, as EMQX has it (emqx_ft), on any broker that hands it commands: it stands in for an
 * EMQX where there is none. Files lie in its folder, and outlive it.
 */
export class FileTransferServer {
  /** As with a listener that has a mountpoint, or with the feature off: commands are read, and nobody answers. */
  silent = false;
  readonly #folder: string;
  readonly #whims: Whim[] = [];
  /** Every command that came, and what was answered. */
  readonly commands: { clientId: string; topic: string; code: number }[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The next commands of this kind are answered so, and not carried out. */
  answerNext(whim: Whim): void {
    this.#whims.push({ ...whim });
  }

  /** Whether a topic belongs to it: nobody else hears what is published there, and nobody may subscribe to it. */
  static takes(topic: string): boolean {
    return /^\$file(-async)?(\/|$)/.test(topic);
  }

  /**
   * Carries out one command of a client. Answers what is to be published and where; null when nothing is.
   * `packetId` is that of its PUBLISH.
   */
  receive(
    clientId: string,
    topic: string,
    payload: Buffer,
    packetId: number,
  ): { topic: string; response: FileResponse } | null {
    if (this.silent) return null;
    const command = parseFileCommand(topic);
    const { code, description } = command
      ? this.#carryOut(clientId, command, payload)
      : refuse("invalid_topic");
    this.commands.push({ clientId, topic, code });
    return {
      topic: fileResponseTopic(clientId),
      response: {
        ...{ vsn: "0.1", topic, packet_id: packetId },
        ...{ reason_code: code, reason_description: description },
      },
    };
  }

  /** The file that a client's transfer has become; null before it is whole. */
  fileOf(clientId: string, fileId: string): { name: string; bytes: Buffer } | null {
    return this.#transfer(clientId, fileId).exported;
  }

  /** Segments of an unfinished transfer have outlived their time (`segments_ttl`, as the server bounds it). */
  expire(clientId: string, fileId: string): void {
    this.#transfer(clientId, fileId).forget();
  }

  #transfer(clientId: string, fileId: string): TransferFolder {
    return new TransferFolder(this.#folder, clientId, fileId);
  }

  #carryOut(clientId: string, command: FileCommand, payload: Buffer): Result {
    const whim = this.#whims.find((one) => one.command === undefined || one.command === command.command);
    if (whim) {
      whim.times -= 1;
      if (whim.times <= 0) this.#whims.splice(this.#whims.indexOf(whim), 1);
      return { code: whim.code, description: "as the tester wants it" };
    }
    const transfer = this.#transfer(clientId, command.fileId);
    switch (command.command) {
      case "init":
        return takeInit(transfer, payload.toString("utf8"));
      case "segment":
        return takeSegment(transfer, command, payload);
      case "fin":
        return finish(transfer, command);
      case "abort":
        transfer.forget();
        return DONE;
    }
  }
}

const DONE: Result = { code: FILE_REASON.success, description: "success" };

/** EMQX knows no other code for what goes wrong. */
function refuse(description: string): Result {
  return { code: FILE_REASON.resend, description };
}

/** The same `init` twice is fine, and another one a conflict. */
function takeInit(transfer: TransferFolder, text: string): Result {
  const problem = initProblem(text);
  if (problem !== "") return refuse(problem);
  const before = transfer.init;
  if (before === null) transfer.init = text;
  else if (canonical(before) !== canonical(text)) return refuse("conflict");
  return DONE;
}

/** Segments come in any order, any number of times, of any size. */
function takeSegment(
  transfer: TransferFolder,
  { offset, sha256: expected }: { offset: number; sha256: string },
  payload: Buffer,
): Result {
  if (expected !== "" && sha256(payload) !== expected) return refuse("checksum_mismatch");
  transfer.addSegment(offset, payload);
  return DONE;
}

/** The checksum of `fin` goes before that of `init`. A transfer that is finished is finished once more. */
function finish(transfer: TransferFolder, fin: { bytes: number; sha256: string }): Result {
  if (transfer.exported) {
    transfer.forget();
    return DONE;
  }
  const init = transfer.init;
  if (init === null) return refuse("no_filemeta");
  const whole = transfer.assemble(fin.bytes);
  if (!whole) return refuse("incomplete");
  const { name, checksum = "" }: { name: string; checksum?: string } = JSON.parse(init);
  const expected = fin.sha256 === "" ? checksum.toLowerCase() : fin.sha256;
  if (expected !== "" && sha256(whole) !== expected) return refuse("checksum_mismatch");
  transfer.export(name, whole);
  return DONE;
}

const NAME_MAX_BYTES = 240;
const INIT_FIELDS: Record<string, (value: unknown) => boolean> = {
  name: (value) =>
    typeof value === "string" &&
    value !== "" &&
    Buffer.byteLength(value) <= NAME_MAX_BYTES &&
    !/[/\\:]|^\.\.?$/.test(value),
  size: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  checksum: (value) => typeof value === "string" && /^[0-9a-fA-F]{64}$/.test(value),
  expire_at: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  segments_ttl: (value) => Number.isSafeInteger(value) && Number(value) > 0,
  user_data: () => true,
};

/** emqx_ft_schema.erl, `filemeta`: only `name` is required, and nothing else is known. */
function initProblem(text: string): string {
  let init: unknown;
  try {
    init = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return "bad_json";
    throw error;
  }
  if (typeof init !== "object" || init === null || Array.isArray(init)) return "bad_json";
  if (!("name" in init)) return "name is required";
  const wrong = Object.entries(init).find(([field, value]) => !INIT_FIELDS[field]?.(value));
  return wrong === undefined ? "" : `bad field ${wrong[0]}`;
}

/** The same facts in another order are the same facts. */
function canonical(text: string): string {
  const sorted = (_key: string, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(JSON.parse(text), sorted);
}
