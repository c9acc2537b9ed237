import { type Static, Type } from "typebox";
import { readMessage } from "./read-message.ts";

/** Longest `config/desired` and `config/reported`, in bytes. */
export const CONFIGURATION_MAX_BYTES = 65_536;

/** `typ` of what the owner signs (RFC 7515 §4.1.9): a signature for something else is none for this. */
export const OWNER_CONFIGURATION_TYPE = "porchlight-config+jws";

const MOST_VERSIONS = 2_147_483_647;
const One = Type.Union([Type.Number(), Type.String({ maxLength: 2_048 }), Type.Boolean()]);
/** Names are no longer than a setting's may be, and nothing is deeper than a list. */
const sections = (description: string) =>
  Type.Record(
    Type.String({ maxLength: 64 }),
    Type.Record(
      Type.String({ maxLength: 64 }),
      Type.Union([One, Type.Array(Type.String({ maxLength: 2_048 }), { maxItems: 64 })]),
    ),
    { description },
  );
const Counter = (minimum: number, description: string) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, description });

/** `config/desired`, retained, to the device: settings as in its file, and what its owner signed. */
export const DesiredConfiguration = Type.Object({
  version: Type.Integer({
    minimum: 1,
    maximum: MOST_VERSIONS,
    description: "Larger than the last that was taken up",
  }),
  settings: sections(
    "By section and name, as in the file on the device; settings of the owner stand in `owner`",
  ),
  owner: Type.Optional(
    Type.String({
      maxLength: 49_152,
      description:
        "Compact JWS (RFC 7515) of an `OwnerConfiguration`, EdDSA; without it the owner's settings stay as they are",
    }),
  ),
});
export type DesiredConfiguration = Static<typeof DesiredConfiguration>;

/**
 * What the owner signs: all of their settings for one device. What is not in it is as the file on the device has it.
 * Unknown properties are refused, not ignored: who signs them means them.
 */
export const OwnerConfiguration = Type.Object(
  {
    deviceId: Type.String({ pattern: "^[a-z0-9-]{3,36}$", description: "For this device and no other" }),
    counter: Counter(1, "Larger than the last that was taken"),
    issuedAt: Type.String({ maxLength: 40, description: "For people; the counter decides" }),
    settings: sections("All of the owner's, by section and name"),
  },
  { additionalProperties: false },
);
export type OwnerConfiguration = Static<typeof OwnerConfiguration>;

/** `config/reported`, retained: the answer to `config/desired`, and what is in force. */
export const ReportedConfiguration = Type.Object({
  version: Type.Integer({
    minimum: 0,
    maximum: MOST_VERSIONS,
    description: "That it answers; 0 when none could be read",
  }),
  state: Type.Enum(["applied", "refused", "rolled-back", "trying"], {
    description: "`trying`: it was taken up, and no broker has been reached with it yet",
  }),
  refusals: Type.Array(
    Type.Object({
      field: Type.String({ maxLength: 160, description: "Such as `button.holdMs`; empty: the whole" }),
      reason: Type.String({ maxLength: 320, description: "One line for a person" }),
    }),
    { maxItems: 32, description: "What is wrong with it; empty unless it was refused or rolled back" },
  ),
  ownerCounter: Counter(0, "The last that was taken up; the owner signs the next with a larger one"),
  settings: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
    description:
      "All that is in force from the wire, the owner's too; the rest is as the device's file has it",
  }),
});
export type ReportedConfiguration = Static<typeof ReportedConfiguration>;

/** Reads `config/desired`; a string says in one line why it is none. */
export function parseDesired(text: string): DesiredConfiguration | string {
  return readMessage(DesiredConfiguration, text);
}

/** Reads the payload that an owner signed; a string says in one line why it is none. */
export function parseOwnerConfiguration(text: string): OwnerConfiguration | string {
  return readMessage(OwnerConfiguration, text);
}

/** Reads `config/reported`; a string says in one line why it is none. */
export function parseReported(text: string): ReportedConfiguration | string {
  return readMessage(ReportedConfiguration, text);
}
