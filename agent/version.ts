import { readFileSync } from "node:fs";

/** The version in `package.json`, wherever this runs from. */
export function readVersion(): string {
  for (const up of ["..", "../.."]) {
    const file = new URL(`${up}/package.json`, import.meta.url);
    const version = versionIn(file);
    if (version !== null) return version;
  }
  return "unknown";
}

function versionIn(file: URL): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(file, "utf8"));
    return name === "porchlight" ? version : null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
