import { DEVICE_ID, LATE_AFTER_MS } from "../contract/topics.ts";

const LATE_S = LATE_AFTER_MS / 1_000;

/** What stands before the channels. */
export const HEAD = `# The wire

<!-- Made by \`npm run docs\` from agent/contract/ and agent/reference/: change it there. -->

Everything that a doorbell and its consumers say to one another over MQTT, version \`v1\`. The same for machines:
[\`asyncapi.yaml\`](../asyncapi.yaml) (AsyncAPI 3.0) and a JSON Schema for each JSON message in [\`schemas/\`](schemas/).
In TypeScript: \`porchlight/contract\` has the declarations all of this is made from.

MQTT 3.1.1 and 5 do alike: topic and payload say everything. On 5, content types come along.

## In what order to use it

1. Subscribe to \`porchlight/v1/+/#\`, QoS 1, in a session that outlives your connection (3.1.1: clean session 0), or
   the broker drops what comes while you are away.
2. Read the topic, then check the payload: size, UTF-8, JSON, schema. Refuse what does not fit, say why, and go on.
3. Drop an event whose \`id\` you have had. The retained \`status\` says which doorbells are there.
4. Store the event durably. Then, and not before, name it in a \`receipt\`.
5. Ring for a \`press\` only if it came on \`event/\`, was not retained, is new to you, and is at most ${LATE_S} s old by your
   own clock.
6. Look for holes in the numbers (below), and put clips together from their pieces.

## What holds

**At least once.** Any message may come more than once: from the device, which sends again what was not acknowledged,
and from the broker. One id always has one content. Events of one lane come for the first time in the order of their
numbers, except that a live press overtakes older presses that wait.

**Epochs and numbers.** An *epoch* is one start of the agent, a random name. In it, presses have a \`sequence\` of their own
(\`lane\` is \`press\`), all other events another (\`event\`); both count up from 1 by one. A number that you miss is a gap:
either it still comes, or a \`drop\` event says that it was given up and why. The first event of an epoch, \`start\`, names the
epoch before and its last known numbers, so that a gap at the end of an epoch shows as well. Where \`setAside\` is true, what
was waiting from before will not come.

**Late.** An event that is sent for the first time, or again, more than ${LATE_S} s after it happened goes out on \`late/\`. So does
one whose age cannot be known. It is decided at every attempt: the same id may come on both. Nothing on \`late/\` rings, and
no press is ever retained.

**Receipts.** By default (\`uplink.settle: puback\`) an event leaves the device when the broker has acknowledged it. With
\`uplink.settle: receipt\` it stays until a receipt names it, however often the broker forgets; what has no receipt is sent
again, after pauses that grow. A receipt is a set of ranges of one epoch, both ends included, at most 64 of each lane; a
later one need not repeat an earlier one.

**Status.** \`offline\` is the last will. A status with a smaller \`connection\` in the same epoch, or of an epoch that another
has replaced, is an old one that the network kept: ignore it.

**Time.** \`time\` is UTC as the device knew it then; \`timetrust\` says \`estimated\` while its clock is not synced. Times that were
sent are never changed: a \`clock\` event says by how much those before it, in its epoch, were short of the truth.

**Clips.** \`init\`, pieces, \`fin\`, as EMQX's file transfer (EIP-0021) has them. Pieces come while the clip is still being recorded, and
again after an interruption; each names its offset and SHA-256, \`fin\` those of the whole. The file is a tar of an MP4's
initialisation segment, its fragments, and \`manifest.json\`. Only \`end: finished\` is whole.
`;

/** Between the table of the channels and the channels. */
export const AFTER_CHANNELS = `A device refuses what is too large, is not UTF-8, or does not match its schema: nothing changes but a
counter in \`health\` (\`inbound.tooLarge\`, \`receipts.refused\`, \`inbound.unknown\`) and a line in its log.
`;

/** What stands after everything else. */
export const RULES = `## Rules for change

Within \`v1\`:

- **Fields, event types, channels and counters are added.** Ignore what you do not know: an unknown field, an unknown type under
  \`event/\` or \`late/\` (its envelope is valid: store it and give its receipt), an unknown topic.
- **Nothing changes its meaning**, its type, its unit or its bounds. A field that must be there stays; nothing that a device
  sends is taken away.
- **Lists of values are closed** in what a device sends: no value is added to an enumeration. What is new comes as a field or an
  event type. Should you meet a value that you do not know all the same, refuse that one message and act on nothing in it; it is
  not to be guessed, and without a receipt it stays on the device until your consumer is newer.
- **To what a cloud sends**, optional fields and values may be added. A device that does not know a field ignores it; a value
  it does not know it refuses, and says so.
- **The largest payload of a topic never grows.** A topic keeps its QoS and its RETAIN.
- What cannot be had so is \`v2\`, another prefix, beside \`v1\` for as long as anybody needs both.

Tests hold every version to this: an older consumer, kept as it was, reads all that today's agent sends; today's consumer reads what
an older agent sent; the schemas are compared with the older ones.

## Device ids

A device's id matches \`${DEVICE_ID.source}\`. It is the level after \`v1/\`, the MQTT client id, and the end of \`source\` in every
event, so access rules can be made of it. It belongs to one doorbell, and to one at a time: two that connect under one id take the
connection from each other. Give no id to another doorbell later, for consumers know epochs, clips and numbers by it.
`;
