import type { Vault, VaultInput } from "../../device/ports/vault.ts";
import type { DeviceTime } from "../world/device-time.ts";
import { tagOf } from "./tags.ts";

/** How long a look at a signature takes. */
const VERIFY_MS = 1;

/**
 * The word of a simulated owner: three parts as a compact JWS has, with a tag in place of a signature. Only who has
 * `secret` can make one that a `SimulatedVault` of that secret takes.
 */
export function sealedBy(secret: string, payload: string, type: string): string {
  const parts = [JSON.stringify({ alg: "simulated", typ: type }), payload].map((text) =>
    Buffer.from(text).toString("base64url"),
  );
  return [...parts, tagOf(secret, ...parts)].join(".");
}

/** What was sealed so; null when it was not, or when there is no owner. */
export function payloadSealedBy(secret: string, jws: string, type: string): string | null {
  const payload = Buffer.from(jws.split(".")[1] ?? "", "base64url").toString();
  return secret !== "" && jws === sealedBy(secret, payload, type) ? payload : null;
}

/** A vault whose owner is a secret word of the tester's; empty: it knows no owner. */
export class SimulatedVault implements Vault {
  readonly #time: DeviceTime;
  readonly #secret: string;
  #post: ((input: VaultInput) => void) | null = null;

  constructor(time: DeviceTime, secret: string) {
    this.#time = time;
    this.#secret = secret;
  }

  start(post: (input: VaultInput) => void): void {
    this.#post = post;
  }

  verify(request: number, jws: string, type: string): void {
    const payload = payloadSealedBy(this.#secret, jws, type);
    this.#time.after(VERIFY_MS, () => {
      const occurredAt = this.#time.monotonicMs();
      if (payload !== null) this.#post?.({ type: "vault.verified", occurredAt, request, payload });
      else this.#post?.({ type: "vault.refused", occurredAt, request, reason: "simulated: not the owner's" });
    });
  }

  async stop(): Promise<void> {
    this.#post = null;
  }
}
