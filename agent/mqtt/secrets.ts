import { readFile } from "node:fs/promises";

export interface Secrets {
  password: string | null;
  /** PEM. */
  authorities: Buffer | null;
}

/**
 * Reads the password and the certificate authorities that a connection needs.
 * @throws Error whose message names the setting and the file, for the operator.
 */
export async function loadSecrets(files: { passwordFile: string; caFile: string }): Promise<Secrets> {
  const [password, authorities] = await Promise.all([
    files.passwordFile === "" ? null : readSetting("broker.passwordFile", files.passwordFile),
    files.caFile === "" ? null : readSetting("broker.caFile", files.caFile),
  ]);
  return { password: password === null ? null : firstLine(password), authorities };
}

async function readSetting(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new Error(`${setting}: ${path} cannot be read (${code})`, { cause: error });
  }
}

function firstLine(bytes: Buffer): string {
  return bytes.toString("utf8").split(/\r?\n/, 1)[0] ?? "";
}
