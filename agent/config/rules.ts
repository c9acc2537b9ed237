import { isIPv4 } from "node:net";
import type { Settings } from "../contract/settings.ts";
import type { Problem } from "./check.ts";
import { inWords } from "./in-words.ts";

/**
 * What must hold between settings that are each right by themselves. A problem's path is the setting to change first.
 */
export function checkRules(settings: Settings): Problem[] {
  return [
    ...orderProblems(settings),
    ...roomProblems(settings),
    ...brokerProblems(settings),
    ...cameraProblems(settings),
    ...homeAssistantProblems(settings),
  ];
}

function orderProblems({ button, camera, uplink, clip }: Settings): Problem[] {
  return [
    ordered("button.longMs", button.longMs, "more than", "button.holdMs", button.holdMs),
    ordered("button.stuckMs", button.stuckMs, "more than", "button.longMs", button.longMs),
    ordered("button.doubleWithinMs", button.doubleWithinMs, "more than", "button.holdMs", button.holdMs),
    ordered(
      "camera.restartMaxMs",
      camera.restartMaxMs,
      "at least",
      "camera.restartMinMs",
      camera.restartMinMs,
    ),
    ordered(
      "uplink.reconnectMaxMs",
      uplink.reconnectMaxMs,
      "at least",
      "uplink.reconnectMinMs",
      uplink.reconnectMinMs,
    ),
    ordered(
      "uplink.receiptTimeoutMs",
      uplink.receiptTimeoutMs,
      "at least",
      "uplink.ackTimeoutMs",
      uplink.ackTimeoutMs,
    ),
    ordered("uplink.windowBytes", uplink.windowBytes, "at least", "clip.segmentBytes", clip.segmentBytes),
    ordered("clip.maxMs", clip.maxMs, "at least", "clip.postRollMs", clip.postRollMs),
  ].flat();
}

function ordered(
  path: string,
  value: number,
  relation: "more than" | "at least",
  otherPath: string,
  other: number,
): Problem[] {
  if (relation === "more than" ? value > other : value >= other) return [];
  return [{ path, text: `found ${value}, allowed: ${relation} ${otherPath}, which is ${other}` }];
}

/** A fragment is about a second; the ring also holds the one before the pre-roll and the one being filled. */
const FRAGMENTS_AROUND_PRE_ROLL_MS = 2_000;

function roomProblems({ camera, clip, spool }: Settings): Problem[] {
  const bytesIn = (durationMs: number) => Math.ceil((camera.bitrateKbps * durationMs) / 8);
  const ringBytes = bytesIn(clip.preRollMs + FRAGMENTS_AROUND_PRE_ROLL_MS);
  const clipBytes = bytesIn(clip.preRollMs + clip.maxMs);
  return [
    room("clip.ringMaxBytes", clip.ringMaxBytes, ringBytes, "the pre-roll (clip.preRollMs)"),
    room("spool.maxBytes", spool.maxBytes, clipBytes, "one longest clip (clip.preRollMs and clip.maxMs)"),
  ].flat();
}

function room(path: string, bytes: number, needed: number, what: string): Problem[] {
  if (bytes >= needed) return [];
  return [
    { path, text: `found ${bytes}, allowed: at least ${needed} to hold ${what} at camera.bitrateKbps` },
  ];
}

function cameraProblems({ camera }: Settings): Problem[] {
  const { source, username, passwordFile } = camera;
  const problems: Problem[] = [];
  if (source.startsWith("rtsp://")) {
    const text = "an address holds no user name or password: use camera.username and camera.passwordFile";
    if (/^rtsp:\/\/[^/?#]*@/.test(source)) problems.push({ path: "camera.source", text });
    else if (!URL.canParse(source) || new URL(source).hostname === "")
      problems.push({ path: "camera.source", text: "found an address that names no host" });
  }
  if (passwordFile !== "" && username === "")
    problems.push({
      path: "camera.username",
      text: "found nothing, allowed with camera.passwordFile: a user name",
    });
  return problems;
}

function homeAssistantProblems({ homeAssistant }: Settings): Problem[] {
  if (!homeAssistant.enabled || !homeAssistant.remove) return [];
  const text = "found true, allowed with homeAssistant.enabled: false";
  return [{ path: "homeAssistant.remove", text }];
}

function brokerProblems({ broker }: Settings): Problem[] {
  const problems = broker.urls.flatMap((url) => {
    const text = urlProblem(url, broker.allowPlaintext);
    return text === null ? [] : [{ path: "broker.urls", text }];
  });
  if (broker.protocol === "3.1.1" && broker.passwordFile !== "" && broker.username === "") {
    const text = "found nothing, allowed with broker.passwordFile on MQTT 3.1.1: a user name (MQTT-3.1.2-22)";
    problems.push({ path: "broker.username", text });
  }
  return [...problems, ...tlsProblems(broker)];
}

function tlsProblems(broker: Settings["broker"]): Problem[] {
  const problems: Problem[] = [];
  const missing = (path: string, other: string) =>
    problems.push({ path, text: `found nothing, allowed with ${other}: a file` });
  if (broker.certFile !== "" && broker.keyFile === "") missing("broker.keyFile", "broker.certFile");
  if (broker.keyFile !== "" && broker.certFile === "") missing("broker.certFile", "broker.keyFile");
  // Node 20 checks the lists against the authorities it brings along, but forgets those of NODE_EXTRA_CA_CERTS.
  if (broker.crlFile !== "" && broker.caFile === "") missing("broker.caFile", "broker.crlFile");
  if (broker.urls.some((url) => /^(mqtts|wss):/i.test(url))) return problems;
  for (const name of ["caFile", "certFile", "keyFile", "crlFile"] as const) {
    if (broker[name] === "") continue;
    const text = "found a file, allowed: nothing while no address in broker.urls is mqtts:// or wss://";
    problems.push({ path: `broker.${name}`, text });
  }
  return problems;
}

function urlProblem(address: string, allowPlaintext: boolean): string | null {
  if (address.includes("@")) {
    return "an address holds no user name or password: use broker.username and broker.passwordFile";
  }
  if (/[?#]/.test(address)) {
    return "an address ends with its path: what follows ? or # may be a secret, and addresses are logged";
  }
  if (!URL.canParse(address)) return `found ${inWords(address)}, which is not an address`;
  const { protocol, hostname } = new URL(address);
  if (hostname === "") return `found ${inWords(address)}, which names no host`;
  const plaintext = protocol === "mqtt:" || protocol === "ws:";
  if (!plaintext || allowPlaintext || isLoopback(hostname)) return null;
  const encrypted = protocol === "mqtt:" ? "mqtts://" : "wss://";
  return `found ${inWords(address)}, which is another machine and unencrypted: use ${encrypted}, or set broker.allowPlaintext: true`;
}

/** RFC 6761 §6.3 and RFC 1122 §3.2.1.3: `localhost`, and 127.0.0.0/8; of IPv6 `::1` alone. */
function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return host === "localhost" || host === "[::1]" || (isIPv4(host) && host.startsWith("127."));
}
