import { expect, test } from "vitest";
import { findLiveBroker } from "../../../../simulator/scenarios/live/live-broker.ts";
import { cannotPlay } from "../../../../simulator/scenarios/live/live-mishaps.ts";
import { MISHAP_KINDS } from "../../../../simulator/virtual/faults.ts";

const BOTH = { retained: true, sessions: true };
const mortal = { cannotKill: () => null };

test("every kind can be played live, or says in words that follow its name why not", () => {
  const answers = Object.fromEntries(MISHAP_KINDS.map((kind) => [kind, cannotPlay(kind, mortal, BOTH)]));
  for (const [kind, why] of Object.entries(answers)) {
    expect(why ?? "", kind).not.toContain("not known here");
    if (why !== null) expect(why, kind).toMatch(/^cannot be played live: \S/);
  }
  const refused = MISHAP_KINDS.filter((kind) => answers[kind] !== null);
  expect(refused).toEqual(
    MISHAP_KINDS.filter((kind) =>
      /^(spool|disk\.(full|corrupt)|power\.(cut-|torn)|camera\.(garb|no-key|other))/.test(kind),
    ),
  );
});

test("somebody else's broker is not killed, and one that no fault proxy can stand before is refused", async () => {
  const broker = await findLiveBroker("mqtt://broker.lan");
  expect([broker.host, broker.port]).toEqual(["broker.lan", 1_883]);
  expect(cannotPlay("broker.kill", broker, BOTH)).toBe(
    "cannot be played live: mqtt://broker.lan is not ours to kill; without --broker there is one that is",
  );
  expect(cannotPlay("broker.forget", broker, BOTH)).toBeNull();
  expect(await findLiveBroker("mqtt://[::1]:1884/")).toMatchObject({ host: "::1", port: 1_884 });
  await expect(findLiveBroker("mqtt://me:secret@a")).rejects.toThrow("found mqtt://…@a, allowed");
  for (const url of ["mqtts://a", "ws://a", "mqtt://", "mqtt://a:70000", "nonsense"]) {
    await expect(findLiveBroker(url), url).rejects.toThrow(/^--broker: found .*, allowed: mqtt:\/\//);
  }
});
