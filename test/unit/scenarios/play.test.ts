import { describe, expect, it } from "vitest";
import { type Played, play, unplayable } from "../../../simulator/scenarios/play.ts";
import { parseScenario } from "../../../simulator/scenarios/read.ts";
import type { Seen, Stage } from "../../../simulator/scenarios/stage.ts";

/** A stage of paper: what is done is written down, what is seen is what the test says. */
class PaperStage implements Stage {
  readonly kind = "virtual";
  readonly seen: Seen[] = [];
  readonly done: string[] = [];
  readonly doorbells: number;
  readonly #planned: { atMs: number; run: () => void }[] = [];
  #nowMs = 0;

  constructor(doorbells: number) {
    this.doorbells = doorbells;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  cannot(what: string): string | null {
    return what === "disk.io" ? "needs a disk of one's own" : null;
  }

  at(atMs: number, run: () => void): void {
    this.#planned.push({ atMs: Math.max(atMs, this.#nowMs), run });
    this.#planned.sort((a, b) => a.atMs - b.atMs);
  }

  push(door: number, { holdMs, chatterMs }: { holdMs: number; chatterMs: number }): void {
    this.#do(`push ${door} ${holdMs}/${chatterMs}`);
    this.at(this.#nowMs + 40, () => this.see(door, { what: "ring" }));
  }

  move(door: number, { forMs, areaPermille }: { forMs: number; areaPermille: number }): void {
    this.#do(`move ${door} ${forMs}/${areaPermille}`);
  }

  begin(door: number, kind: string, dose: number): () => void {
    this.#do(`begin ${door} ${kind} ${dose}`);
    return () => this.#do(`end ${door} ${kind}`);
  }

  ask(door: number, { name }: { name: string }): void {
    this.#do(`ask ${door} ${name}`);
  }

  setClock(door: number, to: { stepMs: number } | "sync"): void {
    this.#do(`clock ${door} ${JSON.stringify(to)}`);
  }

  see(doorbell: number, what: object): void {
    this.seen.push({ atMs: this.#nowMs, doorbell, ...what } as Seen);
  }

  /** Plays to the end. */
  run(playing: ReturnType<typeof play>): Played {
    for (;;) {
      const next = playing.next();
      if (next.done) return next.value;
      const { untilMs, enough } = next.value;
      while (!enough()) {
        const one = this.#planned[0];
        if (!one || one.atMs > untilMs) {
          this.#nowMs = untilMs;
          break;
        }
        this.#planned.shift();
        this.#nowMs = one.atMs;
        one.run();
      }
    }
  }

  #do(what: string): void {
    this.done.push(`${this.#nowMs} ${what}`);
  }
}

function onPaper(steps: string, { doorbells = 1, head = "", before = (_: PaperStage) => {} } = {}) {
  const text = `name: x\n${head}doorbells: ${doorbells}\nsteps:\n${steps.replaceAll(/^/gm, "  ")}`;
  const { scenario } = parseScenario("F", text);
  const stage = new PaperStage(doorbells);
  before(stage);
  const played = stage.run(play(scenario, stage));
  return { ...played, done: stage.done, endMs: stage.nowMs() };
}

const status = (state: string) => ({ what: "status", state });
const press = (late = false) => ({ what: "event", late, id: "e-p1", type: "press", data: { heldMs: 40 } });

describe("the player", () => {
  it("does one step after the other; a finger takes its time, motions and faults go on beside", () => {
    const { done, endMs } = onPaper(
      "- wait: 1s\n- press: { hold: 200ms, chatter: 5ms }\n- double\n- motion: { for: 20s, area: 30% }\n- fault: link.cut\n  for: 10s\n- hold: 2s\n- visitor\n- clock: { by: -2h }\n- clock: sync",
    );
    expect(done).toEqual([
      "1000 push 0 200/5",
      "1360 push 0 120/0",
      "1630 push 0 120/0",
      "1900 move 0 20000/300",
      "1900 begin 0 link.cut 500",
      "1900 push 0 2000/0",
      "4050 move 0 20000/200",
      "7050 push 0 250/0",
      '7450 clock 0 {"stepMs":-7200000}',
      '7450 clock 0 "sync"',
      "11900 end 0 link.cut",
    ]);
    // Until the visitor has gone.
    expect(endMs).toBe(24_050);
  });

  it("does a step at its time, and in the order of the file at one instant", () => {
    const { done, endMs } = onPaper(
      "- fault: link.cut\n  at: 5s\n  for: 5s\n- press:\n  at: 10s\n- power: cut\n  at: 10s\n- power: on\n  at: 10s",
      { head: "lasts: 1m\n" },
    );
    expect(done).toEqual([
      "5000 begin 0 link.cut 500",
      "10000 push 0 250/0",
      "10000 begin 0 power.cut 0",
      "10000 end 0 power.cut",
      "10000 end 0 link.cut",
    ]);
    expect(endMs).toBe(60_000);
  });

  it("does it at every doorbell, at the one that is named, and at the broker once", () => {
    const { done } = onPaper(
      "- press\n- fault: link.cut\n  door: 1\n- fault: broker.kill\n- fault: disk.slow\n- heal: disk.slow\n  door: 0",
      {
        doorbells: 2,
      },
    );
    expect(done).toEqual([
      "0 push 0 250/0",
      "0 push 1 250/0",
      "400 begin 1 link.cut 500",
      "400 begin 0 broker.kill 500",
      "400 begin 0 disk.slow 500",
      "400 begin 1 disk.slow 500",
      "400 end 0 disk.slow",
      // What was never healed is over with the story.
      "400 end 1 link.cut",
      "400 end 0 broker.kill",
      "400 end 1 disk.slow",
    ]);
  });

  it("goes on at the moment at which an expectation holds", () => {
    const { done, held, failure } = onPaper(
      "- press\n- expect: { ring: 1 }\n- expect: { event: press, within: 10s }\n- press",
      {
        before: (stage) => stage.at(3_000, () => stage.see(0, press())),
      },
    );
    expect({ held, failure }).toEqual({ held: 2, failure: null });
    expect(done).toEqual(["0 push 0 250/0", "3000 push 0 250/0"]);
  });

  it("ends with the first expectation that does not hold, and says what was seen instead", () => {
    const { failure, done } = onPaper("- press\n- expect: { event: press, within: 2s }\n- press", {
      before: (stage) => stage.at(1_000, () => stage.see(0, status("online"))),
    });
    const text = "expected at least 1 × event press within 2s; seen: 1 × ring, status online";
    expect(failure).toEqual({ step: 1, atMs: 2_400, text });
    expect(done).toHaveLength(1);
  });

  it("looks at what was seen since the last mark", () => {
    const twice = "- press\n- wait: 1s\n- mark\n- press\n";
    expect(onPaper(`${twice}- expect: { ring: 1 }`).failure).toBeNull();
    expect(onPaper(`${twice}- expect: { ring: 2 }`).failure?.text).toBe("expected 2 × ring; seen: 1 × ring");
  });

  it("fails at once when there is one too many", () => {
    const { failure } = onPaper("- press\n- press\n- expect: { ring: 1, within: 1h }");
    expect(failure).toEqual({ step: 2, atMs: 800, text: "expected 1 × ring; seen: 2 × ring" });
  });

  it("waits until the end for nothing, and no longer than until there is something", () => {
    const nothing = onPaper("- press\n- expect: { none: press, for: 10s }");
    expect(nothing).toMatchObject({ failure: null, held: 1, endMs: 10_400 });
    const late = (stage: PaperStage) => stage.at(3_000, () => stage.see(0, press(true)));
    const { failure } = onPaper("- press\n- expect: { none: press, late: true, for: 10s }", { before: late });
    expect(failure).toMatchObject({
      atMs: 3_000,
      text: "expected no press (late); seen: 1 × ring, 1 × event press (late)",
    });
    expect(
      onPaper("- press\n- expect: { none: press, late: false, for: 10s }", { before: late }).failure,
    ).toBeNull();
  });

  it("looks at the last status and light, not at any", () => {
    const before = (stage: PaperStage) => {
      stage.see(0, status("online"));
      stage.see(0, status("offline"));
      stage.see(0, { what: "light", pattern: "ringing" });
      stage.see(0, { what: "light", pattern: "idle" });
    };
    expect(onPaper("- expect: { status: online, within: 1s }", { before }).failure?.text).toBe(
      "expected status online within 1s; seen: status offline, light idle",
    );
    expect(onPaper("- expect: { light: idle }", { before }).failure).toBeNull();
  });

  it("wants it at every doorbell by itself", () => {
    const before = (stage: PaperStage) => {
      for (const door of [0, 2]) stage.see(door, status("online"));
    };
    expect(onPaper("- expect: { status: online, within: 1s }", { doorbells: 4, before }).failure?.text).toBe(
      "expected status online at doorbell 1 and 1 more within 1s; seen: nothing",
    );
    expect(onPaper("- expect: { status: online }\n  door: 2", { doorbells: 4, before }).failure).toBeNull();
  });

  it("sees a herd", () => {
    const before = (stage: PaperStage) => {
      for (const door of [0, 1, 2]) stage.at(400 * door, () => stage.see(door, status("online")));
    };
    const all = (most: number) =>
      onPaper(`- expect: { status: online, perSecond: ${most}, within: 5s }`, { doorbells: 3, before })
        .failure;
    expect(all(3)).toBeNull();
    expect(all(2)?.text).toBe("expected at most 2 × status within any second; seen: 3 until 800ms");
  });

  it("compares data, pre-roll and end", () => {
    const clip = { what: "clip", clipId: "c", state: "whole", end: "finished", preRollMs: 3_900 };
    const before = (stage: PaperStage) =>
      stage.at(9_000, () => {
        stage.see(0, press());
        stage.see(0, clip);
      });
    const failure = (expectation: string) =>
      onPaper(`- press\n- wait: 10s\n- expect: ${expectation}`, { before }).failure?.text ?? null;
    expect(failure("{ event: press, where: { heldMs: 40 } }")).toBeNull();
    expect(failure("{ event: press, where: { heldMs: { from: 30, to: 40 } } }")).toBeNull();
    expect(failure("{ event: press, where: { heldMs: 41 } }")).toMatch(
      /^expected at least 1 × event press \(heldMs 41\); seen:/,
    );
    expect(failure("{ event: press, where: { heldMs: { from: 41 } } }")).not.toBeNull();
    expect(failure("{ clip: whole, preRoll: 3.9s, end: finished }")).toBeNull();
    expect(failure("{ clip: whole, preRoll: 4s }")).toBe(
      "expected at least 1 × clip whole (pre-roll of at least 4s); seen: 1 × ring, 1 × event press, 1 × clip whole (pre-roll 3.9s, finished)",
    );
    expect(failure("{ clip: aborted }")).not.toBeNull();
  });

  it("says what the story says, when", () => {
    expect(onPaper("- wait: 1s\n- say: hello\n- wait: 1s").said).toEqual([{ atMs: 1_000, text: "hello" }]);
  });

  it("tells beforehand what a stage cannot do", () => {
    const { scenario } = parseScenario("F", "name: x\nsteps: [press, { fault: disk.io }, { clock: sync }]");
    expect(unplayable(scenario, new PaperStage(1))).toEqual([
      { step: 1, text: "disk.io needs a disk of one's own" },
    ]);
  });
});
