import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./crash-record.ts";

const FILE = "restarts.json";
const MOST = 16;

/** The requests that restarts were done for, with a new one. */
export function restartsWith(requestIds: readonly string[], requestId: string): string[] {
  return [...requestIds.filter((one) => one !== requestId), requestId].slice(-MOST);
}

/** Notes in the data folder that the process ends to be started again, for this request. Answers why it could not, or null. */
export function recordRestart(dataFolder: string, requestId: string): string | null {
  return writeWhole(dataFolder, FILE, JSON.stringify(restartsWith(restartsIn(dataFolder), requestId)));
}

/** The requests that the last restarts on this data folder were done for, oldest first. */
export function restartsIn(dataFolder: string): string[] {
  try {
    const requestIds: unknown = JSON.parse(readFileSync(join(dataFolder, FILE), "utf8"));
    return Array.isArray(requestIds)
      ? requestIds.filter((id) => typeof id === "string" && id.length <= 64)
      : [];
  } catch {
    // No record, or one that was cut short: neither is a reason not to start.
    return [];
  }
}
