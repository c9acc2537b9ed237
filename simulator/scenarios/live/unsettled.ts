import type { State } from "../../../agent/core/state.ts";

/** What of an agent's work has not come to its end, in words; empty when all has. */
export function unsettledIn({ uplink, outbox, recorder, uploads }: Readonly<State>): string {
  const { press, event } = outbox.totals;
  const isUploading = uploads.active.length > 0 || uploads.more || uploads.asking || !uploads.recovered;
  const waits: [string, number | boolean][] = [
    ["not connected", uplink.phase !== "connected"],
    ["presses in the outbox", press.rows],
    ["events in the outbox", event.rows],
    ["rows in memory", outbox.unsaved.length],
    ["gaps to be declared", outbox.undeclared.length],
    ["a clip being recorded", recorder.clip !== null || recorder.unfinished !== null],
    ["clips to be uploaded", isUploading],
  ];
  return waits
    .flatMap(([what, is]) => (is === false || is === 0 ? [] : [is === true ? what : `${what}: ${is}`]))
    .join(", ");
}
