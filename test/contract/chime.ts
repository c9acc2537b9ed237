import { describe, expect, it, onTestFinished } from "vitest";
import type { Chime } from "../../device/ports/chime.ts";

/** A chime with somebody who listens; `heard` is null where there is nothing to hear. */
export interface ChimeWorld {
  chime: Chime;
  heard: (() => number) | null;
}

/** What every implementation of `Chime` promises. */
export function chimeSuite(name: string, make: () => ChimeWorld): void {
  describe(`chime: ${name}`, () => {
    function begin() {
      const world = make();
      onTestFinished(() => world.chime.stop());
      return world;
    }

    it("begins the sound at each call, also while it sounds, and at none without one", () => {
      const { chime, heard } = begin();
      expect(heard?.() ?? 0).toBe(0);
      chime.play("ring");
      chime.play("ring");
      expect(heard?.() ?? 2).toBe(2);
    });

    it("is silent after stop, which may be repeated", async () => {
      const { chime, heard } = begin();
      chime.play("ring");
      await chime.stop();
      await chime.stop();
      expect(heard?.() ?? 1).toBe(1);
    });
  });
}
