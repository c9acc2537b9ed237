import type { Broker, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { ChimeSound } from "../../device/ports/chime.ts";
import type { ConfigurationRecord, WireSettings } from "../../device/ports/configuration-store.ts";
import type { FragmentStore } from "../../device/ports/fragment-store.ts";
import type { LightPattern } from "../../device/ports/light.ts";
import type { Lane, OutboxPosition, OutboxRow, SequenceRange } from "../../device/ports/store.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Everything a doorbell does. Each is one call of one port; the runtime maps them and decides nothing. */
export type Action =
  | { type: "light.show"; pattern: LightPattern }
  | { type: "chime.play"; sound: ChimeSound }
  | { type: "camera.open" }
  | { type: "camera.prepare-still" }
  | { type: "camera.take-still"; eventId: string; atMs: number; maxBytes: number }
  | { type: "store.open"; epoch: string; startedUtcMs: number }
  | { type: "store.append"; row: OutboxRow }
  | { type: "store.settle"; ranges: SequenceRange[] }
  | { type: "store.drop"; ranges: SequenceRange[] }
  | { type: "store.page"; lane: Lane; after: OutboxPosition | null; limit: number }
  | { type: "store.set-aside-told" }
  | ({ type: "clip.open" } & Parameters<FragmentStore["openClip"]>[0])
  | { type: "clip.close"; clipId: string; atMs: number }
  | { type: "clip.list-segments"; clipId: string; fromIndex: number; limit: number }
  | { type: "clip.split-segment"; clipId: string; index: number; partBytes: number }
  | { type: "clip.list-pending"; limit: number }
  | { type: "clip.mark-acked"; clipId: string; segments: number }
  | { type: "clip.mark-uploaded"; clipId: string }
  | { type: "clip.mark-announced"; clipId: string }
  | ({ type: "clip.list" } & Parameters<FragmentStore["listClips"]>[0])
  | ({ type: "clip.requeue" } & Parameters<FragmentStore["requeueClip"]>[0])
  | ({ type: "clip.delete" } & Parameters<FragmentStore["deleteClip"]>[0])
  | { type: "clip.forget-still"; eventId: string }
  | ({ type: "broker.connect" } & Parameters<Broker["connect"]>[0])
  | { type: "broker.publish"; connection: number; token: number; message: BrokerMessageOut }
  | { type: "broker.disconnect"; connection: number }
  | { type: "broker.abandon"; connection: number }
  | { type: "vault.verify"; request: number; jws: string; signedType: string }
  | { type: "configuration.check"; request: number; wire: WireSettings }
  | { type: "configuration.save"; record: ConfigurationRecord }
  | { type: "timer.set"; key: string; generation: number; atMs: number }
  | { type: "timer.clear"; key: string }
  | { type: "log"; level: LogLevel; message: string; facts: Record<string, string | number | boolean | null> }
  /**
   * The agent's work is over; the composition root closes the ports and exits with this code. `restart`: the request
   * that asked for it, to be noted before, so that the next start knows it as done. `again`: not the process ends, but
   * another agent follows in it.
   */
  | { type: "agent.ended"; exitCode: ExitCode; reason: string; restart?: string; again?: true };

/** 0: asked to stop. 2: the operator must act. 75 (`EX_TEMPFAIL` of sysexits.h): start it again. */
export type ExitCode = 0 | 2 | 75;
