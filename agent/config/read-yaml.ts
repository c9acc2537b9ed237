import { closeSync, openSync, readSync } from "node:fs";
import {
  isAlias,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { ConfigurationError } from "../contract/errors.ts";

/** What a configuration file says, and on which line it says it. */
export interface FileContent {
  file: string;
  /** The top level of the file; not yet checked in any way. */
  values: Record<string, unknown>;
  /** Line of each key by its path, such as `button` and `button.holdMs`; counts from 1. */
  lines: ReadonlyMap<string, number>;
}

/** No configuration is larger; more is some other file. */
const MAX_BYTES = 262_144;
const MAX_DEPTH = 32;

/**
 * Reads a YAML 1.2 file of settings. An empty file, and an empty section in it, set nothing.
 * @throws ConfigurationError in one line when the file cannot be read, or is not a YAML map of one document; what
 * the file says is never repeated in the message, since it may be a secret in the wrong place.
 */
export function readYamlFile(file: string): FileContent {
  return parseYaml(file, readTextFile(file, CONFIGURATION));
}

/** The UTF-8 text of a file. @throws ConfigurationError in one line when it cannot be read, or is too large. */
export function readTextFile(file: string, kind: YamlKind): string {
  return decodeUtf8(file, readBytes(file), kind);
}

/** `readYamlFile` for text that is at hand; `file` is for messages only. */
export function parseYaml(file: string, text: string): FileContent {
  const { top, values, placeOf } = composeYaml(file, text, CONFIGURATION);
  const lineOf = (node: Node) => placeOf(node).line;
  const refuse = (line: number, why: string) => new ConfigurationError([`${file}:${line}: ${why}`]);
  if (top === null) return { file, values: {}, lines: new Map() };
  if (!isMap(top)) throw refuse(lineOf(top), "a configuration is a map of sections, such as `button:`");

  const lines = new Map<string, number>();
  noteLines(top, "", lines, lineOf, refuse);
  return { file, values: emptySections(values() as Record<string, unknown>), lines };
}

/** A kind of YAML file of ours, for messages. */
export interface YamlKind {
  /** Such as `a configuration`. */
  one: string;
  /** What stands in it, such as `settings`. */
  content: string;
  /** Messages name the column, too. */
  columns: boolean;
}

/** Counts from 1. */
export interface Place {
  line: number;
  column: number;
}

/** A YAML document of which nothing is known but that it is one, without anchors, tags and directives. */
export interface YamlNodes {
  /** Null when it is empty. */
  top: Node | null;
  /** All of it as plain values. */
  values(): unknown;
  placeOf(node: Node): Place;
}

const CONFIGURATION: YamlKind = { one: "a configuration", content: "settings", columns: false };

/**
 * Reads YAML 1.2 into nodes that know their places; `file` is for messages only.
 * @throws ConfigurationError in one line that holds nothing of the text when it is not plain YAML of one document.
 */
export function composeYaml(file: string, text: string, kind: YamlKind): YamlNodes {
  const counter = new LineCounter();
  const placeOf = (node: Node) => placeAt(counter, node.range?.[0] ?? 0);
  const refuse = ({ line, column }: Place, why: string) =>
    new ConfigurationError([`${file}:${line}${kind.columns ? `:${column}` : ""}: ${why}`]);

  refuseDepth(text, (line) => refuse({ line, column: 1 }, `nested too deeply to be ${kind.one}`));
  // prettyErrors would put the line itself, and with it perhaps a password, into the message.
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    version: "1.2",
    schema: "core",
  });
  const [error] = [...document.errors, ...document.warnings];
  if (error) throw refuse(placeAt(counter, error.pos[0]), whatIsWrong(error, kind));

  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node) || (!isAlias(node) && node.anchor !== undefined)) {
        throw refuse(
          placeOf(node),
          `anchors and aliases (& and *) are not used in ${kind.content}: write the value out`,
        );
      }
    },
  });
  const top = document.contents;
  const isEmpty = top === null || (isScalar(top) && top.value === null);
  return { top: isEmpty ? null : top, values: () => document.toJS({ maxAliasCount: 0 }), placeOf };
}

function placeAt(counter: LineCounter, offset: number): Place {
  const { line, col } = counter.linePos(offset);
  return { line, column: col };
}

/** The library composes documents by recursion: some ten thousand open brackets would end the process. */
function refuseDepth(text: string, refusal: (line: number) => Error): void {
  const parser = new Parser();
  let line = 1;
  for (const lexeme of new Lexer().lex(text)) {
    for (const _token of parser.next(lexeme)) {
      // Only the depth of what is being built matters here.
    }
    if (parser.stack.length > MAX_DEPTH) throw refusal(line);
    line += lexeme.split("\n").length - 1;
  }
}

/** In words that hold nothing of the file: the library's own message may quote it after a colon. */
function whatIsWrong({ code, message }: YAMLError, { one, content }: YamlKind): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return "the same name twice";
    case "TAB_AS_INDENT":
      return "indented with a tab: YAML indents with spaces";
    case "MULTIPLE_DOCS":
      return `a second document begins: ${one} is one`;
    case "TAG_RESOLVE_FAILED":
      return `tags (!) are not used in ${content}`;
    case "BAD_DIRECTIVE":
      return `directives (%) are not used in ${content}: put text that begins with % in quotes`;
    case "BAD_DQ_ESCAPE":
      return "a \\ in double quotes begins an escape: use single quotes, or \\\\";
    default:
      return `not YAML: ${message.split(/[:"\n]/, 1).join("")}`;
  }
}

function noteLines(
  map: YAMLMap,
  prefix: string,
  lines: Map<string, number>,
  lineOf: (node: Node) => number,
  refuse: (line: number, why: string) => Error,
): void {
  for (const { key, value } of map.items) {
    if (!isScalar(key)) throw refuse(lineOf(map), "the name of a setting is plain text");
    const path = `${prefix}${key.value}`;
    lines.set(path, lineOf(key));
    if (isMap(value) && prefix === "") noteLines(value, `${path}.`, lines, lineOf, refuse);
  }
}

function emptySections(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? {}]));
}

function readBytes(file: string): Uint8Array {
  try {
    const descriptor = openSync(file, "r");
    try {
      return readUpTo(descriptor, MAX_BYTES + 1);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new ConfigurationError([`${file}: cannot be read: ${whyNot(error)}`], { cause: error });
  }
}

function readUpTo(descriptor: number, limit: number): Uint8Array {
  const bytes = new Uint8Array(limit);
  let filled = 0;
  while (filled < limit) {
    const read = readSync(descriptor, bytes, filled, limit - filled, null);
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

function decodeUtf8(file: string, bytes: Uint8Array, { one }: YamlKind): string {
  if (bytes.length > MAX_BYTES) {
    throw new ConfigurationError([`${file}: larger than ${MAX_BYTES / 1024} KiB: this is not ${one}`]);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigurationError([`${file}: not UTF-8 text`], { cause: error });
  }
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "permission denied";
    case "EISDIR":
      return "it is a folder";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
