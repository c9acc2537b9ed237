import ts from "typescript";

/** One place where a file does what is banned there, and what to do instead. */
export interface Finding {
  line: number;
  /** The words that stand there, such as `Date.now`. */
  banned: string;
  instead: string;
}

const NOW = "the input's `now` or `occurredAt`, or the port `Clock` that was passed in";
const CHANCE = "the seeded generator of the state (agent/core) or of the world (simulator/world)";
const TIMER = "a `timer.set` action, or the port `Timers`";
const ANSWER = "an action, answered later by an input";
const UTC = "the UTC methods (getUTC…, toISOString)";
const WORDS = "plain text: code points compare by `<`, and times are ISO 8601";
const PASSED_IN = "what is passed in by the composition root";
const EXACT = "integers, or the exact functions of `Math`: results of the others differ between machines";
const LOG = "a `log` action";

/** Names that are there without an import. */
const GLOBALS: ReadonlyMap<string, string> = new Map([
  ["performance", NOW],
  ["crypto", CHANCE],
  ["Intl", WORDS],
  ["setTimeout", TIMER],
  ["setInterval", TIMER],
  ["setImmediate", TIMER],
  ["queueMicrotask", ANSWER],
  ["Promise", ANSWER],
  ["Worker", ANSWER],
  ["fetch", ANSWER],
  ["WebSocket", ANSWER],
  ["process", PASSED_IN],
  ["global", PASSED_IN],
  ["globalThis", PASSED_IN],
  ["require", PASSED_IN],
  ["Buffer", "`Uint8Array`, `DataView` and `TextEncoder`"],
  ["WeakRef", "state that is plain data"],
  ["FinalizationRegistry", "state that is plain data"],
  ["eval", "code"],
  ["console", LOG],
]);

/** Of these ECMA-262 leaves no digit to the machine. */
const EXACT_MATH = new Set([
  "abs",
  "ceil",
  "clz32",
  "floor",
  "fround",
  "imul",
  "max",
  "min",
  "round",
  "sign",
  "sqrt",
  "trunc",
]);

/** Methods that answer by the machine's time zone or language, whatever they are called on. */
const LOCAL_METHOD = /^(?:toLocale\w*|localeCompare|toTimeString|toDateString|getTimezoneOffset)$/;
const LOCAL_TIME = /^[gs]et(?:Year|FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds)$/;

export interface Allowances {
  /** `await`, `async` and `Promise` may be used. */
  promises?: boolean;
  /** `Buffer` may be used. */
  buffer?: boolean;
  /** Only what keeps a file from running in a browser is banned. */
  browserOnly?: boolean;
  /** These of Node's modules may be imported. */
  modules?: readonly string[];
}

/** Every banned use in a source text, by its syntax tree: comments, texts and own properties of a name are no use. */
export function findBans(source: string, allow: Allowances = {}): Finding[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.ES2023, true);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    const [banned, instead] = banAt(node, allow) ?? [];
    if (banned !== undefined && instead !== undefined && isWanted(banned, allow)) {
      findings.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, banned, instead });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return findings;
}

const PROMISES = new Set(["await", "async", "Promise"]);
const NOT_IN_BROWSERS = /^(?:node:.*|process|global|require|Buffer|setImmediate)$/;

function isWanted(banned: string, allow: Allowances): boolean {
  if (allow.promises === true && PROMISES.has(banned)) return false;
  if (allow.buffer === true && banned === "Buffer") return false;
  return allow.browserOnly !== true || NOT_IN_BROWSERS.test(banned);
}

type Ban = [banned: string, instead: string];

function banAt(node: ts.Node, allow: Allowances): Ban | null {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier))
    return ["await", ANSWER];
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return ["async", ANSWER];
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) return banOfCall(node);
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return banOfImport(node, allow);
  if (ts.isPropertyAccessExpression(node)) return banOfMember(node);
  if (ts.isIdentifier(node) && isGlobalUse(node)) return banOfGlobal(node);
  return null;
}

function banOfCall(node: ts.NewExpression | ts.CallExpression): Ban | null {
  if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return ["import()", PASSED_IN];
  if (!ts.isIdentifier(node.expression) || node.expression.text !== "Date") return null;
  const given = node.arguments?.length ?? 0;
  if (ts.isCallExpression(node) || given === 0) return ["new Date()", NOW];
  return given > 1 ? ["new Date(year, …)", `\`Date.UTC\`, or ${UTC}`] : null;
}

function banOfImport(node: ts.ImportDeclaration | ts.ExportDeclaration, allow: Allowances): Ban | null {
  const from = node.moduleSpecifier;
  if (!from || !ts.isStringLiteral(from) || !from.text.startsWith("node:")) return null;
  return allow.modules?.includes(from.text)
    ? null
    : [from.text, "a port: an adapter in device/linux does it"];
}

function banOfMember({ expression, name }: ts.PropertyAccessExpression): Ban | null {
  if (LOCAL_METHOD.test(name.text)) return [name.text, WORDS];
  if (LOCAL_TIME.test(name.text)) return [name.text, UTC];
  if (!ts.isIdentifier(expression)) return null;
  if (expression.text === "Date" && name.text === "now") return ["Date.now", NOW];
  if (expression.text !== "Math" || EXACT_MATH.has(name.text)) return null;
  return [`Math.${name.text}`, name.text === "random" ? CHANCE : EXACT];
}

function banOfGlobal(node: ts.Identifier): Ban | null {
  // `Math.x` is judged by its member; any other use hides which function is meant.
  if (node.text === "Math" && !isHeadOfMember(node)) return ["Math", `\`Math.name\`: ${EXACT}`];
  if (node.text === "Date" && ts.isVariableDeclaration(node.parent)) return ["Date", NOW];
  const instead = GLOBALS.get(node.text);
  return instead === undefined ? null : [node.text, instead];
}

function isHeadOfMember(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    ts.isPropertyAccessExpression(parent) && parent.expression === node && /^\w+$/.test(parent.name.text)
  );
}

/** Whether an identifier stands for a value of that name, and is not the name of a member, a declaration or a type. */
function isGlobalUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isEnumMember(parent)) return parent.initializer === node;
  if (ts.isTypeNode(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent))
    return isInitializer(node, parent);
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isQualifiedName(parent))
    return false;
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent))
    return parent.initializer === node;
  return !(
    ts.isFunctionDeclaration(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isLabeledStatement(parent)
  );
}

function isInitializer(node: ts.Identifier, parent: ts.Node): boolean {
  return ts.isPropertyDeclaration(parent) && parent.initializer === node;
}
