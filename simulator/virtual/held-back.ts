import type { Action } from "../../agent/core/actions.ts";
import type { State } from "../../agent/core/state.ts";

/**
 * The id of a press that rang in this turn and was not published in it, though there was a connection with room for
 * it; null when there is none.
 */
export function heldBack(actions: readonly Action[], { uplink, settings }: Readonly<State>): string | null {
  if (uplink.phase !== "connected" || !actions.some(({ type }) => type === "chime.play")) return null;
  const press = actions.find((action) => action.type === "store.append" && action.row.lane === "press");
  if (press?.type !== "store.append") return null;
  const isSent = actions.some(
    (action) => action.type === "broker.publish" && action.message.topic.endsWith("/event/press"),
  );
  if (isSent) return null;
  const underWay = uplink.inFlight.filter(
    ({ purpose }) => purpose.kind === "event" && purpose.lane === "press",
  );
  return underWay.length < settings.uplink.windowMessages ? press.row.id : null;
}
