import { describe, expect, test } from "vitest";
import { answerOf, describeError, endingOfDisconnect, endingOfError } from "../../../agent/mqtt/reasons.ts";

const coded = (code: string | number, message = "") => Object.assign(new Error(message), { code });
const endingOf = (error: Error, opening = true) =>
  endingOfError("host:1", error, describeError(error, ""), opening);

test.each<[string, Error, string, RegExp]>([
  ["3.1.1: bad credentials", coded(4), "refused", /Bad username or password \(0x04\)/],
  ["3.1.1: not authorized", coded(5), "refused", /Not authorized \(0x05\)/],
  ["3.1.1: server unavailable passes by itself", coded(3), "unreachable", /Server unavailable/],
  ["5: bad credentials", coded(0x86), "refused", /Bad User Name or Password \(0x86\)/],
  ["5: server busy passes by itself", coded(0x89), "unreachable", /Server busy/],
  ["a code that nobody knows", coded(0xfe), "refused", /unknown reason \(0xfe\)/],
  ["no listener", coded("ECONNREFUSED", "connect ECONNREFUSED"), "unreachable", /nothing listens there/],
  ["an unknown name", coded("ENOTFOUND"), "unreachable", /its name is not known/],
  ["a websocket's wrong path", new Error("Unexpected server response: 404"), "refused", /404/],
  ["a websocket's server in trouble", new Error("Unexpected server response: 503"), "unreachable", /503/],
  ["no word", new Error("connack timeout"), "unreachable", /connack timeout/],
])("an attempt that ends by %s", (_, error, cause, detail) => {
  expect(endingOf(error)).toMatchObject({ cause, detail: expect.stringMatching(detail) });
});

test("a connection that fails later was closed, whatever the code", () => {
  expect(endingOf(coded("ECONNRESET"), false).cause).toBe("closed");
  expect(endingOf(coded(0x82, "Protocol error"), false).cause).toBe("closed");
});

test("DISCONNECT in words; those that say no to this client are the operator's", () => {
  expect(endingOfDisconnect("host:1", 0x8e)).toEqual({
    cause: "closed",
    detail: "host:1 ended the connection: Session taken over (0x8e)",
  });
  expect(endingOfDisconnect("host:1", 0x87).cause).toBe("refused");
  expect(endingOfDisconnect("host:1", 0).detail).toBe("host:1 ended the connection");
});

test("only a reason code of a PUBACK answers a publish", () => {
  expect(answerOf(coded(0x97))).toEqual({
    cause: "refused",
    detail: "the broker refused it: Quota exceeded (0x97)",
    reasonCode: 0x97,
  });
  expect(answerOf(new Error("Connection closed"))).toBe("lost");
  expect(answerOf(coded("ECONNRESET"))).toBe("lost");
});

describe("one line for a person", () => {
  test("without the password", () => {
    expect(describeError(new Error("no entry for s3cret at s3cret"), "s3cret")).toBe("no entry for … at …");
  });
  test("without control characters, and not endless", () => {
    const line = describeError(new Error(`a\r\n\u001b[31mb${"c".repeat(500)}`), "");
    expect(line).toMatch(/^[ -~]{200}$/);
  });
  test("from what is not even an error", () => {
    expect(describeError("odd", "")).toBe("odd");
    expect(describeError(new AggregateError([], ""), "")).toBe("failed");
  });
});
