import sharp from "sharp";
import type { Preview } from "./picture-messages.ts";

const QUALITIES = [82, 68, 52, 36] as const;
/** Below this a person recognises nobody. */
const MIN_WIDTH_PX = 80;

/**
 * Encodes raw RGB pixels as a JPEG of at most `maxBytes`: lower quality first, then a smaller picture.
 * @throws Error when even the smallest picture is larger.
 */
export async function encodePreview(picture: {
  rgb: Uint8Array;
  widthPx: number;
  heightPx: number;
  maxBytes: number;
}): Promise<Preview> {
  const { rgb, widthPx, heightPx, maxBytes } = picture;
  for (let width = widthPx; width >= Math.min(widthPx, MIN_WIDTH_PX); width = Math.floor(width * 0.75)) {
    for (const quality of QUALITIES) {
      const { data, info } = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
        .resize({ width })
        .jpeg({ quality })
        .toBuffer({ resolveWithObject: true });
      if (data.length <= maxBytes) return { jpeg: data, widthPx: info.width, heightPx: info.height };
    }
  }
  throw new Error(`no preview of ${widthPx}×${heightPx} fits into ${maxBytes} bytes`);
}
