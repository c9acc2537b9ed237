import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clipTopicsOf,
  fileResponseTopic,
  parseFileCommand,
  parseFileResponse,
} from "../../../agent/contract/file-transfer.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";

const SHA = "ab".repeat(32);
const files = clipTopicsOf("$file-async", "front-door");
const answer = (more: object = {}) =>
  JSON.stringify({
    ...{ vsn: "0.1", topic: `$file-async/x-c1/0/${SHA}`, packet_id: 1, reason_code: 0 },
    ...{ reason_description: "success", ...more },
  });

describe("file transfer", () => {
  it("has the topics of EIP-0021, and ours with the same levels", () => {
    expect(files.init("x-c1")).toBe("$file-async/x-c1/init");
    expect(files.segment("x-c1", 4_096, SHA)).toBe(`$file-async/x-c1/4096/${SHA}`);
    expect(files.fin("x-c1", 9, SHA)).toBe(`$file-async/x-c1/fin/9/${SHA}`);
    expect(files.abort("x-c1")).toBe("$file-async/x-c1/abort");
    expect(fileResponseTopic("front-door")).toBe("$file-response/front-door");
    const own = clipTopicsOf("clip", "front-door");
    expect(own.fin("x-c1", 9, SHA)).toBe(topicsOf("front-door").clipFin("x-c1", 9, SHA));
  });

  it("reads its own topics back", () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    const number = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(id, number, (fileId, n) => {
        expect(parseFileCommand(files.init(fileId))).toEqual({ fileId, command: "init" });
        expect(parseFileCommand(files.abort(fileId))).toEqual({ fileId, command: "abort" });
        const segment = { fileId, command: "segment", offset: n, sha256: SHA };
        expect(parseFileCommand(files.segment(fileId, n, SHA))).toEqual(segment);
        expect(parseFileCommand(files.fin(fileId, n, SHA))).toEqual({
          ...{ fileId, command: "fin", bytes: n, sha256: SHA },
        });
      }),
    );
  });

  it("takes checksums for optional, and no other topic for a command", () => {
    expect(parseFileCommand("$file/f/7")).toEqual({ fileId: "f", command: "segment", offset: 7, sha256: "" });
    expect(parseFileCommand("$file/f/fin/7")).toEqual({ fileId: "f", command: "fin", bytes: 7, sha256: "" });
    const wrong = ["$file/f", "$file//init", "$file/f/init/x", "$file/f/007", "$file/f/fin", "$file/f/1/abc"];
    for (const topic of [...wrong, "file/f/init", "$files/f/init", "$file/f/-1", "$file/f/fin/1/2/3"])
      expect(parseFileCommand(topic)).toBeNull();
  });

  it("reads answers, with what may come later in them", () => {
    const read = {
      fileId: "x-c1",
      command: "segment",
      offset: 0,
      sha256: SHA,
      code: 0,
      description: "success",
    };
    expect(parseFileResponse(answer())).toEqual(read);
    expect(parseFileResponse(answer({ vsn: "0.2", node: "emqx@127.0.0.1" }))).toEqual(read);
  });

  it.each([
    ["not JSON", "{"],
    ["no object", "[]"],
    ["no code", answer({ reason_code: "0" })],
    ["no reason code of MQTT", answer({ reason_code: 256 })],
    ["no command", answer({ topic: "porchlight/v1/front-door/clip/x/init" })],
  ])("refuses an answer that is %s", (_why, text) => {
    expect(parseFileResponse(text)).toBeTypeOf("string");
  });

  it("never throws, whatever comes", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseFileResponse(text)));
    fc.assert(fc.property(fc.json(), (text) => void parseFileResponse(text)));
    fc.assert(fc.property(fc.string(), (text) => void parseFileCommand(text)));
  });
});
