import { readdirSync, readFileSync } from "node:fs";

/** Processes that this one has started, that still run and have this in their arguments (proc(5)). */
export function childrenWith(argument: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === process.pid)
    .filter((name) => read(`/proc/${name}/cmdline`).split("\0").includes(argument))
    .map(Number);
}

function parentOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`);
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(parent);
}

/** Empty when that process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return "";
    throw error;
  }
}
