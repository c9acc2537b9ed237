import chalk from "chalk";
import { clipRow, NARROW_COLUMNS } from "./clip-row.ts";
import type { EventModel, LiveModel } from "./model.ts";
import { type Piece, row } from "./row.ts";
import { clockTime, seconds } from "./text.ts";

/**
 * The whole screen as text: at most `rows` lines of at most `columns` cells. What there is no room for is left out
 * from the bottom up, the help line last.
 */
export function view(model: LiveModel, columns: number, rows: number): string {
  const head = [title(model), [], doorbell(model), camera(model, columns), uplink(model), broker(model)];
  const help = [[], helpLine(model)];
  const room = rows - head.length - help.length;
  const lines =
    room < 0
      ? [...head.slice(0, Math.max(0, rows - 1)), helpLine(model)]
      : [...head, ...lists(model, columns, room), ...help];
  return lines
    .slice(0, rows)
    .map((pieces) => row(pieces, columns))
    .join("\n");
}

type Line = readonly Piece[];

const { bold, cyan, dim, green, red, yellow } = chalk;
const NOTICE_MS = 10_000;
/** An empty line and the heading. */
const LIST_HEAD_ROWS = 2;
const LIST_MIN_ROWS = LIST_HEAD_ROWS + 1;

function title({ device, utcMs }: LiveModel): Line {
  const name = device === "" ? "starting" : device;
  return [
    styled(bold.yellow, "▟▙ Porchlight "),
    ` ${name}  `,
    styled(dim, utcMs === 0 ? "" : clockTime(utcMs).slice(0, 8)),
  ];
}

function doorbell({ light, buttonIsDown, rings }: LiveModel): Line {
  const chimes = rings === 0 ? "has not rung" : rings === 1 ? "rang once" : `rang ${rings} times`;
  return [
    label("doorbell"),
    lamp(light),
    `   button ${buttonIsDown ? "pressed" : "released"}   chime ${chimes}`,
  ];
}

function lamp(light: LiveModel["light"]): Piece {
  switch (light) {
    case "ringing":
      return styled(bold.yellow, "◉ ringing");
    case "recording":
      return styled(bold.red, "● recording");
    case "fault":
      return styled(bold.red, "▲ fault");
    case "idle":
      return styled(green, "● idle");
    case "off":
      return styled(dim, "○ off");
  }
}

function camera({ camera, nowMs, preRollMs }: LiveModel, columns: number): Line {
  if (camera.state !== "up") {
    return [
      label("camera"),
      styled(camera.state === "down" ? red : dim, `○ ${camera.source}: ${camera.reason}`),
    ];
  }
  const heldMs = Math.min(preRollMs, nowMs - camera.upSinceMs);
  const ring = preRollMs === 0 ? "" : `   pre-roll ${meter(heldMs / preRollMs, 8)} ${seconds(heldMs)}`;
  const details = columns < NARROW_COLUMNS ? "" : ` ${camera.codec} (${camera.video})`;
  const picture = `${camera.widthPx}×${camera.heightPx}${details}`;
  return [label("camera"), styled(green, "● "), `${camera.source}  `, styled(dim, picture), ring];
}

function uplink({ uplink }: LiveModel): Line {
  const waiting = `   in flight ${uplink.inFlight} · outbox ${uplink.outboxRows}`;
  const memory = uplink.store === "memory" ? [styled(yellow, " in memory only")] : [];
  if (uplink.phase === "connected") {
    return [
      label("uplink"),
      styled(green, "● "),
      `${uplink.url}  MQTT ${uplink.protocol}`,
      waiting,
      ...memory,
    ];
  }
  const why = uplink.detail === "" ? uplink.url : uplink.detail;
  return [label("uplink"), styled(yellow, `○ ${uplink.phase}`), `  ${why}`, waiting, ...memory];
}

function broker({ brokerIsOn, consumer, ownBroker, notice, nowMs }: LiveModel): Line {
  const name = ownBroker ? "own broker" : "link";
  const state = brokerIsOn ? styled(green, `● ${name} on`) : styled(red, `○ ${name} off`);
  const receiver = consumer.connected ? "receiver connected" : "receiver not connected";
  const isNews = notice.text !== "" && nowMs - notice.atMs < NOTICE_MS;
  return [label("broker"), state, `   ${receiver}`, styled(yellow, isNews ? `   ! ${notice.text}` : "")];
}

function lists(model: LiveModel, columns: number, room: number): Line[] {
  if (room < LIST_MIN_ROWS) return [];
  const wanted = Math.max(model.clips.length, 1) + LIST_HEAD_ROWS;
  const clips = clipList(model, columns, Math.min(wanted, Math.max(LIST_MIN_ROWS, Math.floor(room / 2))));
  const eventRoom = room - clips.length;
  const events = eventRoom < LIST_MIN_ROWS ? [] : eventList(model, columns, eventRoom);
  const unused = Math.max(0, room - events.length - clips.length);
  return [...events, ...clips, ...Array.from({ length: unused }, () => [])];
}

function eventList({ events }: LiveModel, columns: number, room: number): Line[] {
  const shown = events.slice(-(room - LIST_HEAD_ROWS)).map((event) => eventRow(event, columns));
  return [[], [styled(bold, "Events")], ...(shown.length > 0 ? shown : [[styled(dim, "  none yet")]])];
}

function eventRow(event: EventModel, columns: number): Line {
  const { utcMs, type, lane, sequence, topic, late, afterPressMs, summary } = event;
  const isNarrow = columns < NARROW_COLUMNS;
  const time = isNarrow ? clockTime(utcMs).slice(0, 8) : clockTime(utcMs);
  const short = topic.split("/").slice(-2).join("/").padEnd(16);
  const latency = afterPressMs === null ? "" : `  +${Math.round(afterPressMs)} ms`;
  return [
    styled(dim, `  ${time}  `),
    late ? styled(yellow, "late  ") : styled(green, "live  "),
    styled(type === "press" ? bold.cyan : dim, isNarrow ? "" : `${`${lane} ${sequence}`.padEnd(11)}${short}`),
    summary,
    styled(cyan, latency),
  ];
}

function clipList({ clips, nowMs, folder }: LiveModel, columns: number, room: number): Line[] {
  const shown = clips.slice(-(room - LIST_HEAD_ROWS)).map((clip) => clipRow(clip, nowMs, columns, folder));
  return [
    [],
    [styled(bold, "Clips")],
    ...(shown.length > 0 ? shown : [[styled(dim, "  none yet: press space to ring")]]),
  ];
}

function helpLine({ ownBroker, brokerIsOn, camera }: LiveModel): Line {
  const broker = `${ownBroker ? "broker" : "link"} ${brokerIsOn ? "off" : "on"}`;
  const keys = [
    ["space", "ring"],
    ["h", "hold"],
    ["d", "double"],
    ["b", broker],
    ["c", `camera ${camera.state === "down" ? "on" : "off"}`],
    ["q", "quit"],
  ] as const;
  return keys.flatMap(([key, what]) => [styled(bold.cyan, ` ${key}`), styled(dim, ` ${what} `)]);
}

/** A bar of `cells` that is full at 1. */
function meter(fraction: number, cells: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * cells);
  return "▰".repeat(full) + "▱".repeat(cells - full);
}

function label(text: string): Piece {
  return styled(dim, ` ${text.padEnd(10)}`);
}

function styled(style: (text: string) => string, text: string): Piece {
  return { text, style };
}
