import type { PlannedCommand } from "../virtual/wishes.ts";
import type { ActStep, ExpectStep, Scenario, Step } from "./schema.ts";
import type { Playing, Stage } from "./stage.ts";
import { Tally } from "./tally.ts";
import { goneAfterMs, motionOf, pushesOf, takesMs } from "./timeline.ts";

/** What became of the steps of a scenario. Whether what must always hold did hold is the stage's to tell. */
export interface Played {
  /** The first expectation that did not hold, after which nothing more is played; null when all did. */
  failure: { step: number; atMs: number; text: string } | null;
  /** Expectations that held. */
  held: number;
  said: { atMs: number; text: string }[];
}

/** A step that cannot be played on this stage, and why. */
export interface Unplayable {
  step: number;
  text: string;
}

/** What a stage cannot do of a scenario. To be asked before anything begins. */
export function unplayable(scenario: Scenario, stage: Pick<Stage, "cannot">): Unplayable[] {
  return scenario.steps.flatMap((step, at) => {
    const kind =
      step.step === "fault"
        ? step.kind
        : step.step === "power"
          ? "power.cut"
          : step.step === "clock" || step.step === "ask"
            ? step.step
            : null;
    const why = kind === null ? null : stage.cannot(kind);
    return why === null ? [] : [{ step: at, text: `${kind} ${why}` }];
  });
}

/**
 * Plays a scenario: does its steps at their times and looks at what is seen. Steps between two expectations are laid
 * out at once, so that they come before whatever else happens at the same instant. In the end whatever still goes on
 * without an end is healed. `begins` is told of each step by its place in the list, as it begins.
 */
export function* play(scenario: Scenario, stage: Stage, begins?: (step: number) => void): Playing<Played> {
  const played: Played = { failure: null, held: 0, said: [] };
  const acting = new Acting(scenario, stage, played);
  let cursorMs = stage.nowMs();
  for (const [number, step] of scenario.steps.entries()) {
    const beginMs = step.at ?? cursorMs;
    if (step.step !== "expect") {
      if (begins) stage.at(beginMs, () => begins(number));
      acting.plan(step, beginMs);
      cursorMs = beginMs + takesMs(step).least;
      continue;
    }
    yield* until(stage, beginMs);
    begins?.(number);
    const text = yield* expecting(step, stage, acting.marked);
    if (text !== null) {
      played.failure = { step: number, atMs: stage.nowMs(), text };
      break;
    }
    played.held += 1;
    cursorMs = stage.nowMs();
  }
  // The story ends with its steps and with what it began, or when it says so.
  if (played.failure === null)
    yield* until(stage, scenario.lasts > 0 ? scenario.lasts : Math.max(cursorMs, acting.overMs));
  acting.healAll();
  return played;
}

function* until(stage: Stage, untilMs: number): Playing<void> {
  if (untilMs > stage.nowMs()) yield { untilMs, enough: () => false };
}

/** Waits until the expectation holds, at most as long as it may take. Answers what was wrong, or null. */
function* expecting(step: ExpectStep, stage: Stage, from: number): Playing<string | null> {
  const tally = new Tally(step, stage.doorbells);
  let next = from;
  const look = () => {
    for (; next < stage.seen.length; next += 1) {
      const seen = stage.seen[next];
      if (seen) tally.add(seen);
    }
    return tally.verdict();
  };
  const lastsMs = step.of === "none" ? step.for : step.within;
  // That nothing comes is known only when the time is over.
  const isDone = () => (step.of === "none" ? look() !== "holds" : look() !== "open");
  if (lastsMs > 0 && !isDone()) yield { untilMs: stage.nowMs() + lastsMs, enough: isDone };
  return look() === "holds" ? null : tally.shortfall(stage.seen.slice(from), lastsMs);
}

/** Does the steps of a scenario, and knows what it has begun. */
class Acting {
  /** Expectations look at what was seen from here on. */
  marked = 0;
  /** When everything that has an end of its own is over. */
  overMs = 0;
  readonly #scenario: Scenario;
  readonly #stage: Stage;
  readonly #played: Played;
  #open: { kind: string; door: number; end: () => void }[] = [];

  constructor(scenario: Scenario, stage: Stage, played: Played) {
    this.#scenario = scenario;
    this.#stage = stage;
    this.#played = played;
  }

  plan(step: ActStep, atMs: number): void {
    const stage = this.#stage;
    for (const push of pushesOf(step)) {
      this.overMs = Math.max(this.overMs, atMs + goneAfterMs(push));
      stage.at(atMs + push.afterMs, () => {
        for (const door of this.#doors(step)) stage.push(door, push);
      });
    }
    const motion = motionOf(step);
    if (motion) {
      this.overMs = Math.max(this.overMs, atMs + motion.forMs);
      stage.at(atMs, () => {
        for (const door of this.#doors(step)) stage.move(door, motion);
      });
    }
    if (step.step === "fault") this.overMs = Math.max(this.overMs, atMs + (step.for ?? 0));
    else if (pushesOf(step).length > 0 || motion) return;
    stage.at(atMs, () => this.#act(step));
  }

  healAll(): void {
    for (const { end } of this.#open) end();
    this.#open = [];
  }

  #act(step: ActStep): void {
    const stage = this.#stage;
    switch (step.step) {
      case "fault":
        this.#begin(step.kind, step.dose, step, step.for);
        break;
      case "heal":
        this.#heal(step.kind, step.door);
        break;
      case "power":
        if (step.to === "cut") this.#begin("power.cut", 0, step, undefined);
        else this.#heal("power.cut", step.door);
        break;
      case "clock":
        for (const door of this.#doors(step))
          stage.setClock(door, step.by === undefined ? "sync" : { stepMs: step.by });
        break;
      case "ask":
        for (const door of this.#doors(step)) stage.ask(door, commandOf(step));
        break;
      case "mark":
        this.marked = stage.seen.length;
        break;
      case "say":
        this.#played.said.push({ atMs: stage.nowMs(), text: step.text });
        break;
    }
  }

  #begin(kind: Parameters<Stage["begin"]>[1], dose: number, step: Step, forMs: number | undefined): void {
    // All doorbells have one broker.
    const doors = kind.startsWith("broker.") ? [0] : this.#doors(step);
    for (const door of doors) {
      const one = { kind, door, end: this.#stage.begin(door, kind, dose) };
      if (forMs === undefined) this.#open.push(one);
      else this.#stage.at(this.#stage.nowMs() + forMs, one.end);
    }
  }

  #heal(kind: string, door: number | undefined): void {
    const isMeant = (one: { kind: string; door: number }) =>
      (kind === "all" || one.kind === kind) &&
      (door === undefined || one.door === door || one.kind.startsWith("broker."));
    const meant = this.#open.filter(isMeant);
    this.#open = this.#open.filter((one) => !isMeant(one));
    for (const { end } of meant) end();
  }

  #doors({ door }: Step): number[] {
    return door === undefined ? this.#scenario.doorbells.map((_, at) => at) : [door];
  }
}

/** What a step has somebody ask for. */
export function commandOf(step: Extract<ActStep, { step: "ask" }>): Omit<PlannedCommand, "atMs"> {
  const { command: name, repeats, every: everyMs, expires, elsewhere, retained } = step;
  return { name, repeats, everyMs, expiresAfterMs: expires ?? null, elsewhere, retained };
}
