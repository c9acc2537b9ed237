import { expect, test } from "vitest";
import { commandOfLine, commandsOfKeys } from "../../../simulator/live/keys.ts";

test("keys of a terminal, several at once and in capitals", () => {
  expect(commandsOfKeys(" rHdbcq")).toEqual(["ring", "ring", "hold", "double", "broker", "camera", "quit"]);
  expect(commandsOfKeys("\u0003")).toEqual(["quit"]);
});

test("an arrow, a pasted word's other letters and a mouse ask for nothing", () => {
  expect(commandsOfKeys("\u001b[B")).toEqual([]);
  expect(commandsOfKeys("xyz")).toEqual([]);
});

test("lines: names and keys, nothing that an object would know by itself", () => {
  expect(commandOfLine(" Double\r")).toBe("double");
  expect(commandOfLine("b")).toBe("broker");
  expect(commandOfLine("constructor")).toBeNull();
  expect(commandOfLine("")).toBeNull();
});
