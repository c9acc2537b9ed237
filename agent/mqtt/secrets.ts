import { readFile } from "node:fs/promises";
import { loadTlsFiles, type TlsFiles, type TlsSettings } from "./tls-files.ts";

export interface Secrets {
  password: string | null;
  /** Null where there is no TLS. */
  tls: TlsFiles | null;
}

/**
 * Reads the password, and for `mqtts://` and `wss://` the files of TLS, that a connection needs.
 * @throws Error whose message names the setting and the file, for the operator.
 */
export async function loadSecrets(
  settings: TlsSettings & { passwordFile: string },
  url: string,
): Promise<Secrets> {
  const { passwordFile } = settings;
  if (passwordFile === "" && !usesTls(url)) return NO_SECRETS;
  const [password, tls] = await Promise.all([
    passwordFile === "" ? null : readPassword(passwordFile),
    usesTls(url) ? loadTlsFiles(settings) : null,
  ]);
  return { password, tls };
}

const NO_SECRETS: Secrets = { password: null, tls: null };

export function usesTls(url: string): boolean {
  return /^(mqtts|wss):/i.test(url);
}

async function readPassword(path: string): Promise<string> {
  try {
    return firstLine(await readFile(path));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new Error(`broker.passwordFile: ${path} cannot be read (${code})`, { cause: error });
  }
}

function firstLine(bytes: Buffer): string {
  return bytes.toString("utf8").split(/\r?\n/, 1)[0] ?? "";
}
