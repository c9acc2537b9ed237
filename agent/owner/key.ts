import { open, readFile, stat } from "node:fs/promises";
import { CompactSign, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { OWNER_CONFIGURATION_TYPE, type OwnerConfiguration } from "../contract/configuration.ts";
import { UsageError } from "../contract/errors.ts";

const ALGORITHM = "EdDSA";

/** Makes an Ed25519 key (RFC 8037) in a new file that its owner alone can read. Answers the public half. */
export async function makeKey(file: string): Promise<string> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(privateKey);
  try {
    const written = await open(file, "wx", 0o600);
    try {
      await written.writeFile(`${JSON.stringify(jwk)}\n`);
      await written.sync();
    } finally {
      await written.close();
    }
  } catch (error) {
    throw refusal(file, "cannot be written", error);
  }
  return publicKeyOf(jwk, file);
}

/**
 * The owner's private key.
 * @throws UsageError when the file cannot be read, is open to others, or holds no such key.
 */
export async function readKey(file: string): Promise<JWK> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new UsageError(`${file}: others can read it: chmod 600 ${file}`);
    text = await readFile(file, "utf8");
  } catch (error) {
    throw refusal(file, "cannot be read", error);
  }
  const jwk = jwkIn(text);
  if (jwk?.kty !== "OKP" || jwk.crv !== "Ed25519" || !jwk.d || !jwk.x) {
    throw new UsageError(`${file}: holds no Ed25519 key as \`porchlight-owner keys init\` makes it`);
  }
  return jwk;
}

/** The compact JWS that a device of this owner takes. */
export async function signConfiguration(key: JWK, configuration: OwnerConfiguration): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(configuration)))
    .setProtectedHeader({ alg: ALGORITHM, typ: OWNER_CONFIGURATION_TYPE })
    .sign(await importJWK(key, ALGORITHM));
}

function publicKeyOf({ x }: JWK, file: string): string {
  if (!x) throw new UsageError(`${file}: holds no public key`);
  return x;
}

function jwkIn(text: string): JWK | null {
  try {
    const jwk: unknown = JSON.parse(text);
    return typeof jwk === "object" && jwk !== null ? jwk : null;
  } catch {
    // What is in the file may be a secret: nothing of it is said.
    return null;
  }
}

/** What the system says of a file is the caller's to put right; anything else is thrown on. */
function refusal(file: string, what: string, error: unknown): unknown {
  if (!(error instanceof Error && "code" in error)) return error;
  const why = error.code === "EEXIST" ? "it is there already, and a key is never overwritten" : error.code;
  return new UsageError(`${file}: ${what}: ${why}`);
}
