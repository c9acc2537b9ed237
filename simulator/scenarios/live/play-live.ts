import { settingsOf } from "../door-settings.ts";
import { type Played, play } from "../play.ts";
import type { Scenario } from "../schema.ts";
import type { LiveDoor, LiveStage, LiveStageOptions } from "./live-stage.ts";

/** What a live stage must be to play this scenario: its doorbells, and what its broker keeps. */
export function stageFor({
  doorbells,
  broker,
  seed,
}: Scenario): Pick<LiveStageOptions, "doors" | "keeps" | "seed"> {
  const doors = doorbells.map(
    ({ settings, link, clock }): LiveDoor => ({
      settings: settingsOf(settings),
      link: { latencyMs: link.latency, jitterMs: link.jitter, bytesPerSecond: link.rate },
      clock: { synced: clock.synced, behindMs: clock.behind, syncAfterMs: clock.syncAfter },
    }),
  );
  return { doors, keeps: { retained: broker.keepsRetained, sessions: broker.keepsSessions }, seed };
}

/** Plays a scenario on a stage that was started, in the machine's own time. @throws what ends it before its end. */
export async function playLive(scenario: Scenario, stage: LiveStage): Promise<Played> {
  const playing = play(scenario, stage);
  for (;;) {
    const next = playing.next();
    if (next.done) return next.value;
    await stage.pass(next.value);
  }
}
