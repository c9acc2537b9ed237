import type { Happening } from "./happenings.ts";
import { clockTime, printable, seconds, sizeInWords } from "./text.ts";

/** One happening as a plain line, such as `06:45:10.123  button    pressed`; null for what only a picture can show. */
export function logLine(happening: Happening): string | null {
  const line = inWords(happening);
  if (line === null) return null;
  const [subject, words] = line;
  return `${clockTime(happening.utcMs)}  ${subject.padEnd(9)} ${printable(words)}`;
}

function inWords(happening: Happening): [subject: string, words: string] | null {
  switch (happening.what) {
    case "button":
      return ["button", happening.down ? "pressed" : "released"];
    case "light":
      return ["light", happening.pattern];
    case "chime":
      return ["chime", "rings"];
    case "clip-recording":
      return [
        "clip",
        `${happening.clipId} is being recorded, with ${seconds(happening.preRollMs)} of pre-roll`,
      ];
    case "clip-recorded": {
      const { clipId, end, bytes, durationMs } = happening;
      return ["clip", `${clipId} is recorded: ${seconds(durationMs)}, ${sizeInWords(bytes)}, ${end}`];
    }
    case "clip-whole":
      return [
        "received",
        `${happening.path}, ${seconds(happening.durationMs)}, every hash right (${happening.end})`,
      ];
    case "clip-given-up":
      return ["clip", `${happening.clipId} given up: ${happening.reason}`];
    case "snapshot": {
      const { path, widthPx, heightPx, frameOffsetMs } = happening;
      return ["received", `${path}, ${widthPx}×${heightPx}, ${signed(frameOffsetMs)} ms from the press`];
    }
    case "event": {
      const { id, topic, summary, afterPressMs } = happening;
      const latency = afterPressMs === null ? "" : `, ${afterPressMs.toFixed(1)} ms after the contact closed`;
      return ["event", `${topic.split("/").slice(-2).join("/")}: ${summary} (${id})${latency}`];
    }
    case "status":
      return ["status", happening.state];
    case "broker":
      return ["broker", `${happening.on ? "on" : "off"} (${happening.url})`];
    case "consumer":
      return ["receiver", happening.connected ? "connected" : `not connected: ${happening.detail}`];
    case "gap": {
      const { lane, from, to, reason } = happening;
      return ["missing", `${lane} ${from}–${to}: ${reason === "undeclared" ? "not here yet" : reason}`];
    }
    case "refused":
      return ["refused", happening.detail];
    case "log": {
      const facts = Object.entries(happening.facts).map(([name, value]) => `${name}=${value}`);
      const level = happening.level === "info" ? "" : `${happening.level}: `;
      return ["agent", `${level}${[happening.message, ...facts].join(" ")}`];
    }
    case "ring-full":
      return ["camera", "the pre-roll has filled"];
    // The agent's own log says these, or only a picture can show them.
    case "started":
    case "camera-up":
    case "camera-down":
    case "uplink":
    case "snapshot-failed":
    case "queues":
    case "clip-extended":
    case "clip-grew":
    case "clip-stopping":
    case "clip-sent":
    case "clip-received":
    case "clip-verified":
      return null;
  }
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
