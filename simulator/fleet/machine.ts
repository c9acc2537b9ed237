import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { UsageError } from "../../agent/contract/errors.ts";
import { tenth } from "./percentiles.ts";

/** What this process holds once garbage is gone, in bytes. */
export interface Memory {
  resident: number;
  heap: number;
}

const GIVEN_BACK_MS = 100;

/** Collects garbage, and measures. The loop stands still meanwhile. */
export async function memoryNow(): Promise<Memory> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  for (let i = 0; i < 5; i++) {
    collect();
    // What was found to be free is given back by a thread of its own.
    await pause(GIVEN_BACK_MS);
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { resident: rss, heap: heapUsed };
}

/** What Node, the subscriber and the disk need besides. */
const OTHER_FILES = 64;

/**
 * @param sockets that will be open at once.
 * @throws UsageError of one line when this process may not have so many.
 */
export function checkOpenFiles(sockets: number, limit = mostOpenFiles()): void {
  const needed = sockets + OTHER_FILES;
  if (needed <= limit) return;
  throw new UsageError(
    `so many doorbells need ${needed} open files, and this process may have ${limit}: raise it with ulimit -n ${needed}, or take fewer`,
  );
}

/** proc(5): the soft limit, which Node has raised as far as it may. */
function mostOpenFiles(): number {
  const [, limit] = /^Max open files\s+([0-9]+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

/** How hard this process worked for a while. */
export interface Work {
  /** Of one core, in percent. */
  corePercent: number;
  /** How late the loop was, 99th percentile: above some ms, it is the fleet itself that is slow. */
  loopDelayP99Ms: number;
}

/** Begins to watch; what it answers ends that. */
export function watchWork(): () => Work {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  delay.enable();
  return () => {
    const { user, system } = process.cpuUsage(before);
    delay.disable();
    return {
      corePercent: tenth((user + system) / 10 / (performance.now() - startedMs)),
      loopDelayP99Ms: tenth(Math.max(0, delay.percentile(99) / 1e6 - LOOK_EVERY_MS)),
    };
  };
}

const LOOK_EVERY_MS = 10;
