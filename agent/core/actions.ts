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
  | { type: "store.page"; lane: Lane; after: OutboxPosition | null; limit: number }
  | ({ type: "clip.open" } & Parameters<FragmentStore["openClip"]>[0])
  | { type: "clip.close"; clipId: string; atMs: number }
  | { type: "clip.list-segments"; clipId: string; fromIndex: number; limit: number }
  | { type: "clip.split-segment"; clipId: string; index: number; partBytes: number }
  | { type: "clip.list-pending"; limit: number }
  | { type: "clip.mark-acked"; clipId: string; segments: number }
  | { type: "clip.mark-uploaded"; clipId: string }
  | { type: "clip.mark-announced"; clipId: string }
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
  /** The agent's work is over; the composition root closes the ports and exits with this code, or starts another. */
  | { type: "agent.ended"; exitCode: 0 | 2; reason: string; again?: true };
