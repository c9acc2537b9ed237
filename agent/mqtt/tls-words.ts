import type { X509Certificate } from "node:crypto";
import type { ClockReading } from "../../device/ports/clock.ts";
import type { Handshake } from "./handshake.ts";
import type { Ending } from "./reasons.ts";
import type { TlsFiles, TlsSettings } from "./tls-files.ts";

/** What is known when a handshake fails. */
export interface HandshakeScene {
  settings: TlsSettings;
  files: Pick<TlsFiles, "authorities" | "own">;
  seen: Pick<Handshake, "chain" | "keysAgreed">;
  clock: Pick<ClockReading, "utcMs" | "trust">;
  /** The name or address that was asked for. */
  host: string;
}

/**
 * The end of an attempt whose TLS handshake failed: what is wrong, where, and what would be right. `refused` when it
 * is for an operator to put right; `unreachable` when it may pass by itself. Null for an error that is none of TLS.
 */
export function endingOfHandshake(where: string, error: unknown, scene: HandshakeScene): Ending | null {
  const code = tlsCode(error);
  if (code === null) return null;
  const words =
    WORDS[code]?.(scene) ?? alertWords(code, scene) ?? `TLS failed: ${opensslWords(error)} (${code})`;
  const isPassing = PASSING.has(code) || (OF_TIME.has(code) && scene.clock.trust !== "synced");
  return { cause: isPassing ? "unreachable" : "refused", detail: `${where}: ${words}` };
}

/** Node's codes of a certificate that it does not trust (X509_V_ERR_…), and of OpenSSL's errors. */
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|ERROR_IN_|UNSPECIFIED)/;
/** They pass when a clock that is not set yet is set. */
const OF_TIME = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "CRL_HAS_EXPIRED", "CRL_NOT_YET_VALID"]);
const PASSING = new Set(["ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", "ERR_SSL_TLSV1_ALERT_USER_CANCELLED"]);

function tlsCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  if (TLS_CODE.test(error.code)) return error.code;
  if (error.code !== "EPROTO") return null;
  return `ERR_SSL_${opensslWords(error).toUpperCase().replaceAll(" ", "_")}`;
}

/** OpenSSL's own words: the fourth part of `error:0A00010B:SSL routines:place:words:file:line`. */
function opensslWords(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  return quoted(/error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message);
}

const WORDS: Record<string, (scene: HandshakeScene) => string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ({ seen, settings }) =>
    `its certificate ${nameOf(seen.chain[0])} is signed by itself alone, and is not in ${authoritiesOf(settings)}: ${trust("this", settings)} if it is the right one`,
  SELF_SIGNED_CERT_IN_CHAIN: (scene) => unknownAuthority(scene),
  UNABLE_TO_GET_ISSUER_CERT: (scene) => unknownAuthority(scene),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: (scene) => unknownAuthority(scene),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (scene) => unknownAuthority(scene),
  CERT_SIGNATURE_FAILURE: (scene) => unknownAuthority(scene),
  CERT_HAS_EXPIRED: (scene) => {
    const found = scene.seen.chain.find(({ validTo }) => Date.parse(validTo) <= scene.clock.utcMs);
    return found
      ? `its certificate ${nameOf(found)} ended at ${utc(Date.parse(found.validTo))}, ${clockSays(scene)}: renew it on the broker`
      : `an authority in ${authoritiesOf(scene.settings)} has expired, ${clockSays(scene)}: put the new one there`;
  },
  CERT_NOT_YET_VALID: (scene) => {
    const found = scene.seen.chain.find(({ validFrom }) => Date.parse(validFrom) > scene.clock.utcMs);
    return found
      ? `its certificate ${nameOf(found)} begins at ${utc(Date.parse(found.validFrom))}, ${clockSays(scene)}: set the clock that is wrong`
      : `an authority in ${authoritiesOf(scene.settings)} is not valid yet, ${clockSays(scene)}: set the clock that is wrong`;
  },
  ERR_TLS_CERT_ALTNAME_INVALID: ({ seen, host }) =>
    `its certificate is for ${namesIn(seen.chain[0])}, not for ${host}: use such a name in broker.urls, or give the broker a certificate for ${host}`,
  CERT_REVOKED: ({ seen, settings }) =>
    `its certificate ${nameOf(seen.chain[0])} or one above it is revoked by broker.crlFile (${settings.crlFile}): do not trust this broker until it has a new one`,
  UNABLE_TO_GET_CRL: ({ seen, settings }) =>
    `broker.crlFile (${settings.crlFile}) lacks a list of an authority of its certificate, which is signed by ${issuerOf(seen.chain[0])}: add the list of every authority up to the root`,
  CRL_HAS_EXPIRED: (scene) =>
    `a list in broker.crlFile (${scene.settings.crlFile}) is out of date, ${clockSays(scene)}: put the authority's newest there`,
  CRL_NOT_YET_VALID: (scene) =>
    `a list in broker.crlFile (${scene.settings.crlFile}) is not valid yet, ${clockSays(scene)}: set the clock that is wrong`,
  CRL_SIGNATURE_FAILURE: ({ settings }) =>
    `a list in broker.crlFile (${settings.crlFile}) is not signed by the authority that it names: fetch it anew`,
  INVALID_PURPOSE: ({ seen }) =>
    `its certificate ${nameOf(seen.chain[0])} is not for a server: give the broker one with the use serverAuth`,
  ERR_SSL_WRONG_VERSION_NUMBER: () => NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: () => NO_TLS,
  ERR_SSL_HTTP_REQUEST: () => NO_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: ({ settings }) =>
    `it speaks only versions of TLS older than broker.tlsMinVersion ${settings.tlsMinVersion}: let the broker offer that${oldest(settings)}`,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: ({ settings }) =>
    `it refuses TLS ${settings.tlsMinVersion}${settings.tlsMinVersion === "1.2" ? " and 1.3" : ""} (broker.tlsMinVersion): let the broker offer that${oldest(settings)}`,
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: ({ host }) =>
    `it serves nothing under the name ${host}: use its own name in broker.urls`,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: (scene) => certificateWanted(scene),
};
WORDS.UNSPECIFIED = ({ seen }) =>
  `its certificate ${nameOf(seen.chain[0])}, or one above it, cannot be used: too weak a key or signature is the common reason. Give the broker a new one, such as EC P-256`;
for (const what of ["EE_KEY", "CA_KEY", "DH_KEY"]) {
  WORDS[`ERR_SSL_${what}_TOO_SMALL`] = () =>
    `its key is too weak (${what}_TOO_SMALL): give the broker a new one, such as EC P-256`;
}

const NO_TLS =
  "what answers there is not TLS: use the broker's port for TLS (8883 as a rule) in broker.urls, or switch TLS on there";

/** What the broker says of this device's certificate by an alert (RFC 8446 §6.2). */
function alertWords(code: string, scene: HandshakeScene): string | null {
  const alert = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(.+)$/.exec(code)?.[1];
  if (alert === undefined) return null;
  const { own } = scene.files;
  if (alert === "HANDSHAKE_FAILURE" && !scene.seen.keysAgreed)
    return `it shares no cipher with this device, which offers those of TLS ${scene.settings.tlsMinVersion} and newer that are safe: put the broker's list of ciphers right`;
  const mine = `this device's certificate in broker.certFile (${scene.settings.certFile})`;
  const words: Record<string, () => string> = {
    HANDSHAKE_FAILURE: () => `it does not accept ${mine}: its log says why`,
    UNKNOWN_CA: () =>
      `it does not know the authority ${issuerOf(own ?? undefined)} of ${mine}: get one from an authority that the broker trusts`,
    CERTIFICATE_EXPIRED: () =>
      `it says that ${mine}, which ends at ${own ? utc(Date.parse(own.validTo)) : "?"}, has expired: renew it`,
    CERTIFICATE_REVOKED: () =>
      `it has revoked ${mine}, serial number ${own?.serialNumber ?? "?"}: make a new key and get a new certificate`,
  };
  for (const refusal of [
    "BAD_CERTIFICATE",
    "CERTIFICATE_UNKNOWN",
    "UNSUPPORTED_CERTIFICATE",
    "ACCESS_DENIED",
  ])
    words[refusal] = () => `it does not accept ${mine} (${refusal.toLowerCase()}): its log says why`;
  const say = words[alert];
  if (!say) return `it ended the handshake with the alert ${alert.toLowerCase()}: its log says why`;
  return own === null ? certificateWanted(scene) : say();
}

function certificateWanted({ settings }: HandshakeScene): string {
  return settings.certFile === ""
    ? "it asks for a client certificate: set broker.certFile and broker.keyFile"
    : `it asks for a client certificate, and no authority that it names has signed the one in broker.certFile (${settings.certFile})`;
}

function unknownAuthority({ seen, settings, files }: HandshakeScene): string {
  const top = seen.chain.at(-1);
  const place = authoritiesOf(settings);
  if (top && files.authorities.includes(top.issuer))
    return `its certificate is signed by another key of ${issuerOf(top)} than the one in ${place}: put the authority's present certificate there`;
  const more =
    top && top.subject !== top.issuer ? ", or let the broker send the certificates in between" : "";
  return `its certificate is signed by ${issuerOf(top)}, which is not in ${place}: ${trust("that authority's", settings)} if it is the right one${more}`;
}

function authoritiesOf({ caFile }: TlsSettings): string {
  return caFile === ""
    ? "the list that Node.js brings along (broker.caFile is empty)"
    : `broker.caFile (${caFile})`;
}

function trust(what: string, { caFile }: TlsSettings): string {
  return caFile === ""
    ? `set broker.caFile to a file with ${what} certificate`
    : `put ${what} certificate there`;
}

function oldest({ tlsMinVersion }: TlsSettings): string {
  return tlsMinVersion === "1.3" ? ", or set broker.tlsMinVersion: 1.2" : "";
}

function clockSays({ clock }: HandshakeScene): string {
  const trust = clock.trust === "synced" ? "" : ", which no time server has set yet";
  return `and this device's clock says ${utc(clock.utcMs)}${trust}`;
}

function utc(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}

function nameOf(certificate: X509Certificate | undefined): string {
  return quotedName(certificate?.subject);
}

function issuerOf(certificate: X509Certificate | undefined): string {
  return quotedName(certificate?.issuer);
}

function quotedName(name: string | undefined): string {
  if (!name) return "without a name";
  const common = /^CN=(.*)$/m.exec(name)?.[1];
  return `"${quoted(common ?? name)}"`;
}

/** RFC 6125 §6.4.4: the common name counts only where there are no others. */
function namesIn(certificate: X509Certificate | undefined): string {
  const names = certificate?.subjectAltName
    ?.split(", ")
    .map((name) => name.replace(/^(DNS|IP Address):/, ""));
  if (!names) return nameOf(certificate);
  return quoted(`${names.slice(0, 4).join(", ")}${names.length > 4 ? ` and ${names.length - 4} more` : ""}`);
}

/** The other side wrote it: short, and nothing that a terminal would obey. */
function quoted(text: string): string {
  const printable = [...text].map((character) =>
    /[^\p{L}\p{N}\p{P}\p{S} ]/u.test(character) ? " " : character,
  );
  return printable.join("").trim().slice(0, 120);
}
