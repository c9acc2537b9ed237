import type { Ports } from "../../agent/ports.ts";
import type { FragmentStoreInput } from "../../device/ports/fragment-store.ts";
import type { SequenceRange, Store, StoreInput } from "../../device/ports/store.ts";
import { OutboxDisk } from "../../simulator/hardware/outbox-disk.ts";
import type { Tamper } from "../../simulator/virtual/doorbell.ts";

/** What an adapter tells the agent goes through here. */
type Post<I> = (input: I) => void;

/** Puts itself between the agent and its store. */
function withStore(
  around: (
    ports: Ports,
    post: Post<StoreInput>,
  ) => Partial<Pick<Store, "append" | "settle" | "drop">> & { take?: Post<StoreInput> },
): Tamper {
  return (ports) => {
    const { store } = ports;
    let hooks: ReturnType<typeof around> = {};
    return {
      ...ports,
      store: {
        start(post) {
          hooks = around(ports, post);
          store.start(hooks.take ?? post);
        },
        open: (epoch, startedUtcMs) => store.open(epoch, startedUtcMs),
        append: (row) => (hooks.append ?? ((one) => store.append(one)))(row),
        settle: (ranges) => (hooks.settle ?? ((these) => store.settle(these)))(ranges),
        drop: (ranges) => (hooks.drop ?? ((these) => store.drop(these)))(ranges),
        setAsideTold: () => store.setAsideTold(),
        page: (lane, after, limit) => store.page(lane, after, limit),
        stop: () => store.stop(),
      },
    };
  };
}

/** Says that a row is durable as soon as it is asked to make it so. */
export const liesAboutDurability = withStore(({ clock, store, timers }, post) => ({
  append(row) {
    store.append(row);
    const { lane, sequence, body } = row;
    const bytes = Buffer.byteLength(body);
    timers.soon(() =>
      post({ type: "store.appended", occurredAt: clock.monotonicMs(), lane, sequence, bytes }),
    );
  },
  take(input) {
    if (input.type !== "store.appended" && input.type !== "store.append-failed") post(input);
  },
}));

/** What it gives up may come back after a power cut: it says that it is gone for good when it is settled. */
export const dropsAsItSettles = withStore(({ store }, post) => {
  /** What was asked for and is not answered: a drop's ranges, or null. */
  const asked: (SequenceRange[] | null)[] = [];
  return {
    settle(ranges) {
      asked.push(null);
      store.settle(ranges);
    },
    drop(ranges) {
      asked.push(ranges);
      store.settle(ranges);
    },
    take(input) {
      const isAnswer =
        input.type === "store.settled" || (input.type === "store.failed" && input.operation === "settle");
      const ranges = isAnswer ? asked.shift() : null;
      if (!ranges) post(input);
      else if (input.type === "store.settled") post({ ...input, type: "store.dropped", ranges });
      else if (input.type === "store.failed") post({ ...input, operation: "drop" });
    },
  };
});

/** Takes it for told that an outbox was set aside as soon as it has heard of it. */
export const tellsBeforeItHas = withStore(({ store }, post) => ({
  take(input) {
    if (input.type === "store.opened" && input.setAside) store.setAsideTold();
    post(input);
  },
}));

/** Everything works until the power goes. */
export const outboxInMemory: Tamper = (ports) => ({ ...ports, store: memoryStore(ports) });

function memoryStore({ clock, timers }: Ports): Store {
  const memory = new OutboxDisk();
  let post: Post<StoreInput> = () => undefined;
  const answer = (make: (occurredAt: number) => StoreInput) =>
    timers.soon(() => post(make(clock.monotonicMs())));
  return {
    start(to) {
      post = to;
    },
    open: (epoch) =>
      answer((occurredAt) => ({
        type: "store.opened",
        occurredAt,
        ...memory.begin(epoch),
        totals: memory.totals(),
      })),
    append: (row) =>
      answer((occurredAt) => {
        const { lane, sequence } = row;
        return { type: "store.appended", occurredAt, lane, sequence, bytes: memory.append(row) };
      }),
    settle: (ranges) =>
      answer((occurredAt) => {
        memory.settle(ranges);
        return { type: "store.settled", occurredAt, totals: memory.totals() };
      }),
    drop: (ranges) =>
      answer((occurredAt) => {
        memory.drop(ranges);
        return { type: "store.dropped", occurredAt, ranges, totals: memory.totals() };
      }),
    setAsideTold: () => memory.setAsideTold(),
    page: (lane, after, limit) =>
      answer((occurredAt) => ({ type: "store.page", occurredAt, lane, ...memory.page(lane, after, limit) })),
    stop: async () => undefined,
  };
}

/** Never learns how much its outbox holds. */
export const boundless = withStore((_ports, post) => ({
  take(input) {
    const nothing = { rows: 0, bytes: 0 };
    const totals = { press: nothing, event: nothing };
    if (input.type === "store.appended") post({ ...input, bytes: 0 });
    else if (input.type === "store.opened" || input.type === "store.settled") post({ ...input, totals });
    else post(input);
  },
}));

/** Finds nothing in its outbox. */
export const forgetsTheBacklog = withStore((_ports, post) => ({
  take: (input) => post(input.type === "store.page" ? { ...input, rows: [], more: false } : input),
}));

/** Refuses every third row as if its disk were full, without looking for a clip to give up. */
export const refusesBesideClips = (() => {
  let appends = 0;
  return withStore(({ clock, store, timers }, post) => ({
    append(row) {
      appends += 1;
      const { lane, sequence } = row;
      const refusal = { lane, sequence, fault: "full" as const, detail: "simulated" };
      if (appends % 3 !== 0) store.append(row);
      else
        timers.soon(() => post({ type: "store.append-failed", occurredAt: clock.monotonicMs(), ...refusal }));
    },
  }));
})();

/** Puts itself between the agent and what its store of clips tells it; `take` answers what the agent hears. */
export function hearing(ports: Ports, take: (input: FragmentStoreInput) => FragmentStoreInput | null): void {
  const { fragments } = ports;
  const start = fragments.start.bind(fragments);
  fragments.start = (post) =>
    start((input) => {
      const heard = take(input);
      if (heard) post(heard);
    });
}

/** Does not hear of clips that leave its card. */
export const silentAboutClips: Tamper = (ports) => {
  hearing(ports, (input) => (input.type === "clip.evicted" ? null : input));
  return ports;
};

/** Neither keeps nor sends what its camera tells. */
export const losesCameraEvents: Tamper = (ports) => {
  const { broker } = ports;
  const publish = broker.publish.bind(broker);
  broker.publish = (connection, token, message) => {
    if (!message.topic.endsWith("/camera")) publish(connection, token, message);
  };
  return withStore(({ store }) => ({
    append(row) {
      if (row.eventType !== "camera") store.append(row);
    },
  }))(ports);
};
