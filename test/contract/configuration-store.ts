import { describe, expect, it, onTestFinished } from "vitest";
import type {
  ConfigurationInput,
  ConfigurationProblem,
  ConfigurationRecord,
  ConfigurationStore,
  WireSettings,
} from "../../device/ports/configuration-store.ts";

/** A device's card, and the store that runs on it. */
export interface ConfigurationWorld {
  /** A store as a new start of the agent has it. */
  open(problemsOf: (wire: WireSettings) => ConfigurationProblem[]): Promise<ConfigurationStore>;
  /** What whoever starts the agent finds on the card. */
  read(): Promise<ConfigurationRecord | null>;
  /** The card takes nothing any more, or does again. */
  setBroken(broken: boolean): Promise<void>;
  until(met: () => boolean, what: string): Promise<void>;
  end(): Promise<void>;
}

const NONE: WireSettings = { version: 0, settings: {}, ownerSettings: {} };
/** One that can be told from every other. */
export const record = (version: number): ConfigurationRecord => ({
  inForce: {
    version,
    settings: { button: { holdMs: version } },
    ownerSettings: { privacy: { masks: ["0,0 250,0 250,400"] } },
  },
  trial: { starts: 1, before: NONE },
  rolledBack: null,
  ownerCounter: version,
});

/** What every `ConfigurationStore` promises. */
export function configurationStoreSuite(name: string, make: () => Promise<ConfigurationWorld>): void {
  describe(`configuration store: ${name}`, () => {
    async function begin() {
      const world = await make();
      onTestFinished(() => world.end());
      const start = async (problemsOf: (wire: WireSettings) => ConfigurationProblem[] = () => []) => {
        const store = await world.open(problemsOf);
        const answers: ConfigurationInput[] = [];
        store.start((input) => answers.push(input));
        return { store, answers };
      };
      return { world, start };
    }

    it("has nothing before anything was saved", async () => {
      const { world, start } = await begin();
      await (await start()).store.stop();
      expect(await world.read()).toBeNull();
    });

    it("keeps the newest record, which is there once that is answered", async () => {
      const { world, start } = await begin();
      const { store, answers } = await start();
      for (const version of [1, 2, 3]) store.save(record(version));
      await world.until(() => answers.length === 3, "three answers");
      expect(answers.map(({ type }) => type)).toEqual(Array(3).fill("configuration.saved"));
      expect(await world.read()).toEqual(record(3));
      await store.stop();
      expect(await world.read()).toEqual(record(3));
    });

    it("answers checks and saves in the order of the calls", async () => {
      const { world, start } = await begin();
      const problem = { field: "button.holdMs", reason: "no" };
      const { store, answers } = await start(({ version }) => (version === 2 ? [problem] : []));
      store.check(11, record(1).inForce);
      store.save(record(1));
      store.check(12, record(2).inForce);
      await world.until(() => answers.length === 3, "three answers");
      expect(answers).toMatchObject([
        { type: "configuration.checked", request: 11, problems: [] },
        { type: "configuration.saved" },
        { type: "configuration.checked", request: 12, problems: [problem] },
      ]);
      await store.stop();
    });

    it("says so when the card takes nothing, and the record before it stays", async () => {
      const { world, start } = await begin();
      const { store, answers } = await start();
      store.save(record(1));
      await world.until(() => answers.length === 1, "the first answer");
      await world.setBroken(true);
      store.save(record(2));
      await world.until(() => answers.length === 2, "the second answer");
      expect(answers[1]).toMatchObject({ type: "configuration.save-failed" });
      expect(await world.read()).toEqual(record(1));
      await world.setBroken(false);
      store.save(record(3));
      await world.until(() => answers.length === 3, "the third answer");
      expect(await world.read()).toEqual(record(3));
      await store.stop();
    });

    it("finishes what it was asked for before it stops, and posts nothing after that", async () => {
      const { world, start } = await begin();
      const { store, answers } = await start();
      store.save(record(1));
      store.save(record(2));
      await store.stop();
      expect(await world.read()).toEqual(record(2));
      expect(answers.length).toBeLessThanOrEqual(2);
    });
  });
}
