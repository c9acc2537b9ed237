import type { EventMessage } from "../../agent/consumer/index.ts";
import { seconds, sizeInWords } from "./text.ts";

/** What an event says, in a few words. */
export function eventSummary({ eventType, known }: EventMessage): string {
  switch (known?.type) {
    case "press":
      return "somebody rang";
    case "button":
      return `${known.data.gesture} press, held ${known.data.heldMs} ms`;
    case "camera":
      return known.data.state === "up"
        ? `camera up: ${known.data.source}`
        : `camera down: ${known.data.reason}`;
    case "motion":
      return known.data.state === "start"
        ? `something moves: ${known.data.areaPermille / 10} % of the picture`
        : `nothing moves any more, after ${seconds(known.data.durationMs)}`;
    case "snapshot": {
      const { state, reason, widthPx, heightPx, bytes } = known.data;
      return state === "taken"
        ? `snapshot ${widthPx}×${heightPx}, ${sizeInWords(bytes)}`
        : `no snapshot: ${reason}`;
    }
    case "self-test":
      return "a self-test came through; nobody rang";
    case "clip":
      return clipSummary(known.data);
    case "clock":
      return `the clock is right now; times before were ${known.data.previousOffsetMs} ms short`;
    case "start":
      return known.data.mode === "normal" ? "the agent started" : "the agent started, bell only";
    case "drop": {
      const { messages, lane, from, to, reason } = known.data;
      return `${messages} of ${lane} ${from}–${to} given up: ${reason}`;
    }
    case undefined:
      return `${eventType}, of a newer agent`;
  }
}

type ClipData = Extract<EventMessage["known"], { type: "clip" }>["data"];

function clipSummary({ state, reason, preRollMs, durationMs, end }: ClipData): string {
  switch (state) {
    case "recording":
      return `clip begun, ${seconds(preRollMs)} of pre-roll`;
    case "recorded":
      return `clip of ${seconds(durationMs)} recorded${end === "finished" ? "" : `: ${end}`}`;
    case "failed":
      return `no clip: ${reason}`;
    case "dropped":
      return `clip dropped: ${reason}`;
  }
}
