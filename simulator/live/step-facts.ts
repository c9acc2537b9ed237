import { parseTopic } from "../../agent/contract/topics.ts";
import type { Action } from "../../agent/core/actions.ts";
import type { Input } from "../../agent/core/inputs.ts";
import type { State } from "../../agent/core/state.ts";
import type { SegmentHandle } from "../../device/ports/fragment-store.ts";
import type { Fact } from "./happenings.ts";

/** What one step of the agent tells a watcher, beside its log and what its hardware shows. It keeps nothing of `state`. */
export function stepFacts(input: Input, actions: readonly Action[], state: Readonly<State>): Fact[] {
  return [
    ...inputFacts(input, state),
    ...actions.flatMap((action) => actionFacts(action, state)),
    queues(state),
  ];
}

function inputFacts(input: Input, state: Readonly<State>): Fact[] {
  switch (input.type) {
    case "agent.started":
      return [
        { what: "started", device: state.settings.device.id, epoch: input.epoch, version: input.version },
      ];
    case "button.edge":
      return [{ what: "button", down: input.pressed }];
    case "camera.up":
      return [
        {
          what: "camera-up",
          source: input.source,
          codec: input.codec,
          widthPx: input.widthPx,
          heightPx: input.heightPx,
          video: input.video,
        },
      ];
    case "camera.down":
      return input.seam ? [] : [{ what: "camera-down", fault: input.fault, reason: input.reason }];
    case "broker.connected":
      return [uplink(state, input.protocol, "")];
    case "broker.disconnected":
      return [uplink(state, "", input.detail)];
    case "clip.opened": {
      const clip = state.recorder.clip;
      if (clip?.clipId !== input.clipId) return [];
      const { clipId, eventId, endsAtMs } = clip;
      return [{ what: "clip-recording", clipId, eventId, preRollMs: input.preRollMs, endsAtMs }];
    }
    case "clip.grew":
      return grew(input.clipId, input.segments);
    case "clip.closed": {
      const { end, bytes, durationMs, preRollMs } = input.closing;
      return [{ what: "clip-recorded", clipId: input.clipId, end, bytes, durationMs, preRollMs }];
    }
    case "clip.evicted":
      return [
        { what: "clip-given-up", clipId: input.clipId, reason: `dropped from the spool: ${input.reason}` },
      ];
    case "clip.failed":
      return [{ what: "clip-given-up", clipId: input.clipId, reason: input.reason }];
    default:
      return [];
  }
}

function actionFacts(action: Action, state: Readonly<State>): Fact[] {
  switch (action.type) {
    case "broker.connect":
      return [uplink(state, "", "")];
    case "broker.publish":
      return action.message.payload.kind === "segment" ? sent(action.token, action.message.topic, state) : [];
    case "timer.set": {
      const clip = state.recorder.clip;
      if (action.key !== "recorder.close" || !clip) return [];
      return [{ what: "clip-extended", clipId: clip.clipId, endsAtMs: clip.endsAtMs }];
    }
    case "clip.close":
      return [{ what: "clip-stopping", clipId: action.clipId }];
    default:
      return [];
  }
}

function uplink(state: Readonly<State>, protocol: string, detail: string): Fact {
  const { uplink, settings } = state;
  const url = settings.broker.urls[uplink.urlIndex] ?? "";
  return { what: "uplink", phase: uplink.phase, url, protocol, detail };
}

function queues({ outbox, uplink }: Readonly<State>): Fact {
  const { press, event } = outbox.totals;
  const outboxRows = press.rows + event.rows + outbox.unsaved.length;
  return { what: "queues", inFlight: uplink.inFlight.length, outboxRows, store: outbox.store };
}

function grew(clipId: string, segments: readonly SegmentHandle[]): Fact[] {
  const last = segments.at(-1);
  return last ? [{ what: "clip-grew", clipId, recordedBytes: last.offset + last.bytes }] : [];
}

/** The publish has just been added to those in flight, and they know its size. */
function sent(token: number, topic: string, state: Readonly<State>): Fact[] {
  const parsed = parseTopic(topic);
  const purpose = state.uplink.inFlight.findLast((one) => one.token === token)?.purpose;
  if (parsed?.kind !== "clip-segment" || purpose?.kind !== "clip-segment") return [];
  return [{ what: "clip-sent", clipId: parsed.clipId, sentBytes: parsed.offset + purpose.bytes }];
}
