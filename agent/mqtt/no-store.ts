import { type IStore, Store } from "mqtt";

/**
 * Keeps nothing. MQTT.js would keep a copy of every message on its way, for a reconnect that never comes here, and
 * what arrives at QoS 2, which is never subscribed to.
 */
class NoStore extends Store {
  override put(_packet: unknown, done: Parameters<IStore["put"]>[1]): this {
    done();
    return this;
  }

  override del(_packet: unknown, done: Parameters<IStore["del"]>[1]): this {
    done();
    return this;
  }

  override close(done: Parameters<IStore["close"]>[0]): void {
    done();
  }
}

/** One for all connections. */
export const noStore: IStore = new NoStore();
