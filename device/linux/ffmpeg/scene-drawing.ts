import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { markLayout, type Rectangle } from "../../../agent/media/frame-mark.ts";
import { porchSvg } from "./scene-porch.ts";
import { scenePlacement, visitorRectangle } from "./scene-rectangles.ts";
import { VISITOR_AREA, visitorSvgs } from "./scene-visitor.ts";

/** Draws `porch.png` and `visitor-0000.png` and on into `folder`, which it makes. */
export async function drawScene(folder: string, widthPx: number, heightPx: number): Promise<void> {
  await mkdir(folder);
  const visitor = visitorRectangle(widthPx, heightPx);
  const drawings = new Map<string, Promise<Buffer>>();
  const files = visitorSvgs().map(async (content, i) => {
    const drawing = drawings.get(content) ?? draw(visitorSvg(content, visitor));
    drawings.set(content, drawing);
    await writeFile(join(folder, `visitor-${String(i).padStart(4, "0")}.png`), await drawing);
  });
  const porch = draw(backgroundSvg(widthPx, heightPx)).then((png) =>
    writeFile(join(folder, "porch.png"), png),
  );
  await Promise.all([porch, ...files]);
}

const draw = (svg: string) =>
  sharp(Buffer.from(svg)).ensureAlpha().png({ compressionLevel: 1, adaptiveFiltering: false }).toBuffer();

function backgroundSvg(widthPx: number, heightPx: number): string {
  const { scale, left, top } = scenePlacement(widthPx, heightPx);
  const { blocks, band } = markLayout(widthPx, heightPx);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}">
<g transform="translate(${left} ${top}) scale(${scale})">${porchSvg()}</g>
<rect x="0" y="${band.y}" width="${band.width}" height="${band.height}" fill="#000"/>
<rect x="0" y="${band.y}" width="${band.width}" height="${Math.max(1, blocks.height / 24)}" fill="#e0a13c"/></svg>`;
}

function visitorSvg(content: string, { width, height }: Rectangle): string {
  const { x, y, width: w, height: h } = VISITOR_AREA;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${x} ${y} ${w} ${h}"
preserveAspectRatio="none">${content}</svg>`;
}
