import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { COMMANDS, type CommandName } from "../../agent/contract/commands.ts";
import { EventData, type EventType } from "../../agent/contract/events.ts";
import { StatusMessage } from "../../agent/contract/messages.ts";
import { QUANTITIES, type QuantityKind } from "../sim/quantities.ts";
import { MISHAP_KINDS, type MishapKind } from "../virtual/faults.ts";

/*
 * The format of a scenario file, declared once: types, what the reader allows, the JSON Schema for editors and the page
 * of the format are made from this. In memory a duration is whole milliseconds, a share thousandths, a size bytes and a
 * rate bytes a second; in a file they are text with a unit.
 */

/** Longer stories than this are a mistake. */
export const LONGEST_MS = 366 * 86_400_000;
const MOST_DOORBELLS = 20_000;

const EVENT_TYPES = Object.keys(EventData) as EventType[];
const ARRIVALS = ["ring", "snapshot", "clip"] as const;

/** Beside every step. */
export const BESIDE_A_STEP = {
  at: Type.Optional(
    duration("When it begins, since the scenario began; never before the step above it began", {}),
  ),
  door: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MOST_DOORBELLS,
      description: "Which doorbell, from 0; every one without it",
    }),
  ),
};

/** What a step may be. `main`: the field that stands right behind the step's name; its others stand beside it. */
export const STEPS = {
  press: step("Somebody pushes the button and lets go. The next step follows 150ms after the release.", {
    hold: duration("How long the button is held", { default: 250, minimum: 1 }),
    chatter: duration("How long a worn contact takes to rest, when it closes and when it opens", {
      default: 0,
      maximum: 1_000,
    }),
  }),
  hold: step(
    "Somebody leans on the button for so long.",
    { for: duration("How long", { minimum: 1 }) },
    "for",
  ),
  double: step("Two pushes, one right after the other, as an impatient person makes them.", {}),
  visitor: step(
    "Somebody comes (motion), rings three seconds later (or at once, in a shorter visit), and goes. The next step " +
      "follows 150ms after the release; the motion goes on beside it.",
    { for: duration("How long they are to be seen", { default: 20_000, minimum: 300 }) },
  ),
  motion: step("Something moves before the camera. It goes on beside the next steps.", {
    for: duration("How long", { default: 10_000, minimum: 1 }),
    area: share("How much of the picture moves", { default: 120, minimum: 1 }),
    zones: Type.Array(Type.Integer({ minimum: 0, maximum: 15 }), {
      default: [],
      maxItems: 16,
      description: "Which of the zones in the setting motion.zones, from 0",
    }),
  }),
  ask: step(
    "Somebody at the broker asks the doorbell for something; of clips, the newest that the receiver was told of.",
    {
      command: oneOf<CommandName[]>(Object.keys(COMMANDS) as CommandName[], "What"),
      repeats: natural("So many times more, under the same id", { default: 0, maximum: 100 }),
      every: duration("How long after the one before", { default: 1_000, minimum: 1 }),
      expires: Type.Optional(
        duration("How long it counts; negative: it has expired before it is sent", { minimum: -LONGEST_MS }),
      ),
      elsewhere: flag(false, "It is to be answered on another topic, as MQTT 5 has it"),
      retained: flag(false, "It is retained, by mistake"),
    },
    "command",
  ),
  wait: step("Time passes.", { for: duration("How much", { minimum: 0 }) }, "for"),
  fault: step(
    "Something goes wrong. It goes on beside the next steps, until it has lasted `for`, or is healed, or the steps are over.",
    {
      kind: oneOf<MishapKind[]>(MISHAP_KINDS, "What"),
      for: Type.Optional(duration("How long; until it is healed without it", { minimum: 1 })),
      dose: Type.Integer({
        default: 500,
        minimum: 0,
        maximum: 1_000,
        description: "How bad, in thousandths; what that means is the kind's own",
      }),
    },
    "kind",
  ),
  heal: step(
    "What began without an end is over.",
    { kind: oneOf<(MishapKind | "all")[]>([...MISHAP_KINDS, "all"], "What, or all of it") },
    "kind",
  ),
  power: step(
    "The power goes, or comes back: the same as the fault power.cut, and its heal.",
    { to: oneOf(["cut", "on"], "Which") },
    "to",
  ),
  clock: step(
    "The device's clock is set by a time server (`clock: sync`), or by somebody by so much (`clock: {by: -2h}`).",
    {
      to: Type.Optional(oneOf(["sync"], "A time server answers")),
      by: Type.Optional(duration("By how much it jumps, back when it is negative", { minimum: -LONGEST_MS })),
    },
    "to",
  ),
  mark: step(
    "From here on expectations look at what is seen after this, not since the beginning.",
    { name: text("For people", { default: "" }) },
    "name",
  ),
  say: step("A line for the report.", { text: text("The line", {}) }, "text"),
} as const;

const within = () =>
  duration("How long it may take until it holds; it must hold at once without it", {
    default: 0,
    minimum: 0,
  });
const count = Type.Optional(natural("So many and no more; at least one without it", { minimum: 1 }));
const atLeast = Type.Optional(natural("So many or more", { minimum: 1 }));
const perSecond = Type.Optional(
  natural("At most so many at all doorbells within any one second: nobody comes back in a herd", {
    minimum: 1,
  }),
);
const late = Type.Optional(Type.Boolean({ description: "Whether they came on `late/`; either without it" }));
const where = Type.Optional(
  Type.Record(
    Type.String(),
    Type.Union([
      Type.String(),
      Type.Number(),
      Type.Boolean(),
      Type.Object(
        { from: Type.Optional(Type.Number()), to: Type.Optional(Type.Number()) },
        { additionalProperties: false },
      ),
    ]),
    { description: "What stands in their data: a value, or a number `{from: 1, to: 5}`" },
  ),
);

/** What may be expected, by the name that its field begins with. Without `door` it must hold at every doorbell. */
export const EXPECTATIONS = {
  event: fields("Events that the receiver got, each once however often it came.", {
    event: oneOf<EventType[]>(EVENT_TYPES, "Their type"),
    ...{ count, atLeast, late, where, perSecond },
    within: within(),
  }),
  ring: fields("The chime sounded.", {
    ring: natural("How often", { minimum: 1 }),
    within: within(),
  }),
  snapshot: fields("Previews that the receiver got.", {
    snapshot: natural("How many", { minimum: 1 }),
    within: within(),
  }),
  clip: fields("Clips that the receiver got to their end.", {
    clip: oneOf(["whole", "aborted"], "Every byte of its file, or given up by the doorbell"),
    ...{ count, atLeast },
    preRoll: Type.Optional(duration("It begins at least so long before the press", { minimum: 1 })),
    end: Type.Optional(
      oneOf(["finished", "seam", "camera-lost", "interrupted", "store-failed"], "Why its recording ended"),
    ),
    within: within(),
  }),
  status: fields("The last status that the receiver was told.", {
    status: oneOf(StatusMessage.properties.state.enum, "Which"),
    perSecond,
    within: within(),
  }),
  light: fields("What the light shows: the last change.", {
    light: oneOf(["off", "idle", "ringing", "recording", "fault"], "Which"),
    within: within(),
  }),
  none: fields("Nothing of this, neither before nor for so long.", {
    none: oneOf<((typeof ARRIVALS)[number] | EventType)[]>(
      [...ARRIVALS, ...EVENT_TYPES.filter((type) => type !== "snapshot" && type !== "clip")],
      "A ring, a snapshot's preview, a whole clip, or a type of event",
    ),
    ...{ late, where },
    for: duration("How long", { default: 0, minimum: 0 }),
  }),
} as const;

/** What differs from one doorbell to another, besides settings. */
export const DOORBELL = {
  link: fields("The network between doorbell and broker, when nothing is wrong with it.", {
    latency: duration("On the way, in each direction", { default: 5, minimum: 0, maximum: 60_000 }),
    jitter: duration("Up to so much more, drawn for each packet", {
      default: 0,
      minimum: 0,
      maximum: 60_000,
    }),
    rate: quantity("rate", "What it carries", { default: 1_000_000, minimum: 100, maximum: 1_000_000_000 }),
  }),
  clock: fields("The device's clock at each start.", {
    synced: Type.Boolean({ default: true, description: "It has the time from the start" }),
    behind: duration("How far it is behind at the first start when it has not", { default: 0, minimum: 0 }),
    syncAfter: duration("How long after a start a time server answers then", { default: 0, minimum: 0 }),
    driftPpm: Type.Integer({
      default: 0,
      minimum: -1_000,
      maximum: 1_000,
      description: "How many millionths the device's quartz is too quick; too slow when it is negative",
    }),
  }),
  receiver: fields("The one who receives its messages.", {
    receiptsAnyway: flag(false, "It gives receipts also where the broker's acknowledgement settles"),
  }),
} as const;

/** The sins of the broker when something goes wrong with it. */
export const BROKER = fields("What the broker keeps and does when something goes wrong with it.", {
  keepsRetained: flag(true, "Killed, it keeps its retained messages"),
  keepsSessions: flag(true, "Killed, it keeps the messages that wait for the receiver"),
  oldWillLast: flag(false, "At a take-over the old connection's will comes last, as in a cluster"),
  deliverTwice: share("Of what goes to the receiver at once, how often the last message is sent again", {
    default: 0,
  }),
});

/** What stands at the top of a file besides steps, doorbells and their settings. */
export const HEAD = {
  name: text("What it is called", {}),
  about: text("One sentence for people", { default: "" }),
  seed: Type.Integer({
    default: 1,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Of all small chances: latencies, the order of the disk's work, where a power cut meets it",
  }),
  shard: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: MOST_DOORBELLS,
    description: "Which part of a town it was drawn as; other chances from the same seed",
  }),
  lasts: duration("It ends after exactly so long; without it when its steps and what they began are over", {
    default: 0,
    minimum: 0,
  }),
  end: Type.Enum(["running", "stopped"], {
    default: "running",
    description: "Whether the agent still runs at the end, or is asked to stop once everything has settled",
  }),
};

export type StepName = keyof typeof STEPS;
type StepFields = { [K in StepName]: Static<(typeof STEPS)[K]["schema"]> };
type Beside = { at?: number; door?: number };
/** A step of any kind but an expectation. */
export type ActStep = { [K in StepName]: { step: K } & StepFields[K] & Beside }[StepName];
export type Expectation = {
  [K in keyof typeof EXPECTATIONS]: { of: K } & Static<(typeof EXPECTATIONS)[K]>;
}[keyof typeof EXPECTATIONS];
export type ExpectStep = { step: "expect" } & Expectation & Beside;
export type Step = ActStep | ExpectStep;
export type ConditionValue = string | number | boolean | { from?: number; to?: number };

/** One doorbell of a scenario: settings that differ from their defaults, by path, and what is around it. */
export interface Door {
  settings: Record<string, SettingText>;
  link: Static<typeof DOORBELL.link>;
  clock: Static<typeof DOORBELL.clock>;
  receiver: Static<typeof DOORBELL.receiver>;
}
export type SettingText = number | string | boolean | readonly string[];

/** A scenario as it is played: every default filled in. */
export interface Scenario {
  name: string;
  about: string;
  seed: number;
  shard: number;
  lasts: number;
  end: "running" | "stopped";
  broker: Static<typeof BROKER>;
  doorbells: Door[];
  steps: Step[];
}

/** At most so many doorbells in one scenario. */
export const DOORBELLS = { minimum: 1, maximum: MOST_DOORBELLS };

function step<P extends TProperties>(
  description: string,
  properties: P,
  main: (keyof P & string) | null = null,
) {
  return { schema: fields(description, properties), main };
}

function fields<P extends TProperties>(description: string, properties: P) {
  const schema = Type.Object(properties, { description, additionalProperties: false });
  return schema as typeof schema & { description: string };
}

type Bounds = { default?: number; minimum?: number; maximum?: number };

/** Text with a unit in a file, a whole number in memory. */
function quantity(kind: QuantityKind, description: string, bounds: Bounds) {
  const { pattern } = QUANTITIES[kind];
  return Type.Unsafe<number>(Type.String({ pattern, quantity: kind, description, ...bounds }));
}

function duration(description: string, bounds: Bounds) {
  return quantity("duration", description, { minimum: 0, maximum: LONGEST_MS, ...bounds });
}

function share(description: string, bounds: Bounds) {
  return quantity("share", description, { minimum: 0, maximum: 1_000, ...bounds });
}

function natural(description: string, bounds: Bounds) {
  return Type.Integer({ minimum: 0, maximum: 1_000_000_000, description, ...bounds });
}

function flag(value: boolean, description: string) {
  return Type.Boolean({ default: value, description });
}

function oneOf<V extends string[]>(values: readonly [...V], description: string) {
  return Type.Enum(values, { description });
}

function text(description: string, more: { default?: string }) {
  return Type.String({
    pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    allowed: "text on one line",
    maxLength: 500,
    description,
    ...more,
  });
}

/** Declared fields by their names. */
export type Declarations = Readonly<Record<string, TSchema>>;

/** The keywords of a declared field, as its schema has them. */
export interface Declared {
  type?: string;
  /** `pattern` in words. */
  allowed?: string;
  quantity?: QuantityKind;
  enum?: readonly string[];
  items?: Declared;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  description?: string;
}
