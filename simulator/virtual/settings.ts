import { Value } from "typebox/value";
import { type Settings, SettingsSchema } from "../../agent/contract/settings.ts";
import type { Chance } from "../world/chance.ts";

/** The declared defaults, with the drawn footage as camera. */
export function defaultSettings(): Settings {
  const settings = Value.Create(SettingsSchema);
  settings.camera.source = "test";
  return settings;
}

/** Defaults with some settings drawn, small bounds among them, so that every bound is met in some run. */
export function drawSettings(chance: Chance): Settings {
  const settings = defaultSettings();
  settings.camera.source = chance.happens(100) ? "none" : "test";
  settings.motion.watch = !chance.happens(100);
  settings.motion.recordClip = chance.happens(400);
  settings.motion.endAfterMs = chance.pick([500, 5_000, 30_000]);
  settings.broker.keepAliveS = chance.pick([10, 30, 60]);
  settings.uplink.settle = chance.pick(["puback", "receipt"]);
  settings.uplink.windowMessages = chance.pick([1, 4, 64]);
  settings.uplink.windowBytes = chance.pick([65_536, 262_144]);
  settings.uplink.reconnectMaxMs = chance.pick([5_000, 60_000]);
  // Below what a configuration may say: a bound that an hour's events really reach.
  settings.outbox.maxBytes = chance.pick([8_192, 24_576, 33_554_432]);
  settings.outbox.memoryRows = chance.pick([16, 256]);
  settings.clip.segmentBytes = chance.pick([16_384, 65_536, 131_072]);
  // Little more than the largest clip, and some clips: an hour has some MB of them.
  settings.spool.maxBytes = chance.pick([1_048_576, 2_097_152, 536_870_912]);
  settings.outbox.maxAgeMs = chance.pick([600_000, 1_209_600_000]);
  return settings;
}
