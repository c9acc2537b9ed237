import { Parser } from "@asyncapi/parser";
import { describe, expect, it } from "vitest";
import { CHANNELS, type Channel } from "../../../agent/contract/channels.ts";
import { asyncApi } from "../../../agent/reference/asyncapi.ts";
import { readText } from "./documents.ts";

const WARNING = 1;

/** The document, and what the official parser finds wrong with it, warnings included. */
async function parsed(text: string) {
  const { document, diagnostics } = await new Parser().parse(text);
  return { document, faults: diagnostics.filter(({ severity }) => severity <= WARNING) };
}

// The parser takes a second or two for each.
describe("asyncapi.yaml, by the official parser", { timeout: 60_000 }, () => {
  const text = readText("asyncapi.yaml");

  it("is AsyncAPI 3.0.0 without a fault", async () => {
    const { document, faults } = await parsed(text);
    expect(faults).toEqual([]);
    expect(document?.version()).toBe("3.0.0");
    expect(document?.channels().all()).toHaveLength(Object.keys(CHANNELS).length);
  });

  it.each<[string, string, string]>([
    ["a QoS that MQTT has not", "qos: 1", "qos: 7"],
    ["a message that is nowhere", "#/components/messages/health", "#/components/messages/wealth"],
  ])("would be refused with %s", async (_, right, wrong) => {
    expect(text).toContain(right);
    expect((await parsed(text.replace(right, wrong))).faults).not.toEqual([]);
  });

  it("tells where a channel is answered, and when a message expires", async () => {
    const asked: Channel = {
      ...CHANNELS.receipt,
      address: "porchlight/v1/{deviceId}/asked",
      expiryS: 30,
    };
    const answered: Channel = { ...CHANNELS.health, address: "porchlight/v1/{deviceId}/answered" };
    const made = asyncApi({ receipt: { ...asked, repliesOn: "health" }, health: answered });
    const { document, faults } = await parsed(made);
    expect(faults).toEqual([]);
    const operation = document?.operations().get("receiveReceipt");
    expect(operation?.reply()?.channel()?.address()).toBe("porchlight/v1/{deviceId}/answered");
    expect(operation?.bindings().get("mqtt")?.json()).toMatchObject({ messageExpiryInterval: 30, qos: 1 });
  });
});
