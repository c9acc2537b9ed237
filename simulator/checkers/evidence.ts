import type { CommandName } from "../../agent/contract/commands.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import type { ConfigurationRecord } from "../../device/ports/configuration-store.ts";
import type { ClipEvicted } from "../../device/ports/fragment-store.ts";
import type { LightPattern } from "../../device/ports/light.ts";
import type { OutboxRow } from "../../device/ports/store.ts";
import type { SpooledClip } from "../hardware/spool-disk.ts";
import type { LinkQuality } from "../network/modelled-link.ts";
import type { ModelledMessage } from "../network/modelled-message.ts";

/** What a checker found wrong: which one, and what exactly. */
export interface Violation {
  checker: string;
  detail: string;
}

/** Looks at a run that is over. Answers one line for each thing that should not have been. */
export interface Checker {
  name: string;
  check(evidence: Evidence): string[];
}

/** One power-on, with its agent. All times are the world's. */
export interface PowerOn {
  number: number;
  epoch: string;
  fromMs: number;
  toMs: number | null;
  /** `killed`: its process went at once, and the machine went on. */
  end: "running" | "power-cut" | "killed" | "stopped" | "exited";
  /** Its agent could not keep anything when it ended. */
  diskless: boolean;
  /** Times at which the chime began because somebody pushed the button. */
  ringsMs: number[];
  /** And because somebody asked for it. */
  askedRingsMs: number[];
  /** Number of the newest connection that the agent asked for. */
  connection: number;
  mode: "normal" | "bell-only";
  /** How many millionths its clocks are too quick. */
  driftPpm: number;
  /** When pictures first came; null when they never did. */
  cameraUpMs: number | null;
}

/** From when until when; null: to the end. */
export interface Stretch {
  fromMs: number;
  toMs: number | null;
}

/** A finger on the button. */
export interface PhysicalPress {
  /** When the contact closed for good. */
  closedAtMs: number;
  openedAtMs: number;
  /** How long before `closedAtMs` the contact began to chatter. */
  chatterMs: number;
  /** The power-on that it fell into; null when the device was off. */
  powerOn: number | null;
}

/** A CloudEvent as far as the checkers read it. */
export interface EventFacts {
  id: string;
  epoch: string;
  lane: "press" | "event";
  sequence: number;
  type: string;
  monotonicMs: number;
  data: Record<string, unknown>;
}

/** A message that was seen somewhere. */
export interface Sighting {
  atMs: number;
  powerOn: number;
  message: ModelledMessage;
  event: EventFacts | null;
}

/** A request that an agent took in, and what it did in that turn. */
export interface CommandSeen {
  requestId: string;
  name: CommandName;
  powerOn: number;
  atMs: number;
  retained: boolean;
  /** What it did about it: sounds, pictures, clips, tests. An answer is none. */
  effects: number;
  /** Rows of presses among what it recorded. */
  presses: number;
  /** Its clock was. */
  synced: boolean;
}

/** Everything that the world knows about one run when it is over: the truth, not what the agent says. */
export interface Evidence {
  deviceId: string;
  settings: Settings;
  powerOns: PowerOn[];
  presses: PhysicalPress[];
  /** When the camera of which power-on saw something begin to move. */
  motions: { powerOn: number; atMs: number }[];
  /** What the cloud has asked. */
  requests: {
    requestId: string;
    name: CommandName;
    atMs: number;
    expiresAtMs: number | null;
    retained: boolean;
  }[];
  commandsSeen: CommandSeen[];
  /** When connections ended, as their agent was told. */
  connectionEnds: { powerOn: number; atMs: number }[];
  /** Rows that the agent began to keep, by event id. */
  rows: Map<string, { row: OutboxRow; powerOn: number }>;
  /** Event ids whose row became durable or whose publish was settled. */
  accepted: Map<string, "durable" | "settled">;
  /** Every publish at the moment at which the agent asked for it. */
  attempts: Sighting[];
  /** Every publish that the broker took in. */
  arrivals: Sighting[];
  /** Everything that the consumer got. */
  deliveries: Sighting[];
  /** Event ids that the broker acknowledged and lost. */
  forgotten: Set<string>;
  /** Topics of other messages that it acknowledged and lost. */
  forgottenTopics: Set<string>;
  /** Everything in the outbox at the end, on the disk or in the agent's memory. */
  outbox: OutboxRow[];
  /** Clips on the card at the end. */
  clips: SpooledClip[];
  /** Those that left it before they were uploaded, by clip id. */
  evictedClips: Map<string, { reason: ClipEvicted["reason"] | "deleted"; atMs: number; powerOn: number }>;
  /** Rows that a full disk refused while there were clips to give up. */
  refusedBesideClips: { id: string; clips: string[] }[];
  /** The power-on in which a clip's upload was finished, by clip id. */
  uploadedIn: Map<string, number>;
  /** When the button's line could not be read, or was flooded. */
  buttonTroubles: (Stretch & { lost: boolean })[];
  /** What the link usually is, and when it was worse. */
  link: LinkQuality;
  linkTroubles: Stretch[];
  /** When a time server told a wrong time. */
  lies: Stretch[];
  /** Outboxes that were found corrupt, by the power-on that found it, with the rows that were in it. */
  setAsides: { powerOn: number; ids: ReadonlySet<string> }[];
  /** Every change of the light. */
  lights: { powerOn: number; atMs: number; pattern: LightPattern }[];
  /** Presses that rang on a connection with room for them, and when. */
  duePresses: { id: string; atMs: number }[];
  /** Most bytes on a connection that were no press and not acknowledged. */
  peakPacedBytes: number;
  /** Longest time from the end of a connection to the next attempt, within one power-on. */
  longestPauseMs: number;
  peakOutboxBytes: number;
  peakUnsavedRows: number;
  peakSpoolBytes: number;
  /** Everything that was ever retained as `config/desired`. */
  desired: readonly string[];
  /** Every record of the card, with what was wrong with what it puts in force. */
  configurations: readonly { atMs: number; record: ConfigurationRecord; problems: string[] }[];
  /** What the owner signed, or null when it is not their word. */
  ownersWord: (jws: string) => string | null;
  /** The retained status at the end. */
  status: string | null;
  /** At the end the agent runs, or was asked to stop and did. */
  finallyRunning: boolean;
  /** How long after the faults were gone everything was settled; null when the bound was not kept. */
  settledAfterMs: number | null;
  settleBoundMs: number;
  /** What is still unsettled, for whoever reads the violation. */
  unsettled: string;
}

/** Its agent had no moment to do anything before it was gone. */
export function wentAtOnce({ end }: Pick<PowerOn, "end">): boolean {
  return end === "power-cut" || end === "killed";
}

/** The world's time of a monotonic time of this power-on. */
export function worldMsOf({ fromMs, driftPpm }: PowerOn, monotonicMs: number): number {
  return fromMs + Math.round((monotonicMs * MILLION) / (MILLION + driftPpm));
}

const MILLION = 1_000_000;

/** Whether two stretches of time have a moment in common, give or take. */
export function overlap(a: Stretch, b: Stretch, marginMs = 0): boolean {
  const endOf = ({ toMs }: Stretch) => toMs ?? Number.POSITIVE_INFINITY;
  return a.fromMs - marginMs <= endOf(b) && b.fromMs - marginMs <= endOf(a);
}

/** Several checkers ask, of a run that is over. */
const knownFirst = new WeakMap<Evidence, ReadonlyMap<string, Sighting>>();

/** Every event of the consumer, by id, with its first sighting. */
export function firstDeliveries(evidence: Evidence): ReadonlyMap<string, Sighting> {
  const known = knownFirst.get(evidence);
  if (known) return known;
  const first = new Map<string, Sighting>();
  for (const sighting of evidence.deliveries) {
    if (sighting.event && !first.has(sighting.event.id)) first.set(sighting.event.id, sighting);
  }
  knownFirst.set(evidence, first);
  return first;
}
