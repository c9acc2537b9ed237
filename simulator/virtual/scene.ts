import { topicsOf } from "../../agent/contract/topics.ts";
import { type BrokerWitness, ModelledBroker } from "../network/modelled-broker.ts";
import type { Network } from "../network/modelled-client.ts";
import { ModelledCloud } from "../network/modelled-cloud.ts";
import { ModelledLink } from "../network/modelled-link.ts";
import type { ModelledMessage } from "../network/modelled-message.ts";
import type { Chance } from "../world/chance.ts";
import type { World } from "../world/world.ts";
import { type Tamper, VirtualDoorbell } from "./doorbell.ts";
import { watchBroker, watchDevice } from "./effects.ts";
import type { FaultOptions } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { DoorbellStory, Story } from "./story.ts";

/** One doorbell with everything around it. Those of one world share its clock and its broker. */
export interface Scene {
  world: World;
  network: Network;
  cloud: ModelledCloud;
  doorbell: VirtualDoorbell;
  deviceId: string;
  options: FaultOptions;
  ledger: Ledger;
}

/** Builds what the story needs, before anything has happened. Nothing is powered yet. */
export function buildScenes(world: World, story: Story, tamper: Tamper): Scene[] {
  const alone = story.doorbells.length === 1;
  const ledgers = story.doorbells.map(
    ({ settings }) => new Ledger(world, settings, alone ? "" : `${settings.device.id} `),
  );
  const witness = alone && ledgers[0] ? ledgers[0] : new Witnesses(ledgers);
  const broker = new ModelledBroker(world, world.chance.fork("broker"), witness);
  broker.oldWillLast = story.doorbells[0]?.faults.oldWillLast ?? false;
  broker.deliverTwicePermille = story.doorbells[0]?.faults.deliverTwicePermille ?? 0;
  return story.doorbells.map((doorbell, at) => {
    const chance = alone ? world.chance : world.chance.fork(doorbell.settings.device.id);
    const scene = buildScene({ world, broker, chance, doorbell, ledger: ledgers[at] as Ledger, tamper });
    watchDevice(scene);
    // What goes wrong at a broker that several share is the first one's.
    if (at === 0) watchBroker(scene);
    return scene;
  });
}

function buildScene(of: {
  world: World;
  broker: ModelledBroker;
  chance: Chance;
  doorbell: DoorbellStory;
  ledger: Ledger;
  tamper: Tamper;
}): Scene {
  const { world, broker, chance, ledger, tamper } = of;
  const { settings, faults } = of.doorbell;
  const deviceId = settings.device.id;
  const link = new ModelledLink(world, chance.fork("link"), faults.link);
  const receipts = settings.uplink.settle === "receipt" || faults.receiptsAnyway;
  const cloud = new ModelledCloud(world, chance.fork("cloud"), broker, deviceId, receipts, (message) =>
    ledger.delivered(message),
  );
  const network = { link, broker, url: settings.broker.urls[0] ?? "" };
  const doorbell = new VirtualDoorbell(world, network, {
    settings,
    clock: faults.clock,
    ledger,
    tamper,
    chance: chance.fork("doorbell"),
  });
  ledger.note("options", [settings, faults]);
  return { world, network, cloud, doorbell, deviceId, options: faults, ledger };
}

/** Each doorbell's ledger is told what the broker sees of it. */
class Witnesses implements BrokerWitness {
  readonly #ledgers = new Map<string, Ledger>();

  constructor(ledgers: readonly Ledger[]) {
    for (const ledger of ledgers) this.#ledgers.set(ledger.deviceId, ledger);
  }

  arrived(message: ModelledMessage): void {
    this.#of(message.topic)?.arrived(message);
  }

  forgot(message: ModelledMessage): void {
    this.#of(message.topic)?.forgot(message);
  }

  #of(topic: string): Ledger | undefined {
    return this.#ledgers.get(topic.slice(BASE.length, topic.indexOf("/", BASE.length)));
  }
}

/** What stands before the id of a device in every topic of ours. */
const BASE = topicsOf("").status.slice(0, -"/status".length);
