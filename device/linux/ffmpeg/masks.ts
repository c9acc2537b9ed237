import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coverage, parsePolygon } from "../../../agent/media/polygon.ts";

/** A picture to lay over the camera's, for this run. */
export interface PreparedMask {
  path: string;
  discard(): Promise<void>;
}

/** Colour is stored once for two by two pixels in yuv420p. */
const CHROMA_BLOCK_PX = 2;

/**
 * Writes the masks as a picture of the encoded video's size: opaque black where they are, else see-through. It is
 * a Netpbm PAM file (RGB_ALPHA), which every ffmpeg reads.
 */
export async function prepareMask(
  masks: readonly string[],
  size: { widthPx: number; heightPx: number },
): Promise<PreparedMask> {
  const covered = coverage(masks.map(parsePolygon), size, CHROMA_BLOCK_PX);
  const header = `P7\nWIDTH ${size.widthPx}\nHEIGHT ${size.heightPx}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
  const pixels = Buffer.alloc(covered.length * 4);
  covered.forEach((is, i) => {
    if (is) pixels[i * 4 + 3] = 255;
  });
  const folder = await mkdtemp(join(tmpdir(), "porchlight-mask-"));
  const path = join(folder, "mask.pam");
  await writeFile(path, Buffer.concat([Buffer.from(header), pixels]));
  return { path, discard: () => rm(folder, { recursive: true, force: true }) };
}
