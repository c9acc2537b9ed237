/**
 * A value for a message to a person: short, without control characters, and with nothing that may be a secret:
 * of an address only its scheme and host, and neither if it holds more than that and a port and path.
 */
export function inWords(value: unknown): string {
  switch (typeof value) {
    case "string":
      return textInWords(value);
    case "number":
    case "boolean":
      return String(value);
    case "undefined":
      return "nothing";
    default:
      return value === null ? "nothing" : Array.isArray(value) ? listInWords(value) : "a map";
  }
}

const LONGEST = 60;

function textInWords(text: string): string {
  const shown = text.includes("@") || text.includes("?") ? withoutSecret(text) : text;
  return JSON.stringify(shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown);
}

/** Whatever stands around an `@` may be a password, and what follows a `?` a token. */
function withoutSecret(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text);
  return `${scheme ? scheme[0] : ""}…`;
}

function listInWords(list: readonly unknown[]): string {
  return list.length === 0 ? "an empty list" : `a list of ${list.slice(0, 4).map(inWords).join(", ")}`;
}
