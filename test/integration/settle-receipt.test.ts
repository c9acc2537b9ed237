import { connect } from "mqtt";
import { expect, test } from "vitest";
import { topicsOf } from "../../agent/contract/topics.ts";
import { FleetDoorbell, FleetHardware, type FleetWatcher } from "../../simulator/fleet/doorbell.ts";
import { defaultSettings } from "../../simulator/virtual/settings.ts";
import { Cloud } from "../fixtures/cloud.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";

const FORGETS = 3;
const nobody: FleetWatcher = {
  connecting() {},
  connected() {},
  disconnected() {},
  rang() {},
  clipOpened() {},
  clipClosed() {},
};

/**
 * One press, and a broker that acknowledges it and forgets it by kill -9, again and again: somebody sees it pass who
 * stores nothing. Then a consumer comes. Answers the presses that it gets, and whether the outbox still had it then.
 */
async function pressAndForget(settle: "receipt" | "puback") {
  const mosquitto = await startMosquitto();
  const settings = defaultSettings();
  settings.device.id = `settle-${settle}`;
  settings.camera.source = "none";
  settings.broker.urls = [mosquitto.url];
  settings.uplink = {
    ...settings.uplink,
    settle,
    receiptTimeoutMs: 1_000,
    reconnectMinMs: 50,
    reconnectMaxMs: 200,
  };
  let passed = 0;
  const passer = connect(mosquitto.url, { reconnectPeriod: 50 });
  passer.on("message", (topic) => {
    if (topic.endsWith("/press")) passed += 1;
  });
  passer.on("connect", () => passer.subscribe(topicsOf(settings.device.id).everything));
  const door = new FleetDoorbell(settings, new FleetHardware(1), nobody);
  door.start();
  await until(() => door.connection > 0 && passer.connected, "both connections");
  const isThere = () => !door.hasDelivered;
  expect(door.press(100)).toBe(true);
  const forgets = settle === "receipt" ? FORGETS : 1;
  for (let round = 1; round <= forgets; round += 1) {
    const before = passed;
    await until(
      () => passed > before || (round === 1 && passed > 0),
      `the press, for the ${round}. time`,
      20_000,
    );
    if (settle === "puback") await until(() => !isThere(), "its PUBACK");
    await mosquitto.kill();
    await mosquitto.restart();
  }
  const wasThere = isThere();
  const cloud = await Cloud.connect(mosquitto.url, { deviceId: settings.device.id });
  // A start is told anew by nobody, a status is: once it is here, so is what was to come before it.
  await until(() => door.connection > 0, "the doorbell's connection");
  if (settle === "receipt") await until(() => door.hasDelivered, "the last receipt", 20_000);
  else await until(() => cloud.messages.some(({ topic }) => topic.endsWith("/status")), "its status", 20_000);
  const presses = cloud.eventsOf("press").length;
  const isThereStill = isThere();
  await door.end();
  await cloud.end();
  await passer.endAsync(true);
  await mosquitto.stop();
  return { presses, wasThere, isThereStill, trouble: cloud.trouble };
}

test("with receipts, an event stays in the outbox until the consumer has it, however often the broker forgets", async () => {
  const receipt = await pressAndForget("receipt");
  expect(receipt).toEqual({ presses: 1, wasThere: true, isThereStill: false, trouble: [] });
});

test("with PUBACK alone the broker's word is taken, and what it forgets is gone", async () => {
  const puback = await pressAndForget("puback");
  expect(puback).toEqual({ presses: 0, wasThere: false, isThereStill: false, trouble: [] });
});
