/** What somebody at the keyboard can do. */
export const COMMANDS = ["ring", "hold", "double", "broker", "camera", "quit"] as const;
export type Command = (typeof COMMANDS)[number];

const KEYS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [" ", "ring"],
  ["r", "ring"],
  ["h", "hold"],
  ["d", "double"],
  ["b", "broker"],
  ["c", "camera"],
  ["q", "quit"],
  // In raw mode Ctrl-C and Ctrl-D are letters like others.
  ["\u0003", "quit"],
  ["\u0004", "quit"],
]);

/** What a chunk of raw terminal input asks for. An escape sequence (an arrow, a mouse) asks for nothing. */
export function commandsOfKeys(input: string): Command[] {
  if (input.startsWith("\u001b")) return [];
  return [...input.toLowerCase()].flatMap((key) => KEYS.get(key) ?? []);
}

/** What a line of input asks for: the command's name or its key; null when it is neither. */
export function commandOfLine(line: string): Command | null {
  const word = line.trim().toLowerCase();
  return COMMANDS.find((command) => command === word) ?? KEYS.get(word) ?? null;
}
