import chalk from "chalk";
import type { ClipModel } from "./model.ts";
import type { Piece } from "./row.ts";
import { seconds, sizeInWords } from "./text.ts";

const { bold, cyan, dim, green, red, yellow } = chalk;
const BAR_CELLS = 24;
const NARROW_BAR_CELLS = 10;
/** Of a terminal in which words must be few. */
export const NARROW_COLUMNS = 80;

/**
 * One line for a clip: a bar of what is recorded, sent and received, then in words where it stands. Files below
 * `folder` are shown from there.
 */
export function clipRow(clip: ClipModel, nowMs: number, columns: number, folder: string): readonly Piece[] {
  const name = `  ${clip.clipId.slice(clip.clipId.lastIndexOf("-") + 1).padEnd(4)}`;
  switch (clip.state) {
    case "whole":
      return [
        name,
        { text: "✔ whole ", style: green },
        `${seconds(clip.durationMs)}  ${sizeInWords(clip.fileBytes)}  `,
        { text: shortPath(clip.path, folder, columns), style: cyan },
        { text: clip.remark === "" ? "" : `  (${clip.remark})`, style: yellow },
      ];
    case "given-up":
      return [name, { text: `✘ given up: ${clip.remark}`, style: red }];
    case "recording":
    case "recorded":
      return [
        name,
        ...bar(clip, nowMs, columns < NARROW_COLUMNS ? NARROW_BAR_CELLS : BAR_CELLS),
        ...inWords(clip, nowMs),
      ];
  }
}

function shortPath(path: string, folder: string, columns: number): string {
  if (columns < NARROW_COLUMNS) return path.slice(path.lastIndexOf("/") + 1);
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** Full when everything that will be recorded is received: `█` received, `▓` sent, `▒` recorded. */
function bar(clip: ClipModel, nowMs: number, cells: number): Piece[] {
  const recorded = recordedFraction(clip, nowMs) * cells;
  const share = (bytes: number) => (clip.recordedBytes === 0 ? 0 : Math.min(1, bytes / clip.recordedBytes));
  const recordedCells = Math.round(recorded);
  const receivedCells = Math.round(recorded * share(clip.receivedBytes));
  const sentCells = Math.max(receivedCells, Math.round(recorded * share(clip.sentBytes)));
  return [
    { text: "█".repeat(receivedCells), style: green },
    { text: "▓".repeat(sentCells - receivedCells), style: yellow },
    { text: "▒".repeat(recordedCells - sentCells), style: red },
    { text: "░".repeat(cells - recordedCells), style: dim },
  ];
}

function recordedFraction({ state, startsAtMs, endsAtMs }: ClipModel, nowMs: number): number {
  if (state === "recorded" || endsAtMs <= startsAtMs) return 1;
  return Math.min(1, Math.max(0, (nowMs - startsAtMs) / (endsAtMs - startsAtMs)));
}

function inWords(clip: ClipModel, nowMs: number): Piece[] {
  const { recordedBytes, sentBytes, receivedBytes } = clip;
  const sizes = `recorded ${sizeInWords(recordedBytes)} · sent ${sizeInWords(sentBytes)} · received ${sizeInWords(receivedBytes)}`;
  if (clip.state === "recorded" || clip.startsAtMs === 0)
    return [{ text: " ◌ uploading ", style: bold.yellow }, sizes];
  return [{ text: ` ● ${seconds(Math.max(0, nowMs - clip.startsAtMs))} `, style: bold.red }, sizes];
}
