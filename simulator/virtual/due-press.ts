import type { Action } from "../../agent/core/actions.ts";
import type { State } from "../../agent/core/state.ts";

/** The id of a press that rang in this turn on a connection with room for it; null when there is none. */
export function duePress(actions: readonly Action[], { uplink, settings }: Readonly<State>): string | null {
  if (uplink.phase !== "connected" || !actions.some(({ type }) => type === "chime.play")) return null;
  const press = actions.find((action) => action.type === "store.append" && action.row.lane === "press");
  if (press?.type !== "store.append") return null;
  const underWay = uplink.inFlight.filter(
    ({ purpose }) =>
      purpose.kind === "event" &&
      purpose.lane === "press" &&
      !(purpose.epoch === press.row.epoch && purpose.sequence === press.row.sequence),
  );
  return underWay.length < settings.uplink.windowMessages ? press.row.id : null;
}
