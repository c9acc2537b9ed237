import { mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test, vi } from "vitest";
import { LinuxStorage } from "../../device/linux/storage/linux-storage.ts";
import type { StoreInput } from "../../device/ports/store.ts";
import { probeBroker, textMessage } from "../fixtures/broker-probe.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { roomy } from "../fixtures/storage-process.ts";
import { until } from "../fixtures/until.ts";

test("a press leaves the socket before the storage is woken, and nothing on the way holds it back", async () => {
  const mosquitto = await startMosquitto();
  const folder = mkdtempSync(join(tmpdir(), "porchlight-first-"));
  const clock = {
    monotonicMs: () => Math.floor(performance.now()),
    read: () => ({ monotonicMs: 0, utcMs: 0, trust: "synced" as const }),
  };
  const { store } = new LinuxStorage({ ...roomy(folder), clock });
  const answers: StoreInput[] = [];
  store.start((input) => answers.push(input));
  const undelayed = vi.spyOn(Socket.prototype, "setNoDelay");
  const { broker, connect, of } = probeBroker();
  onTestFinished(async () => {
    vi.restoreAllMocks();
    await Promise.all([store.stop(), broker.stop()]);
    await mosquitto.stop();
    rmSync(folder, { recursive: true });
  });
  await connect({ url: mosquitto.url });
  expect(undelayed).toHaveBeenCalledWith(true);
  store.open("00000000000000aa", 0);
  await until(() => answers.length === 1, "the open store");

  const written = vi.spyOn(Socket.prototype, "_writev");
  const woken = vi.spyOn(Worker.prototype, "postMessage");
  store.append({
    lane: "press",
    epoch: "00000000000000aa",
    sequence: 1,
    id: "00000000000000aa-p1",
    eventType: "press",
    body: "{}",
    occurredMonotonicMs: 0,
    occurredUtcMs: 0,
    trust: "synced",
    stillOf: null,
  });
  store.settle([{ epoch: "00000000000000aa", lane: "press", from: 1, to: 1 }]);
  broker.publish(1, 1, textMessage("press", "{}"));
  await until(() => answers.length === 3 && of("broker.acked").length === 1, "the answers");
  expect(answers.map(({ type }) => type)).toEqual(["store.opened", "store.appended", "store.settled"]);
  const [firstWrite = Number.POSITIVE_INFINITY] = written.mock.invocationCallOrder;
  expect(firstWrite).toBeLessThan(woken.mock.invocationCallOrder[0] ?? 0);
});
