import type { Ports } from "../../agent/ports.ts";
import type { BrokerInput, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { Tamper } from "../../simulator/virtual/doorbell.ts";

type Post<I> = (input: I) => void;

/** Puts `around` between the agent and its broker: both ways. */
export function withBroker(
  around: (
    ports: Ports,
    post: Post<BrokerInput>,
  ) => {
    publish?: Ports["broker"]["publish"];
    take?: Post<BrokerInput>;
  },
): Tamper {
  return (ports) => {
    const { broker } = ports;
    let hooks: ReturnType<typeof around> = {};
    return {
      ...ports,
      broker: {
        start(post) {
          hooks = around(ports, post);
          broker.start(hooks.take ?? post);
        },
        connect: (request) => broker.connect(request),
        publish(connection, token, message) {
          if (hooks.publish) hooks.publish(connection, token, message);
          else broker.publish(connection, token, message);
        },
        disconnect: (connection) => broker.disconnect(connection),
        abandon: (connection) => broker.abandon(connection),
        stop: () => broker.stop(),
      },
    };
  };
}

/** Changes each message on its way out. */
export const changing = (change: (message: BrokerMessageOut) => BrokerMessageOut): Tamper =>
  withBroker(({ broker }) => ({
    publish: (connection, token, message) => broker.publish(connection, token, change(message)),
  }));
