import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const HOLD_MS = 40;

function line(desk: DoorbellOnADesk, state: "lost" | "ready"): DoorbellOnADesk {
  desk.input({
    type: "button.line",
    occurredAt: desk.now,
    state,
    reason: state === "lost" ? "unplugged" : "",
  });
  return desk;
}

describe("button", () => {
  it("recognises a press once it has been held, at the time the line went down", () => {
    const desk = DoorbellOnADesk.ready();
    const downAt = desk.now;
    desk.edge(true).wait(HOLD_MS - 1);
    expect(desk.events("press")).toHaveLength(0);
    desk.wait(1);
    const [press] = desk.events("press");
    expect(press?.monotonicms).toBe(String(downAt));
    expect(desk.all("chime.play")).toHaveLength(1);
    expect(desk.last("light.show").pattern).toBe("ringing");
  });

  it("rings for the first push after a line that was lost with the button down", () => {
    for (const heldMs of [HOLD_MS / 2, HOLD_MS * 3, 40_000]) {
      const desk = DoorbellOnADesk.ready();
      desk.edge(true).wait(heldMs);
      line(desk, "lost").wait(5_000);
      line(desk, "ready").wait(5_000);
      const before = desk.all("chime.play").length;
      desk.press();
      expect(desk.all("chime.play")).toHaveLength(before + 1);
      desk.wait(60_000);
      expect(desk.state.button.phase).toBe("idle");
    }
  });

  it("tells once that its line is lost, however often it can be opened for a moment, and believes it when it stays", () => {
    const desk = DoorbellOnADesk.ready();
    for (let second = 0; second < 60; second++) {
      line(desk, "lost").wait(985);
      line(desk, "ready").wait(15);
    }
    const told = () => desk.events("button").map(({ data }) => data.gesture);
    expect(told()).toEqual(["line-lost"]);
    expect(desk.all("light.show").map(({ pattern }) => pattern)).toEqual(["fault"]);
    desk.wait(3_000);
    expect(told()).toEqual(["line-lost", "line-ready"]);
    line(desk, "lost").wait(10);
    line(desk, "ready").press();
    expect(told().slice(2, 4)).toEqual(["line-lost", "line-ready"]);
  });

  it("lets nothing ring for a ghost, however often it comes", () => {
    const desk = DoorbellOnADesk.ready();
    for (let i = 0; i < 50; i++)
      desk
        .edge(true)
        .wait(HOLD_MS - 1)
        .edge(false)
        .wait(5);
    desk.wait(60_000);
    expect(desk.events("press")).toHaveLength(0);
    expect(desk.all("chime.play")).toHaveLength(0);
    expect(desk.state.counters["button.shortPulses"]).toBe(50);
  });

  it("answers with light and chime without disk, broker or camera", () => {
    const desk = new DoorbellOnADesk().start();
    desk.press();
    expect(desk.all("chime.play")).toHaveLength(1);
  });

  it.each([
    ["single", (desk: DoorbellOnADesk) => desk.press(100).wait(2_000), 1],
    ["double", (desk: DoorbellOnADesk) => desk.press(100).wait(150).press(100).wait(2_000), 2],
    ["long", (desk: DoorbellOnADesk) => desk.press(2_000).wait(2_000), 1],
  ] as const)("names a %s press when it has ended", (gesture, act, presses) => {
    const desk = DoorbellOnADesk.ready();
    act(desk);
    expect(desk.events("press")).toHaveLength(presses);
    const told = desk.events("button");
    expect(told.map((event) => event.data.gesture)).toEqual([gesture]);
    expect(told[0]?.data.pressIds).toEqual(desk.events("press").map((event) => event.id));
  });

  it("tells that the button is stuck while it is, and when it is free again", () => {
    const desk = DoorbellOnADesk.ready();
    desk.edge(true).wait(31_000);
    expect(desk.events("button").map((event) => event.data.gesture)).toEqual(["stuck"]);
    desk.edge(false).wait(1_000);
    expect(desk.events("button").map((event) => event.data.gesture)).toEqual(["stuck", "freed"]);
  });

  it("takes a release that does not hold for bounce", () => {
    const desk = DoorbellOnADesk.ready();
    desk.edge(true).wait(200).edge(false).wait(3).edge(true).wait(200).edge(false).wait(2_000);
    expect(desk.events("press")).toHaveLength(1);
    expect(desk.events("button").map((event) => event.data.heldMs)).toEqual([403]);
  });

  it("sends no more presses than its limit, and counts the others", () => {
    const desk = DoorbellOnADesk.ready({ button: { maxPerMinute: 5 } });
    for (let i = 0; i < 9; i++) desk.press(50).wait(1_000);
    expect(desk.events("press")).toHaveLength(5);
    expect(desk.state.counters["button.storm"]).toBe(4);
    desk.wait(60_000).press(50);
    expect(desk.events("press")).toHaveLength(6);
  });

  it("rings for a press whose edges were read late", () => {
    const desk = DoorbellOnADesk.ready();
    const downAt = desk.now;
    desk.now += 300;
    desk.input({ type: "button.edge", occurredAt: downAt, pressed: true });
    desk.input({ type: "button.edge", occurredAt: downAt + 90, pressed: false });
    expect(desk.events("press")).toHaveLength(1);
  });

  it("rings once for each time the line is down long enough, whatever the line does", () => {
    const pulse = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }));
    fc.assert(
      fc.property(fc.array(pulse, { maxLength: 30 }), (pulses) => {
        const desk = DoorbellOnADesk.ready({ button: { maxPerMinute: 600 } });
        for (const [downMs, upMs] of pulses) desk.edge(true).wait(downMs).edge(false).wait(upMs);
        desk.wait(5_000);
        expect(desk.events("press")).toHaveLength(pressesIn(pulses));
        const told = desk.events("button").flatMap((event) => event.data.pressIds);
        expect(told).toEqual(desk.events("press").map((event) => event.id));
      }),
    );
  });
});

/** The definition, without a state machine: a press begins with a hold and ends with a pause as long. */
function pressesIn(pulses: [downMs: number, upMs: number][]): number {
  let presses = 0;
  let pressed = false;
  for (const [downMs, upMs] of pulses) {
    if (!pressed && downMs >= HOLD_MS) {
      pressed = true;
      presses += 1;
    }
    if (pressed && upMs >= HOLD_MS) pressed = false;
  }
  return presses;
}
