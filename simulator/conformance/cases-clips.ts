import { Bug } from "../../agent/contract/errors.ts";
import { parseTopic } from "../../agent/contract/topics.ts";
import type { Door } from "./door.ts";
import { clips } from "./facts.ts";
import type { ConformanceCase, Stage } from "./stage.ts";
import type { TapeMessage } from "./tape-broker.ts";
import { cut, sha256Of } from "./tape-clips.ts";

interface Tape {
  /** All but the clip's own messages. */
  events: TapeMessage[];
  init: TapeMessage;
  segments: (TapeMessage & { offset: number })[];
  fin: TapeMessage;
  clipId: string;
  sha256: string;
}

/** What happens to clips on their way. */
export const CLIP_CASES: ConformanceCase[] = [
  {
    name: "clip",
    camera: true,
    plays: "a press with its clip",
    expects: "the clip, whole, with the SHA-256 of what was recorded",
    async play(stage) {
      const { events, init, segments, fin, clipId, sha256 } = await record(stage);
      await stage.play([...events, init, ...segments, fin]);
      await stage.expect(clips(stage, [{ clipId, sha256, whole: true }]));
    },
  },
  {
    name: "clip-resumed",
    camera: true,
    plays: "the connection breaks in the middle of a clip: `init` and a segment come again, one is cut anew",
    expects: "the clip once, whole, with the SHA-256 of what was recorded",
    async play(stage) {
      const { events, init, segments, fin, clipId, sha256 } = await record(stage);
      const middle = segments.length >> 1;
      const [again, split, ...rest] = segments.slice(middle);
      if (!again || !split) return stage.fail("a clip of several segments");
      const parts = partsOf(stage, clipId, split);
      await stage.play([...events, init, ...segments.slice(0, middle), again]);
      await stage.play([init, again, ...parts, ...rest, fin, fin]);
      await stage.expect(clips(stage, [{ clipId, sha256, whole: true }]));
    },
  },
  {
    name: "clip-disordered",
    camera: true,
    plays: "a clip whose segments come in the opposite order, after `fin`",
    expects: "the clip, whole",
    async play(stage) {
      const { events, init, segments, fin, clipId, sha256 } = await record(stage);
      await stage.play([...events, fin, ...segments.toReversed(), init]);
      await stage.expect(clips(stage, [{ clipId, sha256, whole: true }]));
    },
  },
  {
    name: "clip-partial",
    camera: true,
    plays: "the camera is lost while a clip is recorded: it ends early, and its manifest says so",
    expects: "the clip, and that it is not whole",
    async play(stage) {
      const { events, init, segments, fin, clipId, sha256 } = await record(stage, (door) =>
        door.loseCamera(),
      );
      await stage.play([...events, init, ...segments, fin]);
      await stage.expect(clips(stage, [{ clipId, sha256, whole: false }]));
    },
  },
  {
    name: "clip-incomplete",
    camera: true,
    plays: "a clip of which one segment does not come, and then the doorbell gives it up",
    expects: "no clip",
    async play(stage) {
      const { events, init, segments, fin, clipId } = await record(stage);
      await stage.play([...events, init, ...segments.toSpliced(1, 1), fin]);
      await stage.play([{ topic: stage.topics.clipAbort(clipId), payload: new Uint8Array(), retain: false }]);
      await stage.expect(clips(stage, [], "of which a segment is missing"));
    },
  },
  {
    name: "clip-damaged",
    camera: true,
    plays: "a segment whose bytes are not what its topic says, and then the right one",
    expects: "the clip, whole, with the SHA-256 of what was recorded",
    async play(stage) {
      const { events, init, segments, fin, clipId, sha256 } = await record(stage);
      const [first, ...rest] = segments;
      if (!first) return stage.fail("a clip with a segment");
      const payload = first.payload.map((byte, at) => (at === 1_000 ? byte ^ 1 : byte));
      await stage.play([...events, init, { ...first, payload }, ...rest, fin]);
      await stage.expect(clips(stage, [], "of which a segment is damaged"));
      await stage.play([first]);
      await stage.expect(clips(stage, [{ clipId, sha256, whole: true }]));
    },
  },
];

async function record(
  stage: Stage,
  how: (door: Door) => Promise<void> = (door) => door.recordClip(),
): Promise<Tape> {
  const door = stage.door();
  door.start();
  door.press();
  await how(door);
  return tapeOf(door.published());
}

function tapeOf(messages: readonly TapeMessage[]): Tape {
  const events: TapeMessage[] = [];
  const segments: Tape["segments"] = [];
  const tape: Partial<Tape> = {};
  for (const message of messages) {
    const topic = parseTopic(message.topic);
    if (topic?.kind === "clip-init") tape.init = message;
    else if (topic?.kind === "clip-segment") segments.push({ ...message, offset: topic.offset });
    else if (topic?.kind === "clip-fin")
      Object.assign(tape, { fin: message, clipId: topic.clipId, sha256: topic.sha256 });
    else events.push(message);
  }
  const { init, fin, clipId, sha256 } = tape;
  if (!init || !fin || !clipId || !sha256) throw new Bug("a case expected a clip on its doorbell's tape");
  return { events, init, segments, fin, clipId, sha256 };
}

/** The same bytes in three pieces. */
function partsOf(
  stage: Stage,
  clipId: string,
  { payload, offset }: TapeMessage & { offset: number },
): TapeMessage[] {
  const pieceBytes = Math.ceil(payload.length / 3);
  return cut(payload, pieceBytes).map((piece, at) => ({
    topic: stage.topics.clipSegment(clipId, offset + at * pieceBytes, sha256Of(piece)),
    payload: piece,
    retain: false,
  }));
}
