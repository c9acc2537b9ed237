import { createHash } from "node:crypto";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type ClipMessage, parseMessage } from "../../../agent/consumer/index.ts";
import type { EventEnvelope } from "../../../agent/contract/events.ts";
import { eventBody } from "../../../agent/contract/events.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { ClipParts } from "../../../simulator/live/clip-parts.ts";
import { EventLog } from "../../../simulator/live/event-log.ts";
import { missingOrDoubled } from "../../../simulator/live/frame-count.ts";
import type { Fact } from "../../../simulator/live/happenings.ts";
import { ReceivedFiles } from "../../../simulator/live/received-files.ts";
import { Snapshots } from "../../../simulator/live/snapshots.ts";

const root = await mkdtemp(join(tmpdir(), "porchlight-received-"));
afterAll(() => rm(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, String(++folders));
const topics = topicsOf("front-door");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("events are found again by the next run, also after a line that a crash cut short", async () => {
  const path = join(root, "events.jsonl");
  const first = new EventLog(path);
  expect(await first.open()).toEqual([]);
  await first.append([press(1), press(2)]);
  await first.close();
  await appendFile(path, '{"epoch":"0123');
  const second = new EventLog(path);
  expect((await second.open()).map(({ sequence }) => sequence)).toEqual([1, 2]);
  await second.append([press(3)]);
  await second.close();
  const third = new EventLog(path);
  expect((await third.open()).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  await third.close();
});

test("parts of a clip are the same messages in the next run, and gone when forgotten", async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const segment = message(topics.clipSegment("clip-1", 512, sha256(bytes)), bytes);
  const fin = message(topics.clipFin("clip-1", 515, sha256(bytes)), new Uint8Array(0));
  const other = message(topics.clipSegment("clip-2", 0, sha256(bytes)), bytes);
  const folder = newFolder();
  const parts = new ClipParts(folder, "front-door");
  for (const one of [segment, fin, other, segment]) await parts.keep(one);
  await writeFile(join(folder, "stray"), "x");
  await writeFile(join(folder, "clip-1", "stray"), "x");
  const again = new ClipParts(folder, "front-door");
  expect(await allOf(again)).toEqual(expect.arrayContaining([segment, fin, other]));
  expect(await allOf(again)).toHaveLength(3);
  await again.forget("clip-1");
  expect(await allOf(again)).toEqual([other]);
});

test("a snapshot is stored when picture and event have come, whichever is first, and only if they agree", async () => {
  const folder = newFolder();
  const files = new ReceivedFiles(folder);
  await files.open();
  const told: [Fact, number][] = [];
  const snapshots = new Snapshots(files, (fact, atMs) => told.push([fact, atMs]));
  const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 1]);
  await snapshots.picture("press-1", jpeg, 11);
  await snapshots.facts(facts("press-1", jpeg));
  await snapshots.facts(facts("press-2", jpeg));
  await snapshots.picture("press-2", jpeg, 22);
  await snapshots.facts(facts("press-3", jpeg));
  await snapshots.picture("press-3", new Uint8Array([0xff, 0xd8, 0xff, 2]), 33);
  expect(told.map(([fact, atMs]) => [fact.what, atMs])).toEqual([
    ["snapshot", 11],
    ["snapshot", 22],
    ["refused", 33],
  ]);
  expect((await readdir(folder)).sort()).toEqual([
    "press-1.jpg",
    "press-1.json",
    "press-2.jpg",
    "press-2.json",
  ]);
  expect(new Uint8Array(await readFile(join(folder, "press-1.jpg")))).toEqual(jpeg);
  const about = await readFile(join(folder, "press-1.json"), "utf8");
  expect(about).toMatch(/^\{.*"frameOffsetMs":-11.*\}\n$/);
});

test.each<[(number | null)[], number]>([
  [[5, 6, 7], 0],
  [[5, 7], 1],
  [[5, 6, 6, 7], 1],
  [[5, 6, 9, 10], 2],
  [[5, null, 7], 1],
  [[null, 6, 7, null, null], 3],
  [[7, 6], 1],
])("counters %j: %i missing or doubled", (counters, wrong) => {
  expect(missingOrDoubled(counters)).toBe(wrong);
});

function press(sequence: number): EventEnvelope {
  const event = {
    deviceId: "front-door",
    type: "press",
    epoch: "0123456789abcdef",
    lane: "press",
    sequence,
    monotonicMs: 1,
    utcMs: 1,
    trust: "synced",
    data: { heldMs: 40 },
  } as const;
  return JSON.parse(eventBody(event));
}

function message(topic: string, payload: Uint8Array): ClipMessage {
  const parsed = parseMessage(topic, payload);
  if (parsed.kind === "clip-segment" || parsed.kind === "clip-fin") return parsed;
  throw new Error(`${topic} is ${parsed.kind}`);
}

async function allOf(parts: ClipParts): Promise<ClipMessage[]> {
  const all: ClipMessage[] = [];
  for await (const one of parts.kept())
    all.push(one.kind === "clip-segment" ? { ...one, bytes: new Uint8Array(one.bytes) } : one);
  return all;
}

function facts(eventId: string, jpeg: Uint8Array) {
  const size = { widthPx: 640, heightPx: 360, bytes: jpeg.length, sha256: sha256(jpeg) };
  return { eventId, state: "taken" as const, reason: "", ...size, frameOffsetMs: -11 };
}
