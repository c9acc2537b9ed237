import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { open } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";

/** The settings below `broker` that TLS is made of. An empty path is for none; an empty `caFile` for Node's own. */
export interface TlsSettings {
  caFile: string;
  certFile: string;
  keyFile: string;
  crlFile: string;
  tlsMinVersion: "1.2" | "1.3";
}

/** What one reading of the files gave. Their pieces are known to be PEM, and to belong together. */
export interface TlsFiles {
  context: SecureContext;
  /** Distinguished names of the authorities in `caFile`. */
  authorities: string[];
  /** This device's own certificate. */
  own: X509Certificate | null;
}

/**
 * Reads authorities, certificate, key and revocation lists.
 * @throws Error of one line that names the setting and the file, for the operator.
 */
export async function loadTlsFiles(settings: TlsSettings): Promise<TlsFiles> {
  const [ca, cert, crl, key] = await Promise.all([
    read("broker.caFile", settings.caFile),
    read("broker.certFile", settings.certFile),
    read("broker.crlFile", settings.crlFile),
    read("broker.keyFile", settings.keyFile, refuseOpenKey),
  ]);
  const authorities = ca === null ? [] : certificatesOf("broker.caFile", settings.caFile, ca);
  const own = cert === null ? [] : certificatesOf("broker.certFile", settings.certFile, cert);
  const privateKey = key === null ? null : privateKeyOf(settings.keyFile, key);
  const lists = crl === null ? null : listsOf(settings.crlFile, crl);
  if (privateKey) checkPair(settings, own, privateKey);
  return {
    context: contextOf(settings, { ca, cert, key, crl: lists }),
    authorities: authorities.map(({ subject }) => subject),
    own: own[0] ?? null,
  };
}

/** One line that names what is at fault, and never shows what the file holds. */
function fault(setting: string, path: string, words: string, cause?: unknown): Error {
  return new Error(`${setting}: ${path} ${words}`, { cause });
}

/** Null for an empty path. */
async function read(
  setting: string,
  path: string,
  check?: (path: string, mode: number, text: string) => void,
): Promise<string | null> {
  if (path === "") return null;
  try {
    const file = await open(path);
    try {
      const text = await file.readFile("latin1");
      // Of the open file: the one at the path may be another by now.
      check?.(path, (await file.stat()).mode, text);
      return text;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw fault(setting, path, `cannot be read (${error.code})`, error);
  }
}

/** A group may read it, so that a service that is not root can; nobody else may. */
function refuseOpenKey(path: string, mode: number, text: string): void {
  if ((mode & 0o007) === 0 || !text.includes("PRIVATE KEY")) return;
  const found = (mode & 0o777).toString(8).padStart(4, "0");
  throw fault(
    "broker.keyFile",
    path,
    `is open to every user of this device (mode ${found}): chmod 0640 or 0600`,
  );
}

function certificatesOf(setting: string, path: string, text: string): X509Certificate[] {
  const blocks = blocksOf(text, "(?:TRUSTED |X509 )?CERTIFICATE");
  if (blocks.length === 0) throw fault(setting, path, `holds no certificate in PEM${instead(text)}`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw fault(setting, path, `holds a certificate, number ${index + 1}, that cannot be read`, error);
    }
  });
}

function privateKeyOf(path: string, text: string): KeyObject {
  const [block] = blocksOf(text, "(?:[A-Z]+ )?PRIVATE KEY");
  if (block === undefined) throw fault("broker.keyFile", path, `holds no private key in PEM${instead(text)}`);
  if (block.includes("BEGIN ENCRYPTED") || block.includes("Proc-Type: 4,ENCRYPTED")) {
    const words =
      "is encrypted with a passphrase, which nobody can type here: keep it without one, mode 0600";
    throw fault("broker.keyFile", path, words);
  }
  try {
    return createPrivateKey(block);
  } catch (error) {
    throw fault("broker.keyFile", path, "holds a private key that cannot be read", error);
  }
}

/** One by one: Node takes in only the first list of a text. */
function listsOf(path: string, text: string): string[] {
  const blocks = blocksOf(text, "X509 CRL");
  if (blocks.length === 0)
    throw fault("broker.crlFile", path, `holds no revocation list in PEM${instead(text)}`);
  return blocks;
}

function checkPair({ certFile, keyFile }: TlsSettings, own: X509Certificate[], key: KeyObject): void {
  if (own[0]?.checkPrivateKey(key)) return;
  const words = own.some((certificate) => certificate.checkPrivateKey(key))
    ? "holds this device's certificate after others: it must be the first, its chain follows"
    : `does not belong to the key in broker.keyFile (${keyFile}): put both there anew, from one request`;
  throw fault("broker.certFile", certFile, words);
}

interface Texts {
  ca: string | null;
  cert: string | null;
  key: string | null;
  crl: string[] | null;
}

function contextOf(settings: TlsSettings, texts: Texts): SecureContext {
  const { ca, cert, key, crl } = texts;
  try {
    return createSecureContext({
      minVersion: settings.tlsMinVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
      ...(ca === null ? {} : { ca }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
      ...(crl === null ? {} : { crl }),
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (/KEY_TOO_SMALL|MD_TOO_WEAK/.test(code)) {
      const words = `has a key or a signature that is too weak (${code}): make a new one, such as EC P-256`;
      throw fault("broker.certFile", settings.certFile, words, error);
    }
    const files = (["caFile", "certFile", "keyFile", "crlFile"] as const).filter(
      (name) => settings[name] !== "",
    );
    const names = files.map((name) => `broker.${name} ${settings[name]}`).join(", ");
    throw new Error(`TLS cannot use ${names || "its settings"} (${code || "no reason given"})`, {
      cause: error,
    });
  }
}

/** RFC 7468 §2. */
function blocksOf(text: string, label: string): string[] {
  const block = new RegExp(`-----BEGIN (${label}|ENCRYPTED ${label})-----[\\s\\S]*?-----END \\1-----`, "g");
  return text.match(block) ?? [];
}

/** What the file holds in its place, by the names of its PEM blocks. */
function instead(text: string): string {
  if (text.trim() === "") return ": it is empty";
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map(([, label]) => label);
  return labels.length === 0 ? "" : `, but ${[...new Set(labels)].slice(0, 3).join(", ")}`;
}
