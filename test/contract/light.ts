import { describe, expect, it, onTestFinished } from "vitest";
import type { Light, LightPattern } from "../../device/ports/light.ts";

/** A light with somebody who looks at it. */
export interface LightWorld {
  light: Light;
  /** It is lit now. */
  isLit(): boolean;
  /** Lets time go by until `met`, or throws. */
  until(met: () => boolean, what: string): Promise<void>;
  /** Lets time go by in which whatever is under way would show. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

const LIT: readonly LightPattern[] = ["ringing", "recording", "fault"];
const DARK: readonly LightPattern[] = ["off", "idle"];

/** What every `Light` that can be seen promises. */
export function lightSuite(name: string, make: () => Promise<LightWorld>): void {
  describe(`light: ${name}`, () => {
    async function begin() {
      const world = await make();
      onTestFinished(async () => {
        await world.light.stop();
        await world.end();
      });
      return world;
    }

    it("shows the pattern that was asked for last, and is dark without one", async () => {
      const { light, isLit, until, settle } = await begin();
      await settle();
      expect(isLit()).toBe(false);
      for (const lit of LIT) {
        for (const dark of DARK) {
          light.show(lit);
          await until(isLit, lit);
          light.show(dark);
          await until(() => !isLit(), dark);
        }
      }
      for (const pattern of [...LIT, ...DARK, "recording"] as const) light.show(pattern);
      await until(isLit, "the last of many");
      await settle();
      expect(isLit()).toBe(true);
    });

    it("may be told the same again and again", async () => {
      const { light, isLit, until, settle } = await begin();
      for (let times = 0; times < 1_000; times += 1) light.show("recording");
      await until(isLit, "recording");
      for (let times = 0; times < 1_000; times += 1) light.show("idle");
      await until(() => !isLit(), "idle");
      await settle();
      expect(isLit()).toBe(false);
    });

    it("is dark after stop, which may be repeated", async () => {
      const { light, isLit, until, settle } = await begin();
      light.show("ringing");
      await until(isLit, "ringing");
      await light.stop();
      expect(isLit()).toBe(false);
      await light.stop();
      await settle();
      expect(isLit()).toBe(false);
    });
  });
}
