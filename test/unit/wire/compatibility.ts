import { type AsyncApi, named } from "./documents.ts";

/** The keywords of JSON Schema that the contract uses. */
interface Schema {
  type?: string;
  enum?: readonly unknown[];
  const?: unknown;
  pattern?: string;
  format?: string;
  anyOf?: readonly Schema[];
  items?: Schema | readonly Schema[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  required?: readonly string[];
  minimum?: number;
  minLength?: number;
  minItems?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
}

/**
 * What in a newer contract breaks the rules for change (docs/wire.md): what a consumer of the older one would refuse of
 * a device, or a device of the newer one would refuse of a consumer.
 */
export function breaches(older: AsyncApi, newer: AsyncApi): string[] {
  return [
    ...brokenChannels(older, newer),
    ...brokenOperations(older, newer),
    ...brokenMessages(older, newer),
  ];
}

function brokenChannels(older: AsyncApi, newer: AsyncApi): string[] {
  return Object.entries(older.channels).flatMap(([name, was]) => {
    const is = newer.channels[name];
    if (!is) return [`${name}: the channel is gone`];
    const gone = Object.keys(was.messages).filter((message) => !is.messages[message]);
    return [
      ...gone.map((message) => `${name}: the message ${message} is gone`),
      ...differs(`${name}: the address`, was.address, is.address),
      ...grown(`${name}: the largest payload`, was["x-max-payload-bytes"], is["x-max-payload-bytes"]),
      ...Object.keys(was.parameters).flatMap((parameter) =>
        differs(
          `${name}: {${parameter}}`,
          older.components.parameters[parameter]?.["x-pattern"],
          newer.components.parameters[parameter]?.["x-pattern"],
        ),
      ),
    ];
  });
}

function brokenOperations(older: AsyncApi, newer: AsyncApi): string[] {
  return Object.entries(older.operations).flatMap(([name, was]) => {
    const is = newer.operations[name];
    if (!is) return [`${name}: the operation is gone`];
    const { qos, retain } = is.bindings.mqtt;
    return [
      ...differs(`${name}: the direction`, was.action, is.action),
      ...differs(`${name}: QoS`, was.bindings.mqtt.qos, qos),
      ...differs(`${name}: RETAIN`, was.bindings.mqtt.retain, retain),
    ];
  });
}

function brokenMessages(older: AsyncApi, newer: AsyncApi): string[] {
  return Object.entries(older.channels).flatMap(([name, { messages }]) =>
    Object.keys(messages).flatMap((message) => {
      const was = older.components.schemas[message];
      const is = newer.components.schemas[message];
      if (!was) return [];
      if (!is) return [`${message}: the schema is gone`];
      // Whatever the one side may send, the other, of the other day, must take.
      const wider = isFromDevice(older, name) ? widened(message, was, is) : widened(message, is, was);
      return [...gone(message, was, is), ...wider];
    }),
  );
}

/** A device may listen to its own channel: it is its sender's all the same. */
function isFromDevice({ operations }: AsyncApi, name: string): boolean {
  return Object.values(operations).some(
    ({ action, channel }) => action === "send" && named(channel) === name,
  );
}

function gone(at: string, was: Schema, is: Schema): string[] {
  return Object.entries(was.properties ?? {}).flatMap(([name, field]) => {
    const other = is.properties?.[name];
    return other ? gone(`${at}.${name}`, field, other) : [`${at}.${name}: it is gone`];
  });
}

/** Where `sent` allows what `taken` refuses. A field that only `sent` has is nothing to `taken`, which ignores it. */
function widened(at: string, taken: Schema, sent: Schema): string[] {
  const missing = (taken.required ?? []).filter((name) => !(sent.required ?? []).includes(name));
  const fields = Object.entries(taken.properties ?? {}).flatMap(([name, field]) => {
    const other = sent.properties?.[name];
    return other ? widened(`${at}.${name}`, field, other) : [];
  });
  return [
    ...differs(`${at}: the type`, taken.type, sent.type),
    ...differs(`${at}: the pattern`, taken.pattern, sent.pattern),
    ...differs(`${at}: the format`, taken.format, sent.format),
    ...differs(`${at}: the value`, taken.const, sent.const),
    ...lacking(`${at}: the value`, taken.enum, sent.enum),
    ...(["minimum", "minLength", "minItems"] as const).flatMap((bound) =>
      grown(`${at}: ${bound}`, negative(taken[bound]), negative(sent[bound])),
    ),
    ...(["maximum", "maxLength", "maxItems"] as const).flatMap((bound) =>
      grown(`${at}: ${bound}`, taken[bound], sent[bound]),
    ),
    ...inTurn(`${at}, or`, taken.anyOf, sent.anyOf),
    ...inTurn(`${at}[]`, listOf(taken.items), listOf(sent.items)),
    ...inTurn(
      `${at}.*`,
      Object.values(taken.patternProperties ?? {}),
      Object.values(sent.patternProperties ?? {}),
    ),
    ...missing.map((name) => `${at}.${name}: it may be missing`),
    ...fields,
  ];
}

function inTurn(at: string, taken: readonly Schema[] = [], sent: readonly Schema[] = []): string[] {
  if (taken.length !== sent.length) return [`${at}: ${taken.length} became ${sent.length}`];
  return taken.flatMap((one, i) => widened(at, one, sent[i] ?? {}));
}

function lacking(what: string, taken: readonly unknown[] | undefined, sent: readonly unknown[] | undefined) {
  if (!taken) return [];
  const unknown = (sent ?? ["anything"]).filter((value) => !taken.includes(value));
  return unknown.map((value) => `${what} ${JSON.stringify(value)} is not known to the other`);
}

function differs(what: string, was: unknown, is: unknown): string[] {
  return was === is ? [] : [`${what} was ${JSON.stringify(was)} and is ${JSON.stringify(is)}`];
}

function grown(what: string, was: number | undefined, is: number | undefined): string[] {
  const before = was ?? Number.POSITIVE_INFINITY;
  const after = is ?? Number.POSITIVE_INFINITY;
  return after > before ? [`${what} went from ${Math.abs(before)} to ${Math.abs(after)}`] : [];
}

/** A lower bound turned round, so that what allows more is more. */
function negative(bound: number | undefined): number | undefined {
  return bound === undefined ? undefined : -bound;
}

function listOf(items: Schema | readonly Schema[] | undefined): readonly Schema[] {
  if (items === undefined) return [];
  return Array.isArray(items) ? (items as readonly Schema[]) : [items as Schema];
}
