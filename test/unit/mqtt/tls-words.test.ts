import type { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { endingOfHandshake, type HandshakeScene } from "../../../agent/mqtt/tls-words.ts";

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0, 500);
const certificate = (of: Partial<X509Certificate>) => of as X509Certificate;

function endingOf(code: string, scene: Partial<HandshakeScene> = {}, message = "") {
  return endingOfHandshake("host:1", Object.assign(new Error(message), { code }), {
    settings: { caFile: "ca.pem", certFile: "", keyFile: "", crlFile: "lists.pem", tlsMinVersion: "1.2" },
    files: { authorities: [], own: null },
    seen: { chain: [], keysAgreed: true },
    clock: { utcMs: NOW, trust: "synced" },
    host: "host",
    ...scene,
  });
}

test("what is no fault of TLS has no such ending", () => {
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "HPE_INVALID_CONSTANT"]) expect(endingOf(code)).toBeNull();
  expect(
    endingOfHandshake("host:1", new Error("odd"), {
      ...({} as HandshakeScene),
    }),
  ).toBeNull();
});

test("of a chain, the certificate that has ended is named, with both times", () => {
  const chain = [
    certificate({
      subject: "CN=leaf",
      validFrom: "Jan 1 00:00:00 2026 GMT",
      validTo: "Jan 1 00:00:00 2030 GMT",
    }),
    certificate({ subject: "O=X\nCN=above", validTo: "Nov 24 11:59:59 2026 GMT" }),
  ];
  expect(endingOf("CERT_HAS_EXPIRED", { seen: { chain, keysAgreed: true } })).toEqual({
    cause: "refused",
    detail:
      'host:1: its certificate "above" ended at 2026-11-24T11:59:59Z, and this device\'s clock says 2026-11-24T12:00:00Z: renew it on the broker',
  });
});

test("an authority here that has ended, or is not valid yet", () => {
  expect(endingOf("CERT_HAS_EXPIRED")?.detail).toContain(
    "an authority in broker.caFile (ca.pem) has expired",
  );
  expect(endingOf("CERT_NOT_YET_VALID")?.detail).toContain(
    "an authority in broker.caFile (ca.pem) is not valid yet",
  );
});

test.each(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "CRL_HAS_EXPIRED", "CRL_NOT_YET_VALID"])(
  "%s by a clock that is not set yet passes by itself",
  (code) => {
    const ending = endingOf(code, { clock: { utcMs: 0, trust: "estimated" } });
    expect(ending?.cause).toBe("unreachable");
    expect(ending?.detail).toContain("1970-01-01T00:00:00Z, which no time server has set yet");
  },
);

test("a broker that is in trouble itself passes too", () => {
  expect(endingOf("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR")).toMatchObject({
    cause: "unreachable",
    detail: "host:1: it ended the handshake with the alert internal_error: its log says why",
  });
});

test("OpenSSL's words in an EPROTO count as a code", () => {
  const message =
    "write EPROTO 80AB:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:354:\n";
  expect(endingOf("EPROTO", {}, message)?.detail).toContain("what answers there is not TLS");
});

test("a fault that is not foreseen keeps OpenSSL's words", () => {
  const message = "80AB:error:0A0000B1:SSL routines:place:no certificate assigned:../x.c:1";
  expect(endingOf("ERR_SSL_NO_CERTIFICATE_ASSIGNED", {}, message)).toEqual({
    cause: "refused",
    detail: "host:1: TLS failed: no certificate assigned (ERR_SSL_NO_CERTIFICATE_ASSIGNED)",
  });
});

test.each([
  [
    "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
    "it does not accept this device's certificate in broker.certFile (own.pem) (bad_certificate)",
  ],
  [
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    "it does not accept this device's certificate in broker.certFile (own.pem)",
  ],
  [
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "no authority that it names has signed the one in broker.certFile (own.pem)",
  ],
])("%s with a certificate", (code, words) => {
  const own = certificate({ issuer: "CN=authority" });
  const settings = {
    caFile: "",
    certFile: "own.pem",
    keyFile: "own.key",
    crlFile: "",
    tlsMinVersion: "1.2" as const,
  };
  expect(endingOf(code, { settings, files: { authorities: [], own } })?.detail).toContain(words);
});

test("what the other side wrote is short, and nothing that a terminal obeys", () => {
  const chain = [certificate({ subject: `CN=\u001b[2Jevil\u202e${"x".repeat(500)}`, issuer: "CN=other" })];
  const line = endingOf("DEPTH_ZERO_SELF_SIGNED_CERT", { seen: { chain, keysAgreed: true } })?.detail ?? "";
  expect(line).toContain("evil");
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(line.length).toBeLessThan(300);
});

test("of many names some are told", () => {
  const subjectAltName = [1, 2, 3, 4, 5, 6].map((n) => `DNS:b${n}.example`).join(", ");
  const chain = [certificate({ subject: "CN=b", subjectAltName })];
  expect(endingOf("ERR_TLS_CERT_ALTNAME_INVALID", { seen: { chain, keysAgreed: true } })?.detail).toContain(
    "for b1.example, b2.example, b3.example, b4.example and 2 more, not for host",
  );
});
