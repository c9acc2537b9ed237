import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfiguredDesk, signed, tag } from "./configured-desk.ts";

const HOLD = { button: { holdMs: 60 } };
const MASKS = { privacy: { masks: ["0,0 250,0 250,400 0,400"] } };
const NO_MASKS = { privacy: { masks: [] } };

/** Applied, confirmed, and running with it. */
function withApplied(
  desired: { version: number; settings: object; owner?: string },
  from = ConfiguredDesk.ready(),
) {
  from.desire(desired);
  const next = from.next();
  next.wait(3_000).settle();
  expect(next.reported).toMatchObject({ version: desired.version, state: "applied" });
  return next;
}

describe("desired configuration", () => {
  it("is kept as a trial, and the agent ends to start anew with it", () => {
    const desk = ConfiguredDesk.ready().desire({ version: 1, settings: HOLD });
    expect(desk.last("configuration.save").record).toEqual({
      inForce: { version: 1, settings: HOLD, ownerSettings: {} },
      trial: { starts: 0, before: { version: 0, settings: {}, ownerSettings: {} } },
      rolledBack: null,
      ownerCounter: 0,
    });
    expect(desk.reported).toMatchObject({ version: 1, state: "trying" });
    desk.drop();
    expect(desk.all("agent.ended")).toEqual([
      { type: "agent.ended", exitCode: 0, reason: "stopped", again: true },
    ]);
  });

  it("is applied once a broker has been reached with it, and not again when it comes again", () => {
    const desk = withApplied({ version: 1, settings: HOLD });
    expect(desk.reported).toEqual({
      version: 1,
      state: "applied",
      refusals: [],
      ownerCounter: 0,
      settings: HOLD,
    });
    desk.forget();
    const again = desk.next().desire({ version: 1, settings: HOLD });
    expect(again.all("configuration.save")).toEqual([]);
    expect(again.reports).toHaveLength(1);
    expect(again.reported).toMatchObject({ version: 1, state: "applied" });
  });

  it("is rolled back when no broker is reached in time, and not tried again until a new version comes", () => {
    const first = withApplied({ version: 1, settings: HOLD }).desire({ version: 2, settings: {} });
    const trial = first.next();
    trial.drop("refused");
    trial.wait(400_000).settle();
    expect(trial.last("configuration.save").record).toMatchObject({
      inForce: { version: 1, settings: HOLD },
      trial: null,
      rolledBack: { version: 2 },
    });
    expect(trial.last("agent.ended")).toMatchObject({ again: true });

    const back = trial.next();
    expect(back.reported).toMatchObject({ version: 2, state: "rolled-back", settings: HOLD });
    expect(back.reported?.refusals[0]?.reason).toMatch(/no broker was reached/);
    back.desire({ version: 2, settings: {} });
    expect(back.all("configuration.save")).toEqual([]);
    back.desire({ version: 3, settings: {} });
    expect(back.reported).toMatchObject({ version: 3, state: "trying" });
  });

  it("on trial is not confirmed by a connection that ends at once", () => {
    const trial = ConfiguredDesk.ready().desire({ version: 1, settings: HOLD }).next();
    trial.wait(500);
    trial.drop();
    trial.wait(10_000);
    expect(trial.all("configuration.save")).toEqual([]);
    trial.connect().settle();
    trial.wait(2_500).settle();
    expect(trial.reported).toMatchObject({ version: 1, state: "applied" });
  });

  it("waits for the press and the clip that are under way", () => {
    const desk = ConfiguredDesk.ready({ camera: { source: "test" } });
    desk.cameraUp().edge(true).wait(100);
    desk.desire({ version: 1, settings: HOLD });
    expect(desk.state.lifecycle.phase).toBe("running");
    desk.edge(false).wait(1_000);
    expect(desk.state.recorder.clip).not.toBeNull();
    expect(desk.state.lifecycle.phase).toBe("running");
    desk.wait(6_000);
    const { clipId } = desk.last("clip.close");
    desk.input({ type: "clip.failed", occurredAt: desk.now, clipId, reason: "of no matter here" });
    desk.wait(1_000);
    expect(desk.state.lifecycle.phase).toBe("stopping");
  });

  it("is not restarted for a signal that ends the agent meanwhile", () => {
    const desk = ConfiguredDesk.ready().desire({ version: 1, settings: HOLD });
    desk.input({ type: "agent.stop", occurredAt: desk.now });
    desk.drop();
    expect(desk.last("agent.ended")).not.toHaveProperty("again");
  });

  it("that changes nothing restarts nothing", () => {
    const desk = withApplied({ version: 1, settings: HOLD }).desire({ version: 2, settings: HOLD });
    expect(desk.reported).toMatchObject({ version: 2, state: "applied" });
    expect(desk.state.lifecycle.phase).toBe("running");
  });

  it("that came during a trial is taken after it", () => {
    const trial = ConfiguredDesk.ready().desire({ version: 1, settings: HOLD }).next();
    trial.desire({ version: 2, settings: {} });
    expect(trial.all("configuration.save")).toEqual([]);
    trial.wait(2_500).settle();
    expect(trial.reports.map(({ version, state }) => [version, state])).toEqual([
      [1, "trying"],
      [1, "applied"],
      [2, "trying"],
    ]);
  });

  it("that the disk does not take is refused, and what was before stays", () => {
    const desk = ConfiguredDesk.ready();
    desk.diskFails = true;
    desk.desire({ version: 1, settings: HOLD });
    expect(desk.reported).toMatchObject({ version: 1, state: "refused", settings: {} });
    expect(desk.state.lifecycle.phase).toBe("running");
  });

  it.each([
    ["not JSON", "{", 0, { field: "", reason: "not JSON" }],
    ["without a version", { settings: {} }, 0, { field: "" }],
    [
      "with a setting of the owner",
      { version: 5, settings: NO_MASKS },
      5,
      { field: "privacy.masks", reason: "only the owner's signature changes this" },
    ],
    [
      "with a setting of the file",
      { version: 5, settings: { broker: { urls: ["mqtt://evil"] } } },
      5,
      { field: "broker.urls", reason: "only the file on the device sets this" },
    ],
    [
      "with an unknown setting",
      { version: 5, settings: { button: { holdMS: 1 } } },
      5,
      { field: "button.holdMS", reason: "there is no such setting" },
    ],
    [
      "with a prototype",
      '{"version":5,"settings":{"__proto__":{"holdMs":1}}}',
      5,
      { field: "__proto__.holdMs" },
    ],
  ])("%s is refused by field and reason", (_what, desired, version, refusal) => {
    const desk = ConfiguredDesk.ready();
    if (typeof desired === "string") desk.desireText(desired);
    else desk.desire(desired);
    expect(desk.reported).toMatchObject({ version, state: "refused", refusals: [refusal] });
    expect(desk.all("configuration.save")).toEqual([]);
  });

  it("that does not go together with the device's file is refused with the file's reasons", () => {
    const desk = ConfiguredDesk.ready();
    desk.problems = [{ field: "button.longMs", reason: "found 60, allowed: more than button.holdMs" }];
    desk.desire({ version: 1, settings: HOLD });
    expect(desk.reported).toMatchObject({ state: "refused", refusals: desk.problems });
  });

  it("of an older version is refused, unless the owner signed it anew", () => {
    const desk = withApplied({ version: 7, settings: HOLD });
    desk.desire({ version: 6, settings: {} });
    expect(desk.reported).toMatchObject({ version: 6, state: "refused", refusals: [{ field: "version" }] });
    desk.desire({ version: 6, settings: {}, owner: signed(1, MASKS) });
    expect(desk.reported).toMatchObject({ version: 6, state: "trying", ownerCounter: 1 });
  });

  it("is answered once at a time, however much comes", () => {
    const desk = ConfiguredDesk.ready();
    for (let version = 1; version <= 1_000; version += 1)
      desk.message("config/desired", JSON.stringify({ version, settings: { x: { y: 1 } } }));
    expect(desk.reports).toHaveLength(1);
    desk.settle();
    expect(desk.reports).toHaveLength(2);
    expect(desk.reported).toMatchObject({ version: 1_000, state: "refused" });
  });

  it("is not taken where the record is damaged", () => {
    const desk = ConfiguredDesk.ready({}, { unusable: "it is damaged" }).desire({
      version: 3,
      settings: HOLD,
    });
    expect(desk.reported).toMatchObject({
      version: 3,
      state: "refused",
      refusals: [{ reason: "it is damaged" }],
    });
    expect(desk.all("configuration.check")).toEqual([]);
  });
});

describe("the owner's configuration", () => {
  it("is taken with a counter that grows, and stays when the broker leaves it out", () => {
    const masked = withApplied({ version: 1, settings: HOLD, owner: signed(1, MASKS) });
    expect(masked.reported).toMatchObject({ ownerCounter: 1, settings: { ...HOLD, ...MASKS } });
    const left = masked.desire({ version: 2, settings: {} });
    expect(left.last("configuration.save").record.inForce.ownerSettings).toEqual(MASKS);
  });

  it.each([
    ["with an old counter", () => signed(2, NO_MASKS), /counter is 2, allowed: more than 3/],
    ["with the same counter and other content", () => signed(3, NO_MASKS), /counter is 3/],
    ["for another device", () => signed(4, NO_MASKS, "back-door"), /another device/],
    ["with what is not the owner's", () => signed(4, HOLD), /not the owner's/],
    ["signed by another", () => `${signed(4, NO_MASKS)}0`, /signature is not the owner's/],
    ["that says more than it may", () => resigned({ expires: 1 }), /no configuration/],
  ])("%s is refused", (_what, owner, reason) => {
    const desk = withApplied({ version: 1, settings: {}, owner: signed(3, MASKS) });
    desk.desire({ version: 2, settings: {}, owner: owner() });
    expect(desk.reported).toMatchObject({ version: 2, state: "refused", ownerCounter: 3, settings: MASKS });
    expect(desk.reported?.refusals[0]?.reason).toMatch(reason);
  });

  it("that is known already goes along with new settings of the broker", () => {
    const owner = signed(3, MASKS);
    const desk = withApplied({ version: 1, settings: {}, owner });
    const next = withApplied({ version: 2, settings: HOLD, owner }, desk);
    expect(next.reported).toMatchObject({ ownerCounter: 3, settings: { ...HOLD, ...MASKS } });
  });

  it("that was rolled back cannot be played again: its counter is spent", () => {
    const owner = signed(1, MASKS);
    const trial = ConfiguredDesk.ready().desire({ version: 1, settings: {}, owner }).next();
    trial.drop("refused");
    const back = trial.wait(400_000).settle().next();
    back.desire({ version: 2, settings: {}, owner });
    expect(back.reported).toMatchObject({ version: 2, state: "refused", ownerCounter: 1, settings: {} });
  });

  function resigned(more: object): string {
    const payload = JSON.stringify({
      deviceId: "front-door",
      counter: 4,
      issuedAt: "",
      settings: {},
      ...more,
    });
    return `${Buffer.from(payload).toString("base64url")}.${tag(payload)}`;
  }
});

it("any text on config/desired: no crash, no change but a counter and a refusal", () => {
  const desk = withApplied({ version: 5, settings: HOLD, owner: signed(5, MASKS) });
  const before = structuredClone(desk.state.configuration.record);
  const name = fc.oneof(
    fc.constantFrom("button", "holdMs", "privacy", "masks", "broker", "urls", "__proto__"),
    fc.string(),
  );
  const value = fc.jsonValue({ maxDepth: 3 });
  const tree = fc.dictionary(name, fc.oneof(fc.dictionary(name, value), value));
  const desired = fc.oneof(
    fc.string().map((text) => text || "x"),
    fc.json(),
    fc
      .record(
        { version: fc.oneof(fc.integer(), value), settings: tree, owner: fc.oneof(fc.string(), value) },
        { requiredKeys: [] },
      )
      .map((it) => JSON.stringify(it)),
  );
  desk.problems = [{ field: "", reason: "none is allowed here" }];
  fc.assert(
    fc.property(desired, (text) => {
      desk.forget();
      const refused = desk.state.counters["configuration.refused"] ?? 0;
      const others = () =>
        JSON.stringify({ ...desk.state, uplink: null, pacing: null, configuration: null, counters: null });
      const was = others();
      desk.desireText(text);
      const { counters } = desk.state;
      const isKnown = /"version":5\b/.test(text) && counters["configuration.refused"] === refused;
      expect(counters["configuration.refused"]).toBe(isKnown ? refused : refused + 1);
      expect(desk.state.configuration.record).toEqual(before);
      expect(desk.state.configuration.doing).toBe("nothing");
      expect(others()).toBe(was);
      expect(desk.all("configuration.save")).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
