import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FILE_REASON, parseFileResponse } from "../../../agent/contract/file-transfer.ts";
import { FileTransferServer } from "../../../simulator/network/file-transfer-server.ts";

const shaOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const BYTES = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 251));
const SHA = shaOf(BYTES);
const INIT = JSON.stringify({ name: "a.tar", segments_ttl: 600, user_data: { clipId: "f" } });

let folder: string;
let server: FileTransferServer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-files-"));
  server = new FileTransferServer(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The code that a command of a client comes to. */
function send(command: string, payload: Buffer | string = "", client = "front-door", fileId = "f"): number {
  const topic = `$file-async/${fileId}/${command}`;
  const answer = server.receive(client, topic, Buffer.from(payload), 7);
  return answer?.response.reason_code ?? -1;
}

const segment = (from: number, to: number, checksum = true) => {
  const bytes = BYTES.subarray(from, to);
  return send(checksum ? `${from}/${shaOf(bytes)}` : String(from), bytes);
};
const stored = (fileId = "f", client = "front-door") => server.fileOf(client, fileId)?.bytes ?? null;

describe("the server's side of EIP-0021", () => {
  it("puts a file together, and answers on the topic of the client", () => {
    expect(send("init", INIT)).toBe(0);
    expect([segment(0, 400), segment(400, 1_000)]).toEqual([0, 0]);
    const topic = `$file-async/f/fin/1000/${SHA}`;
    const answer = server.receive("front-door", topic, Buffer.alloc(0), 65_535);
    expect(answer).toEqual({
      topic: "$file-response/front-door",
      response: { vsn: "0.1", topic, packet_id: 65_535, reason_code: 0, reason_description: "success" },
    });
    expect(parseFileResponse(JSON.stringify(answer?.response))).toMatchObject({ command: "fin", code: 0 });
    expect(server.fileOf("front-door", "f")).toEqual({ name: "a.tar", bytes: BYTES });
  });

  it("takes segments in any order, repeated, overlapping and of any size", () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.infiniteStream(fc.nat(1_000)), (at, chance) => {
        const edges = [0, ...at.sort((a, b) => a - b), 1_000];
        const parts = edges.slice(1).map((to, i) => [Math.max(0, (edges[i] ?? 0) - 3), to] as const);
        const order = [...parts, ...parts.slice(0, 2)]
          .map((part) => ({ part, rank: chance.next().value }))
          .sort((a, b) => a.rank - b.rank);
        for (const { part } of order) segment(...part);
        expect(send("init", INIT)).toBe(0);
        expect(send(`fin/1000/${SHA}`)).toBe(0);
        expect(stored()).toEqual(BYTES);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 30 },
    );
  });

  it("takes the same init twice, and refuses another one as a conflict", () => {
    expect([send("init", INIT), send("init", INIT)]).toEqual([0, 0]);
    const other = JSON.stringify({ ...JSON.parse(INIT), name: "b.tar" });
    expect(send("init", other)).toBe(FILE_REASON.resend);
    const turned = JSON.stringify({ user_data: { clipId: "f" }, segments_ttl: 600, name: "a.tar" });
    expect(send("init", turned)).toBe(0);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no name", "{}"],
    ["a path for a name", '{"name":"../a"}'],
    ["a name with a colon", '{"name":"a:b"}'],
    ["a reserved name", '{"name":".."}'],
    ["a name of more than 240 bytes", JSON.stringify({ name: "ö".repeat(121) })],
    ["a size below zero", '{"name":"a","size":-1}'],
    ["a checksum that is none", '{"name":"a","checksum":"abc"}'],
    ["a time to live of nothing", '{"name":"a","segments_ttl":0}'],
    ["a field nobody knows", '{"name":"a","colour":"red"}'],
  ])("refuses an init with %s", (_what, text) => {
    expect(send("init", text)).toBe(FILE_REASON.resend);
  });

  it("takes size and checksum for optional: only the name is required", () => {
    expect(send("init", '{"name":"a"}')).toBe(0);
    expect(send("init", JSON.stringify({ name: "a", size: 3, checksum: SHA, expire_at: 9 }), "x")).toBe(0);
  });

  it("refuses a segment whose checksum is wrong, and keeps nothing of it", () => {
    send("init", INIT);
    expect(send(`0/${SHA}`, BYTES.subarray(0, 999))).toBe(FILE_REASON.resend);
    expect(send("fin/999")).toBe(FILE_REASON.resend);
  });

  it("refuses fin without init, with a hole, or with a wrong checksum; init's checksum counts where fin has none", () => {
    segment(0, 1_000, false);
    expect(send(`fin/1000/${SHA}`)).toBe(FILE_REASON.resend);
    send("init", JSON.stringify({ name: "a", checksum: shaOf(Buffer.from("other")) }));
    expect(send("fin/1000")).toBe(FILE_REASON.resend);
    expect(send(`fin/1000/${shaOf(Buffer.from("x"))}`)).toBe(FILE_REASON.resend);
    expect(send(`fin/1001/${SHA}`)).toBe(FILE_REASON.resend);
    expect(stored()).toBeNull();
    expect(send(`fin/1000/${SHA}`)).toBe(0);
    expect(stored()).toEqual(BYTES);
  });

  it("says at once that a file is whole when fin comes again, also after it was started anew", () => {
    send("init", INIT);
    segment(0, 1_000);
    send(`fin/1000/${SHA}`);
    server = new FileTransferServer(folder);
    expect(send("init", INIT)).toBe(0);
    expect(send(`fin/1000/${SHA}`)).toBe(0);
    expect(stored()).toEqual(BYTES);
  });

  it("keeps the files of clients apart, under one file id", () => {
    send("init", INIT, "a");
    expect(send("init", INIT.replace("a.tar", "b.tar"), "b")).toBe(0);
    send("0", BYTES, "a");
    expect(send(`fin/1000/${SHA}`, "", "b")).toBe(FILE_REASON.resend);
    expect(send(`fin/1000/${SHA}`, "", "a")).toBe(0);
    expect([stored("f", "a"), stored("f", "b")]).toEqual([BYTES, null]);
  });

  it("forgets what was aborted, and what has expired", () => {
    for (const forget of [() => send("abort"), () => server.expire("front-door", "f")]) {
      send("init", INIT);
      segment(0, 1_000);
      forget();
      expect(send(`fin/1000/${SHA}`)).toBe(FILE_REASON.resend);
    }
  });

  it("answers what the tester wants, so often, and carries nothing of that out", () => {
    server.answerNext({ command: "segment", code: FILE_REASON.pause, times: 2 });
    expect(send("init", INIT)).toBe(0);
    expect([segment(0, 1_000), segment(0, 1_000)]).toEqual([FILE_REASON.pause, FILE_REASON.pause]);
    expect(send(`fin/1000/${SHA}`)).toBe(FILE_REASON.resend);
    expect(segment(0, 1_000)).toBe(0);
    server.silent = true;
    expect(segment(0, 1_000)).toBe(-1);
  });

  it("takes its own topics and no others, and refuses commands that are none", () => {
    expect(["$file/a/init", "$file-async/#", "$file"].every(FileTransferServer.takes)).toBe(true);
    expect(["$file-response/a", "$files/a", "file/a", "#"].some(FileTransferServer.takes)).toBe(false);
    expect(send("begin")).toBe(FILE_REASON.resend);
  });
});
