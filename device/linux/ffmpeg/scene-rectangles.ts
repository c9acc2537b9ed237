import { markLayout, type Rectangle } from "../../../agent/media/frame-mark.ts";
import { SCENE } from "./scene-porch.ts";
import { VISITOR_AREA } from "./scene-visitor.ts";

/** The visitor's pictures on the porch's, in even pixels, for a scene that fills `widthPx`×`heightPx`. */
export function visitorRectangle(widthPx: number, heightPx: number): Rectangle {
  const { scale, left, top } = scenePlacement(widthPx, heightPx);
  const even = (size: number) => Math.round(size / 2) * 2;
  return {
    x: even(left + VISITOR_AREA.x * scale),
    y: even(top + VISITOR_AREA.y * scale),
    width: even(VISITOR_AREA.width * scale),
    height: even(VISITOR_AREA.height * scale),
  };
}

/** The scene fills the picture and is cut where its aspect differs, least at the bottom, where the porch is. */
export function scenePlacement(
  widthPx: number,
  heightPx: number,
): { scale: number; left: number; top: number } {
  const { band } = markLayout(widthPx, heightPx);
  const scale = Math.max(widthPx / SCENE.width, (heightPx - band.height) / SCENE.visibleHeight);
  return {
    scale,
    left: (widthPx - SCENE.width * scale) / 2,
    top: Math.min(0, heightPx - band.height - SCENE.visibleHeight * scale),
  };
}
