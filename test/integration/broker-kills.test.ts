import { expect, test } from "vitest";
import { runBrokerKills } from "./stories/broker-kills.ts";

test.concurrent("mosquitto is killed right after its PUBACK: with receipts every press arrives", async () => {
  expect((await runBrokerKills({ tries: 4, settle: "receipt" })).lost).toEqual([]);
});

test.concurrent("and with pubacks alone presses are lost: the loss above is real", async () => {
  expect((await runBrokerKills({ tries: 4, settle: "puback" })).lost).not.toEqual([]);
});
