import type { BrokerMessageIn, BrokerMessageOut } from "../../device/ports/broker.ts";
import { BIRTH_TEXT, birthTopic, discoveryMessage, discoveryTopic } from "../contract/home-assistant.ts";
import type { CameraState } from "./camera.ts";
import { drawUpTo } from "./chance.ts";
import { eventsWait } from "./delivery.ts";
import { healthText, publishHealth } from "./health.ts";
import { setTimer, timerRuns } from "./timers.ts";
import { count, type Turn } from "./turn.ts";
import { hasRoomFor, isReady, publish } from "./uplink.ts";

/** Tells Home Assistant what this doorbell is, and how it is doing as soon as that changes. */
export interface HomeAssistantState {
  /** An announcement, or its removal, waits for room. */
  announce: boolean;
  /** A health message waits for room. */
  tellHealth: boolean;
  /** Where this run has announced itself last; empty when it has not. */
  announcedOn: string;
  /** What the last health message said that somebody may be waiting for. */
  told: { camera: CameraState["state"]; motion: boolean; atMs: number };
  /** What waits for room is so large; 0 when nothing waits. Meanwhile no clip takes the room. */
  needsBytes: number;
}

/** All doorbells of a town hear the same birth message. */
const AFTER_BIRTH_WITHIN_MS = 5_000;
/** So long it may take until entities that were announced listen. */
const SETTLED_AFTER_MS = 5_000;
const BETWEEN_HEALTH_MS = 1_000;
const OVERHEAD_BYTES = 256;

export function newHomeAssistant(): HomeAssistantState {
  return {
    announce: false,
    tellHealth: false,
    announcedOn: "",
    told: { camera: "off", motion: false, atMs: 0 },
    needsBytes: 0,
  };
}

/** A connection stands: a broker may have lost what it retained, or be another one. */
export function homeAssistantConnected(turn: Turn): void {
  const { homeAssistant, lifecycle, settings } = turn.state;
  const { enabled, remove } = settings.homeAssistant;
  if (lifecycle.mode !== "normal") return;
  homeAssistant.announce = enabled || remove || homeAssistant.announcedOn !== "";
}

/** Home Assistant has started, and knows only what is retained. Answers false when this is no message of its. */
export function birthSeen(turn: Turn, { topic, text, retain }: BrokerMessageIn): boolean {
  const { enabled, discoveryPrefix } = turn.state.settings.homeAssistant;
  if (!enabled || topic !== birthTopic(discoveryPrefix)) return false;
  // A retained one comes with the subscription, after which the announcement follows anyway.
  if (text !== BIRTH_TEXT || retain || timerRuns(turn, "home-assistant.announce")) return true;
  count(turn, "homeAssistant.births");
  setTimer(turn, "home-assistant.announce", turn.now + drawUpTo(turn, AFTER_BIRTH_WITHIN_MS));
  return true;
}

export function announceTimerFired(turn: Turn): void {
  if (isReady(turn)) homeAssistantConnected(turn);
}

/** Entities are there, and know nothing yet: health is not retained. */
export function settledTimerFired({ state: { homeAssistant, settings } }: Turn): void {
  homeAssistant.tellHealth = settings.homeAssistant.enabled;
}

/** Something waits for room, and no clip is to take it. */
export function homeAssistantWaits({ state }: Turn): boolean {
  return state.homeAssistant.needsBytes > 0;
}

/** Publishes what is due, once there is room beside events. */
export function pumpHomeAssistant(turn: Turn): void {
  const { homeAssistant: own, lifecycle } = turn.state;
  own.needsBytes = 0;
  if (!isReady(turn) || lifecycle.phase !== "running") return;
  noticeChange(turn);
  if (eventsWait(turn)) return;
  if (own.announce) {
    const messages = announcement(turn);
    if (!hasRoom(turn, messages)) return;
    own.announce = false;
    own.announcedOn = turn.state.settings.homeAssistant.enabled ? ownTopic(turn) : "";
    for (const message of messages) publish(turn, { kind: "home-assistant" }, message);
    setTimer(turn, "home-assistant.settled", turn.now + SETTLED_AFTER_MS);
  }
  if (!own.tellHealth || !roomFor(turn, healthText(turn).length)) return;
  publishHealth(turn);
}

/** What Home Assistant shows of the camera is to be right at once, not at the next health message. */
function noticeChange(turn: Turn): void {
  const { camera, homeAssistant: own, motion, settings } = turn.state;
  if (!settings.homeAssistant.enabled || own.tellHealth) return;
  if (camera.state === own.told.camera && (motion.current !== null) === own.told.motion) return;
  const atMs = own.told.atMs + BETWEEN_HEALTH_MS;
  if (turn.now >= atMs) own.tellHealth = true;
  else if (!timerRuns(turn, "home-assistant.health")) setTimer(turn, "home-assistant.health", atMs);
}

/** The announcement; or, where it is not wanted or has moved, an empty message in its place. */
function announcement(turn: Turn): BrokerMessageOut[] {
  const { homeAssistant: own, lifecycle, settings } = turn.state;
  const { enabled, remove, deviceName, snapshots } = settings.homeAssistant;
  const topic = ownTopic(turn);
  const messages: BrokerMessageOut[] = [];
  const old = new Set([...(remove ? [topic] : []), ...(own.announcedOn === "" ? [] : [own.announcedOn])]);
  if (enabled) old.delete(topic);
  for (const one of old) messages.push({ ...retained(one), payload: { kind: "empty" }, contentType: null });
  if (!enabled) return messages;
  const hasCamera = settings.camera.source !== "none";
  const text = JSON.stringify(
    discoveryMessage({
      deviceId: settings.device.id,
      name: deviceName,
      version: lifecycle.version,
      camera: hasCamera,
      motion: hasCamera && settings.motion.watch,
      snapshots: hasCamera && snapshots,
    }),
  );
  messages.push({ ...retained(topic), payload: { kind: "text", text }, contentType: "application/json" });
  return messages;
}

function retained(topic: string) {
  return { topic, retain: true, expiryS: null };
}

function ownTopic({ state: { settings } }: Turn): string {
  return discoveryTopic(settings.homeAssistant.discoveryPrefix, settings.device.id);
}

function hasRoom(turn: Turn, messages: BrokerMessageOut[]): boolean {
  const sizes = messages.map(({ payload }) => (payload.kind === "text" ? payload.text.length : 0));
  return roomFor(
    turn,
    sizes.reduce((sum, bytes) => sum + bytes + OVERHEAD_BYTES, 0),
  );
}

function roomFor(turn: Turn, bytes: number): boolean {
  if (hasRoomFor(turn, bytes)) return true;
  turn.state.homeAssistant.needsBytes = bytes;
  return false;
}
