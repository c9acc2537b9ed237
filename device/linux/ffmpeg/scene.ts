import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { SceneFiles } from "../../../agent/media/ffmpeg-arguments.ts";
import type { Pictures } from "./pictures.ts";
import { visitorRectangle } from "./scene-rectangles.ts";
import { VISITOR_FPS } from "./scene-visitor.ts";

/** Raised with every change of the drawing, so that an old cache is not taken for the new scene. */
const SCENE_VERSION = 1;
const LIST = "files.json";

/** A drawn scene, and how to put it away when it is only for this run. */
export interface PreparedScene extends SceneFiles {
  discard(): Promise<void>;
}

/**
 * The test scene's pictures for one size: from `cacheFolder`, or drawn now and kept there. Where that folder cannot
 * be written, they are drawn into a temporary one. A folder that is not whole is drawn anew.
 */
export async function prepareScene(
  pictures: Pictures,
  cacheFolder: string,
  size: { widthPx: number; heightPx: number },
): Promise<PreparedScene> {
  const { widthPx, heightPx } = size;
  const { x, y } = visitorRectangle(widthPx, heightPx);
  const scene = (folder: string, discard: () => Promise<void>): PreparedScene => ({
    folder,
    visitorFps: VISITOR_FPS,
    visitorAt: { x, y },
    discard,
  });
  const cached = resolve(cacheFolder, `scene-v${SCENE_VERSION}-${widthPx}x${heightPx}`);
  if (await isWhole(cached)) return scene(cached, async () => {});
  try {
    await mkdir(cacheFolder, { recursive: true });
    await drawInto(cached, await mkdtemp(`${cached}.`), pictures, size);
    return scene(cached, async () => {});
  } catch {
    // Read-only or full: the scene is worth drawing again at each start, and a real fault shows below once more.
    const folder = await mkdtemp(join(tmpdir(), "porchlight-scene-"));
    const kept = join(folder, "scene");
    const discard = () => rm(folder, { recursive: true, force: true });
    try {
      await drawInto(kept, folder, pictures, size);
    } catch (error) {
      await discard();
      throw error;
    }
    return scene(kept, discard);
  }
}

/** Draws beside the target and moves the whole in one step: nobody ever sees half a scene under its name. */
async function drawInto(
  target: string,
  workFolder: string,
  pictures: Pictures,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Promise<void> {
  const drawn = join(workFolder, "drawing");
  try {
    await pictures.drawScene(drawn, widthPx, heightPx);
    await writeFile(join(drawn, LIST), JSON.stringify(await sizes(drawn)));
    await rm(target, { recursive: true, force: true });
    await rename(drawn, target);
  } finally {
    if (!target.startsWith(`${workFolder}/`)) await rm(workFolder, { recursive: true, force: true });
  }
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const list = await readFile(join(folder, LIST), "utf8");
    return list === JSON.stringify(await sizes(folder));
  } catch {
    return false; // Missing or unreadable: not a cache.
  }
}

/** Every picture's size in bytes, by name. */
async function sizes(folder: string): Promise<Record<string, number>> {
  const names = (await readdir(folder)).filter((name) => name !== LIST).sort();
  const all = await Promise.all(
    names.map(async (name) => [name, (await stat(join(folder, name))).size] as const),
  );
  return Object.fromEntries(all);
}
