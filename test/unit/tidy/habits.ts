import ts from "typescript";
import type { Finding } from "./bans.ts";

/** Longest file that still reads top to bottom. */
export const LONGEST_FILE_LINES = 400;

/** What is banned everywhere: failures that nobody hears of, and work that is put off in a comment. */
export function findHabits(source: string): Finding[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.ES2023, true);
  const findings: Finding[] = [];
  const add = (position: number, banned: string, instead: string) => {
    findings.push({ line: file.getLineAndCharacterOfPosition(position).line + 1, banned, instead });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCatchClause(node) && node.block.statements.length === 0) {
      add(node.getStart(), "empty catch", "answer the failure: say it, count it, return what it means");
    }
    if (ts.isCallExpression(node) && isSilencedCatch(node)) {
      add(
        node.getStart(),
        ".catch(() => {})",
        "answer the failure: say it, count it, or let it end the process",
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const match of source.matchAll(/\/[/*].*\b(TODO|FIXME|XXX)\b/g))
    add(match.index, `${match[1]}`, "an issue");
  const lines = source.split("\n").length - 1;
  if (lines > LONGEST_FILE_LINES) {
    add(0, `${lines} lines`, `at most ${LONGEST_FILE_LINES}: one job a file`);
  }
  return findings;
}

/** `.catch(() => {})`, `.catch(() => undefined)` and `.catch(noop)` swallow what went wrong. */
function isSilencedCatch({ expression, arguments: [handler] }: ts.CallExpression): boolean {
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== "catch" || !handler)
    return false;
  if (ts.isIdentifier(handler)) return handler.text === "noop";
  if (!ts.isArrowFunction(handler) && !ts.isFunctionExpression(handler)) return false;
  const { body } = handler;
  if (ts.isBlock(body)) return body.statements.length === 0;
  return ts.isVoidExpression(body) || (ts.isIdentifier(body) && body.text === "undefined");
}

/** Whether a port's file declares types and nothing else. Returns the lines that do more. */
export function findValues(source: string): number[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.ES2023, true);
  return file.statements
    .filter((statement) => {
      if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return false;
      return !(
        ts.isImportDeclaration(statement) &&
        statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      );
    })
    .map((statement) => file.getLineAndCharacterOfPosition(statement.getStart()).line + 1);
}
