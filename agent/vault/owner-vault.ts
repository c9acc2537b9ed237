import { type CompactJWSHeaderParameters, compactVerify, errors, importJWK } from "jose";
import type { Clock } from "../../device/ports/clock.ts";
import type { Vault, VaultInput } from "../../device/ports/vault.ts";

type Key = Awaited<ReturnType<typeof importJWK>>;

/**
 * The owner's Ed25519 public key (RFC 8037): their words are compact JWS with exactly the header `alg: EdDSA` and the
 * `typ` that was asked for. No other algorithm, no key or extension that the message brings along itself.
 */
export class OwnerVault implements Vault {
  readonly #publicKey: string;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #key: Promise<Key> | null = null;
  #post: ((input: VaultInput) => void) | null = null;
  /** Answers keep the order of the questions. */
  #answered: Promise<void> = Promise.resolve();

  /** @param publicKey `x` of its JWK (base64url), or empty: then nothing is the owner's word. */
  constructor(publicKey: string, clock: Pick<Clock, "monotonicMs">) {
    this.#publicKey = publicKey;
    this.#clock = clock;
  }

  start(post: (input: VaultInput) => void): void {
    this.#post = post;
  }

  verify(request: number, jws: string, type: string): void {
    this.#answered = this.#answered.then(async () => {
      const answer = await this.#outcome(jws, type);
      const occurredAt = this.#clock.monotonicMs();
      if ("payload" in answer) this.#post?.({ type: "vault.verified", occurredAt, request, ...answer });
      else this.#post?.({ type: "vault.refused", occurredAt, request, ...answer });
    });
  }

  async stop(): Promise<void> {
    this.#post = null;
    await this.#answered;
  }

  async #outcome(jws: string, type: string): Promise<{ payload: string } | { reason: string }> {
    if (this.#publicKey === "") return { reason: "this device knows no owner (owner.publicKey)" };
    if (!isCanonical(jws)) return { reason: "it is no compact JWS" };
    this.#key ??= importJWK({ kty: "OKP", crv: "Ed25519", x: this.#publicKey }, ALGORITHM);
    const key = await this.#key;
    try {
      const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: [ALGORITHM] });
      if (!isOurs(protectedHeader, type)) return { reason: `its header is not that of ${type}` };
      // What is no UTF-8 gets replacement characters: whoever reads it as JSON says what is wrong.
      return { payload: new TextDecoder().decode(payload) };
    } catch (error) {
      return { reason: reasonOf(error) };
    }
  }
}

const ALGORITHM = "EdDSA";

function isOurs(header: CompactJWSHeaderParameters, type: string): boolean {
  return Object.keys(header).sort().join() === "alg,typ" && header.typ === type;
}

/**
 * RFC 4648 §3.5 leaves it to the decoder whether unused bits must be zero, and the library takes any: each word of the
 * owner would have sixteen spellings.
 */
function isCanonical(jws: string): boolean {
  const parts = jws.split(".");
  return (
    parts.length === 3 &&
    parts.every((part) => part !== "" && Buffer.from(part, "base64url").toString("base64url") === part)
  );
}

/** @throws what is no fault of the message. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the signature is not the owner's";
  if (error instanceof errors.JOSEAlgNotAllowed) return `only ${ALGORITHM} is taken`;
  if (error instanceof errors.JOSEError) return "it is no compact JWS that is understood here";
  throw error;
}
