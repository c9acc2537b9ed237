import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { statusText } from "../../../agent/core/uplink.ts";
import { DoorbellOnADesk, EPOCH } from "./doorbell-on-a-desk.ts";

const statusOf = (text: string) => JSON.parse(text);

describe("uplink", () => {
  it("connects only when the disk has answered: whoever has the data folder is the device", () => {
    const desk = new DoorbellOnADesk().start();
    expect(desk.all("broker.connect")).toHaveLength(0);
    desk.openStore();
    expect(desk.all("broker.connect")).toHaveLength(1);
  });

  it("ends with exit code 2 when another agent has the data folder", () => {
    const desk = new DoorbellOnADesk().start();
    desk.input({ type: "store.unavailable", occurredAt: desk.now, fault: "locked", detail: "in use" });
    expect(desk.last("agent.ended")).toMatchObject({ exitCode: 2, reason: "in use" });
    expect(desk.all("broker.connect")).toHaveLength(0);
  });

  it("leaves a will that names epoch and connection, and says online retained", () => {
    const desk = new DoorbellOnADesk().start().openStore(4).connect();
    const { will } = desk.last("broker.connect");
    expect(statusOf(will.text)).toMatchObject({
      state: "offline",
      epoch: EPOCH,
      connection: 1,
      epochNumber: 4,
    });
    const [online] = desk.published("/status");
    expect(online?.message.retain).toBe(true);
    expect(online?.message.payload.kind === "text" && statusOf(online.message.payload.text).state).toBe(
      "online",
    );
  });

  it("puts right an older will that overwrote its online, and leaves its own echo alone", () => {
    const desk = DoorbellOnADesk.ready();
    desk.message("status", statusText({ state: desk.state, now: desk.now, actions: [] }, "online"));
    desk.wait(2_000);
    expect(desk.published("/status")).toHaveLength(0);
    desk.message("status", JSON.stringify({ state: "offline", epoch: EPOCH, connection: 0 }));
    desk.wait(2_000);
    expect(desk.published("/status")).toHaveLength(1);
  });

  it("says online again, ever more rarely, when the broker does not give it back", () => {
    const desk = DoorbellOnADesk.ready();
    desk.wait(60_000);
    expect(desk.published("/status")).toHaveLength(3);
    desk.ackAll();
    desk.message("status", statusText({ state: desk.state, now: desk.now, actions: [] }, "online"));
    desk.actions = [];
    desk.wait(desk.state.settings.health.everyMs - 100_000);
    expect(desk.published("/status")).toHaveLength(0);
  });

  it("says its status once more with its health: a broker may lose what it retains and tell nobody", () => {
    const desk = DoorbellOnADesk.ready();
    const echo = () =>
      desk
        .ackAll()
        .message("status", statusText({ state: desk.state, now: desk.now, actions: [] }, "online"));
    echo();
    desk.actions = [];
    for (const times of [1, 2, 3]) {
      desk.wait(desk.state.settings.health.everyMs);
      echo();
      expect(desk.published("/status")).toHaveLength(times);
      expect(desk.published("/health")).toHaveLength(times);
    }
  });

  it("tells with its start that the outbox before was set aside", () => {
    const nothing = { rows: 0, bytes: 0 };
    const opened = { epochNumber: 1, previous: null, totals: { press: nothing, event: nothing } };
    const starts = [null, "set-aside/1"].map((setAside) => {
      const desk = new DoorbellOnADesk().start();
      desk.input({ type: "store.opened", occurredAt: desk.now, ...opened, setAside });
      return desk.events("start")[0]?.data;
    });
    expect(starts[0]).not.toHaveProperty("setAside");
    expect(starts[1]).toMatchObject({ setAside: true, previousEpoch: "" });
  });

  describe("that the outbox before was set aside", () => {
    const nothing = { rows: 0, bytes: 0 };
    const opened = { epochNumber: 1, previous: null, totals: { press: nothing, event: nothing } };
    const setAside = () => {
      const desk = new DoorbellOnADesk({ uplink: { settle: "puback" } }).start();
      // Something of this start comes before the start itself: its number is not 1.
      desk.input({ type: "button.line", occurredAt: desk.now, state: "lost", reason: "unplugged" });
      desk.input({ type: "store.opened", occurredAt: desk.now, ...opened, setAside: "set-aside/1" });
      return desk;
    };

    it("needs not be told again once its start is durable, and not before", () => {
      const desk = setAside().connect();
      desk.saveAll(({ eventType }) => eventType !== "start");
      desk.input({ type: "store.settled", occurredAt: desk.now, totals: opened.totals });
      expect(desk.all("store.set-aside-told")).toEqual([]);
      desk.saveAll(({ eventType }) => eventType === "start");
      desk.ackAll();
      expect(desk.all("store.set-aside-told")).toHaveLength(1);
    });

    it("nor once its start is delivered, when the disk does not take it", () => {
      const desk = setAside();
      for (const { row } of desk.all("store.append")) {
        const { lane, sequence } = row;
        const why = { fault: "full" as const, detail: "no room" };
        desk.input({ type: "store.append-failed", occurredAt: desk.now, lane, sequence, ...why });
      }
      desk.connect().page("press", []).page("event", []);
      expect(desk.all("store.set-aside-told")).toEqual([]);
      desk.ackAll();
      expect(desk.all("store.set-aside-told")).toHaveLength(1);
    });

    it("is told again at the next start when the store could not write down that it was told", () => {
      const desk = setAside().connect().saveAll();
      desk.actions = [];
      const why = { lane: null, fault: "io" as const, detail: "simulated" };
      desk.input({ type: "store.failed", occurredAt: desk.now, operation: "set-aside-told", ...why });
      expect(desk.state.counters).toMatchObject({ "outbox.noteFailures": 1 });
      expect(desk.all("timer.set")).toEqual([]);
    });
  });

  it("tries every broker before the pauses grow, and goes back to an earlier one once its failure is old", () => {
    const urls = ["mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2", "mqtt://127.0.0.1:3"];
    const desk = new DoorbellOnADesk({ broker: { urls } }).start().openStore();
    const tried = () => desk.all("broker.connect").map(({ url }) => url.at(-1));
    for (let i = 0; i < 2; i++) {
      desk.drop("unreachable");
      desk.wait(500);
    }
    expect(tried()).toEqual(["1", "2", "3"]);
    desk.connect().ackAll();
    desk.drop();
    desk.wait(500);
    expect(tried().at(-1)).toBe("3");
    desk.connect().ackAll();
    desk.wait(301_000).drop();
    desk.wait(500);
    expect(tried().at(-1)).toBe("1");
  });

  it("goes to the next broker when one accepts a connection and acknowledges nothing on it", () => {
    const urls = ["mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2"];
    const desk = new DoorbellOnADesk({ broker: { urls } }).start().openStore().connect();
    desk.wait(10_000);
    expect(desk.all("broker.abandon")).toHaveLength(1);
    desk.drop();
    desk.wait(500);
    expect(desk.last("broker.connect").url).toBe("mqtt://127.0.0.1:2");
  });

  it("tries again after a pause with full jitter whose bound doubles up to its largest", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, failures) => {
        const desk = new DoorbellOnADesk({ uplink: { reconnectMinMs: 500, reconnectMaxMs: 60_000 } });
        desk.start().openStore();
        desk.state.lifecycle.chance = [seed | 0, 1, 2, 3];
        for (let attempt = 0; attempt < failures; attempt++) {
          desk.drop("unreachable");
          const pauseMs = desk.last("timer.set").atMs - desk.now;
          expect(pauseMs).toBeGreaterThanOrEqual(0);
          expect(pauseMs).toBeLessThanOrEqual(Math.min(60_000, 500 * 2 ** attempt));
          desk.wait(pauseMs);
        }
        expect(desk.all("broker.connect")).toHaveLength(failures + 1);
      }),
      { numRuns: 50 },
    );
  });

  it("says the same trouble once, however often it comes back", () => {
    const desk = DoorbellOnADesk.ready();
    for (let i = 0; i < 20; i++) desk.drop("unreachable").wait(61_000);
    expect(desk.all("log").filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  it("takes the brokers of its list in turn", () => {
    const urls = ["mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2"];
    const desk = new DoorbellOnADesk({ broker: { urls } }).start().openStore();
    for (let i = 0; i < 3; i++) desk.drop("unreachable").wait(61_000);
    expect(desk.all("broker.connect").map(({ url }) => url)).toEqual([urls[0], urls[1], urls[0], urls[1]]);
  });

  it("ends a connection that does not acknowledge for 10 s", () => {
    const desk = DoorbellOnADesk.ready();
    desk.press().wait(9_900);
    expect(desk.all("broker.abandon")).toHaveLength(0);
    desk.wait(200);
    expect(desk.all("broker.abandon")).toHaveLength(1);
  });

  it("counts nothing that an earlier connection acknowledges", () => {
    const desk = DoorbellOnADesk.ready();
    desk.press();
    const token = desk.state.uplink.inFlight[0]?.token ?? 0;
    desk.drop().wait(61_000);
    desk.actions = [];
    desk.input({ type: "broker.acked", occurredAt: desk.now, connection: 1, token });
    expect(desk.all("store.settle")).toHaveLength(0);
  });

  it("says stopped and disconnects before it ends", () => {
    const desk = DoorbellOnADesk.ready();
    desk.input({ type: "agent.stop", occurredAt: desk.now });
    const [stopped] = desk.published("/status");
    expect(stopped?.message.payload.kind === "text" && statusOf(stopped.message.payload.text).state).toBe(
      "stopped",
    );
    desk.ackAll();
    expect(desk.all("broker.disconnect")).toHaveLength(1);
    desk.drop();
    expect(desk.last("agent.ended").exitCode).toBe(0);
  });

  it("ends within seconds when nobody acknowledges its goodbye", () => {
    const desk = DoorbellOnADesk.ready();
    desk.input({ type: "agent.stop", occurredAt: desk.now });
    desk.wait(3_000);
    expect(desk.all("agent.ended")).toHaveLength(1);
  });

  it("listens again after bell-only mode, also when it was just connecting", () => {
    const desk = new DoorbellOnADesk().start("bell-only").openStore();
    expect(desk.last("broker.connect").subscriptions).toEqual([]);
    desk.wait(desk.state.settings.device.bellOnlyMs);
    expect(desk.all("broker.abandon")).toEqual([{ type: "broker.abandon", connection: 1 }]);
    desk.drop("unreachable").wait(desk.state.settings.uplink.reconnectMaxMs);
    expect(desk.last("broker.connect").subscriptions).toHaveLength(4);
  });

  it("in bell-only mode uses no camera, listens to nobody, and sends only its own epoch", () => {
    const desk = new DoorbellOnADesk({ camera: { source: "test" } })
      .start("bell-only")
      .openStore(5)
      .connect();
    expect(desk.all("camera.open")).toHaveLength(0);
    expect(desk.last("broker.connect").subscriptions).toEqual([]);
    expect(desk.all("store.page").map(({ after }) => after?.epochNumber)).toEqual([4, 4]);
    desk.press();
    expect(desk.published("event/press")).toHaveLength(1);
    desk.actions = [];
    desk.wait(600_000);
    expect(desk.all("camera.open")).toHaveLength(1);
  });
});
