import { accepted } from "./accepted.ts";
import { bell } from "./bell.ts";
import { bellOnly } from "./bell-only.ts";
import { bounds } from "./bounds.ts";
import { clips } from "./clips.ts";
import { commands } from "./commands.ts";
import { configuration } from "./configuration.ts";
import { consumer } from "./consumer.ts";
import { content } from "./content.ts";
import type { Checker, Evidence, Violation } from "./evidence.ts";
import { kept } from "./kept.ts";
import { lateness } from "./lateness.ts";
import { light } from "./light.ts";
import { motion } from "./motion.ts";
import { order } from "./order.ts";
import { pressFirst } from "./press-first.ts";
import { retained } from "./retained.ts";
import { room } from "./room.ts";
import { settles } from "./settles.ts";
import { status } from "./status.ts";
import { uplink } from "./uplink.ts";

/** What must hold in every run. */
export const CHECKERS: readonly Checker[] = [
  accepted,
  kept,
  bell,
  bellOnly,
  light,
  content,
  order,
  retained,
  lateness,
  pressFirst,
  uplink,
  consumer,
  status,
  clips,
  commands,
  motion,
  bounds,
  room,
  settles,
  configuration,
];

/** Runs every checker. Empty when all is well. */
export function checkAll(evidence: Evidence): Violation[] {
  return CHECKERS.flatMap(({ name, check }) => check(evidence).map((detail) => ({ checker: name, detail })));
}
