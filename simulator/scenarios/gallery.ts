import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "../../agent/config/nearest.ts";
import { Bug } from "../../agent/contract/errors.ts";

/** Beside the source, beside what was compiled of it, and beside the program that was made of that. */
const PLACES = ["./gallery/", "../simulator/scenarios/gallery/"];

/** The files of the stories that come along, in the order of their names. */
export function galleryFiles(): string[] {
  const folder = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
  if (!folder) throw new Bug("the gallery of scenarios did not come along: build again");
  const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return names.sort().map((name) => join(folder, name));
}

/** The name of a story in the gallery, by which it is asked for. */
export function galleryName(file: string): string {
  return file.replace(/^.*[/\\]/, "").replace(/\.yaml$/, "");
}

/** The file of a story by its name or by a part of it that no other has; null with what was perhaps meant. */
export function findInGallery(name: string): { file: string | null; meant: string | null } {
  const files = galleryFiles();
  const exact = files.find((one) => galleryName(one) === name);
  const [file, ...others] = exact ? [exact] : files.filter((one) => galleryName(one).includes(name));
  if (file && others.length === 0) return { file, meant: null };
  const meant = file
    ? [file, ...others].map(galleryName).join(" or ")
    : nearest(name, files.map(galleryName));
  return { file: null, meant };
}
