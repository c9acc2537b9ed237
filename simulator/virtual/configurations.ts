import { OWNER_CONFIGURATION_TYPE } from "../../agent/contract/configuration.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { sealedBy } from "../hardware/vault.ts";
import { textMessage } from "../network/modelled-message.ts";
import type { Chance } from "../world/chance.ts";
import type { Scene } from "./scene.ts";

/** What somebody who may write `config/desired` writes there: the cloud, the owner, or a broker that is hostile. */
export interface PlannedConfiguration {
  atMs: number;
  text: string;
}

/** Of 1,000 worlds so many have any. */
const WORLDS_PERMILLE = 120;
/** What stands for the owner's key in such a world: `SimulatedVault`. */
export const VIRTUAL_OWNER = "A".repeat(43);
const MASKS = ["0,0 250,0 250,400 0,400", "500,0 1000,0 1000,300 500,300", "0,600 300,600 300,1000"];

/** Draws what will be desired of one doorbell; empty in most worlds. */
export function planConfigurations(
  chance: Chance,
  deviceId: string,
  durationMs: number,
): PlannedConfiguration[] {
  if (!chance.happens(WORLDS_PERMILLE)) return [];
  const times = Array.from({ length: chance.int(3, 12) }, () => chance.int(0, durationMs));
  let version = 0;
  let counter = 0;
  const words: string[] = [];
  const word = (of: { by: string; deviceId: string; counter: number }) => {
    const masks = MASKS.slice(0, chance.int(0, MASKS.length));
    const payload = {
      deviceId: of.deviceId,
      counter: of.counter,
      issuedAt: "",
      settings: { privacy: { masks } },
    };
    return sealedBy(of.by, JSON.stringify(payload), OWNER_CONFIGURATION_TYPE);
  };
  return times.sort((a, b) => a - b).map((atMs) => ({ atMs, text: draw() }));

  function draw(): string {
    version += chance.int(1, 3);
    const settings = chance.pick([
      {},
      { log: { level: chance.pick(["debug", "warn"]) } },
      { still: { idleMs: chance.int(1, 60) * 1_000 } },
    ]);
    switch (chance.int(1, 10)) {
      case 1:
        return chance.pick([
          "{",
          "[]",
          '{"version":0}',
          `{"version":${version},"settings":{"a":{"b":[[1]]}}}`,
        ]);
      case 2:
        return JSON.stringify({ version, settings: { privacy: { masks: [] } } });
      case 3:
        return JSON.stringify({
          version,
          settings: { clip: { ringMaxBytes: 1_048_576, preRollMs: 30_000 } },
        });
      case 4:
        return JSON.stringify({ version: Math.max(1, version - chance.int(1, 4)), settings });
      case 5:
        return JSON.stringify({
          version,
          settings,
          owner: word({ by: "a stranger", deviceId, counter: counter + 9 }),
        });
      case 6:
        return JSON.stringify({
          version,
          settings,
          owner: word({ by: VIRTUAL_OWNER, deviceId: "another", counter: counter + 9 }),
        });
      case 7:
        if (words.length > 0) return JSON.stringify({ version, settings, owner: chance.pick(words) });
        return JSON.stringify({ version, settings, owner: "a.b.c" });
      case 8:
      case 9: {
        counter += chance.int(1, 5);
        const owner = word({ by: VIRTUAL_OWNER, deviceId, counter });
        words.push(owner);
        return JSON.stringify({ version, settings, owner });
      }
      default:
        return JSON.stringify({ version, settings });
    }
  }
}

/** It is retained at the broker, if that is up: with whoever cannot write it, nobody desires anything. */
export function desire({ network, ledger, deviceId }: Scene, { text }: PlannedConfiguration): void {
  ledger.note("desired", text);
  if (!network.broker.isUp) return;
  ledger.desired.push(text);
  network.broker.publishFromOutside(textMessage(topicsOf(deviceId).configDesired, text, true));
}
