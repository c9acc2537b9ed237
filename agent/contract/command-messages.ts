import { type Static, type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import { COMMANDS, type CommandName, REFUSALS, type RefusalCode } from "./commands.ts";

/** Largest payloads, in bytes. */
export const COMMAND_MAX_BYTES = 4_096;
export const REPLY_MAX_BYTES = 16_384;

const RequestId = Type.String({
  pattern: "^[A-Za-z0-9_-]{1,64}$",
  description: "Of the asker's making, and never used for anything else: a repeated one is answered the same",
});

/** `command/{name}`: asks the doorbell for something. Never retained. */
export const CommandMessage = Type.Object({
  requestId: RequestId,
  params: Type.Optional(Type.Object({}, { additionalProperties: true, description: "By the command" })),
  expiresAt: Type.Optional(
    Type.String({
      format: "date-time",
      description: "RFC 3339. After it the request is refused and not done",
    }),
  ),
});
export type CommandMessage = Static<typeof CommandMessage>;

/** `reply/{requestId}`, or the response topic of an MQTT 5 request: the one answer to a request. */
export const ReplyMessage = Type.Object({
  requestId: RequestId,
  command: Type.String({ maxLength: 32, description: "Its name" }),
  outcome: Type.Enum(["done", "refused"], {
    description: "Whether it was done; `refused` has a `refusal`, `done` a `result`",
  }),
  refusal: Type.Optional(
    Type.Object({
      code: Type.Enum(Object.keys(REFUSALS) as RefusalCode[], { description: "Why, for a machine" }),
      field: Type.String({ maxLength: 200, description: "JSON pointer into the request; empty for none" }),
      reason: Type.String({ maxLength: 200, description: "One line for a person" }),
    }),
  ),
  result: Type.Optional(Type.Object({}, { additionalProperties: true, description: "By the command" })),
});
export type ReplyMessage = Static<typeof ReplyMessage>;
export type CommandRefusal = NonNullable<ReplyMessage["refusal"]>;

/** Something that is not what its schema says. */
export interface Fault {
  /** JSON pointer. */
  field: string;
  reason: string;
}

export type ReadCommand =
  /** `expiresAtMs`: milliseconds since 1970. */
  | { kind: "command"; requestId: string; params: object; expiresAtMs: number | null }
  /** It can be answered: it says which request it is. */
  | { kind: "faulty"; requestId: string; fault: Fault }
  /** Nobody could be answered. */
  | { kind: "nothing"; reason: string };

/** Reads the JSON text of a `command/{name}`. Never throws. */
export function readCommand(text: string): ReadCommand {
  if (text.length > COMMAND_MAX_BYTES) return nothing(`more than ${COMMAND_MAX_BYTES} bytes`);
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return nothing("not JSON");
  }
  const requestId = Reflect.get(Object(message), "requestId");
  if (!check(RequestId, requestId)) return nothing("no requestId of 1 to 64 letters, digits, _ and -");
  if (!check(CommandMessage, message))
    return { kind: "faulty", requestId, fault: faultOf(CommandMessage, message) };
  const { params = {}, expiresAt } = message;
  const expiresAtMs = expiresAt === undefined ? null : Date.parse(expiresAt);
  if (Number.isNaN(expiresAtMs))
    return { kind: "faulty", requestId, fault: { field: "/expiresAt", reason: "must be a time (RFC 3339)" } };
  return { kind: "command", requestId, params, expiresAtMs };
}

/** What is wrong with these parameters of a command; null when they are right. */
export function faultInParams(name: CommandName, params: object): Fault | null {
  const schema = COMMANDS[name].params;
  if (check(schema, params)) return null;
  const { field, reason } = faultOf(schema, params);
  return { field: `/params${field}`, reason };
}

/** What is wrong with this result of a command; null when it is right. */
export function faultInResult(name: CommandName, result: unknown): Fault | null {
  const schema = COMMANDS[name].result;
  return check(schema, result) ? null : faultOf(schema, result);
}

function nothing(reason: string): ReadCommand {
  return { kind: "nothing", reason };
}

interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): { instancePath: string; message: string; params?: unknown }[];
}

/** Made when the first message of a kind comes: a start does not wait for them. */
const validators = new Map<TSchema, Validator>();

function validatorOf(schema: TSchema): Validator {
  const made = validators.get(schema) ?? Compile(schema);
  validators.set(schema, made);
  return made;
}

function check<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return validatorOf(schema).Check(value);
}

function faultOf(schema: TSchema, value: unknown): Fault {
  const [error] = validatorOf(schema).Errors(value);
  const named = missingOrUnknown(error?.params);
  return {
    field: `${error?.instancePath ?? ""}${named === null ? "" : `/${named}`}`.slice(0, 200),
    reason: (error?.message ?? "is wrong").slice(0, 200),
  };
}

/** The property that lacks or is too many: TypeBox tells it beside the path of its object. */
function missingOrUnknown(params: unknown): string | null {
  const { requiredProperties, additionalProperties } = Object(params);
  const [name] = [requiredProperties, additionalProperties].find(Array.isArray) ?? [];
  return typeof name === "string" ? name : null;
}
