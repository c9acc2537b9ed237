import type { Settings } from "./settings.ts";

/**
 * Who may change a setting over the wire. `broker`: whoever may write `config/desired`. `owner`: only with the owner's
 * signature, because it decides who sees or hears what. `never`: only the file on the device, because it says which
 * device this is, whom it trusts, or how its hardware is wired.
 */
export type ChangedBy = "broker" | "owner" | "never";

type Rights = {
  readonly [S in keyof Settings]?: { readonly [N in keyof Settings[S]]?: Exclude<ChangedBy, "never"> };
};

/** What stands here may be changed over the wire; every other setting is `never`, a new one too. */
const RIGHTS: Rights = {
  device: { bellOnlyMs: "broker" },
  button: {
    holdMs: "broker",
    doubleWithinMs: "broker",
    longMs: "broker",
    stuckMs: "broker",
    maxPerMinute: "broker",
  },
  light: { ringingMs: "broker" },
  camera: {
    transport: "broker",
    widthPx: "broker",
    heightPx: "broker",
    framesPerSecond: "broker",
    bitrateKbps: "broker",
    stallMs: "broker",
    restartMinMs: "broker",
    restartMaxMs: "broker",
  },
  sound: { record: "owner", bitrateKbps: "broker" },
  motion: {
    watch: "owner",
    sensitivity: "broker",
    zones: "owner",
    endAfterMs: "broker",
    recordClip: "owner",
  },
  privacy: { masks: "owner" },
  still: { widthPx: "broker", maxBytes: "broker", idleMs: "broker" },
  clip: {
    preRollMs: "broker",
    postRollMs: "broker",
    maxMs: "broker",
    segmentBytes: "broker",
    ringMaxBytes: "broker",
  },
  spool: { maxBytes: "broker", maxAgeMs: "broker" },
  outbox: { maxBytes: "broker", maxAgeMs: "broker", memoryRows: "broker" },
  broker: { protocol: "broker", keepAliveS: "broker" },
  uplink: {
    settle: "broker",
    ackTimeoutMs: "broker",
    receiptTimeoutMs: "broker",
    reconnectMinMs: "broker",
    reconnectMaxMs: "broker",
    windowMessages: "broker",
    windowMs: "broker",
    windowBytes: "broker",
  },
  health: { everyMs: "broker" },
  log: { level: "broker" },
};

/** Who may change the setting of this section and name. */
export function changedBy(section: string, name: string): ChangedBy {
  if (!Object.hasOwn(RIGHTS, section)) return "never";
  const names: Record<string, ChangedBy> = RIGHTS[section as keyof Rights] ?? {};
  return Object.hasOwn(names, name) ? (names[name] ?? "never") : "never";
}
