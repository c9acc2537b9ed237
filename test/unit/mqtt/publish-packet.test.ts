import { expect, test } from "vitest";
import { publishPacketBytes } from "../../../agent/mqtt/publish-packet.ts";

// Fixed header 1, remaining length 1…4, topic 2 + n, packet identifier 2, properties, payload: MQTT 5 §3.3.
test.each([
  ["the smallest on 3.1.1", "a", "", null, 1 + 1 + 3 + 2],
  ["the smallest on 5: an empty list of properties", "a", "", {}, 1 + 1 + 3 + 2 + 1],
  ["characters of more than one byte", "ü", "ß€", null, 1 + 1 + 4 + 2 + 5],
  ["content type", "a", "", { contentType: "text/plain" }, 1 + 1 + 3 + 2 + 1 + 13],
  ["expiry", "a", "", { messageExpiryInterval: 60 }, 1 + 1 + 3 + 2 + 1 + 5],
  ["correlation data", "a", "", { correlationData: Buffer.from("abcd") }, 1 + 1 + 3 + 2 + 1 + 7],
  ["a remaining length of 127", "a", new Uint8Array(122), null, 1 + 1 + 127],
  ["a remaining length of 128", "a", new Uint8Array(123), null, 1 + 2 + 128],
  ["a remaining length of 16,384", "a", new Uint8Array(16_379), null, 1 + 3 + 16_384],
  ["a remaining length of 2,097,152", "a", new Uint8Array(2_097_147), null, 1 + 4 + 2_097_152],
])("%s", (_, topic, payload, properties, bytes) => {
  expect(publishPacketBytes(topic, payload, properties)).toBe(bytes);
});
