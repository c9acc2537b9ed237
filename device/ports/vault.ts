/** The signature is the owner's, and fresh from nobody's hands but theirs: this is what they signed. */
export interface VaultVerified {
  type: "vault.verified";
  occurredAt: number;
  request: number;
  /** UTF-8 text. */
  payload: string;
}
/** It is not the owner's word. */
export interface VaultRefused {
  type: "vault.refused";
  occurredAt: number;
  request: number;
  /** One line for a person, with nothing of what was refused. */
  reason: string;
}

export type VaultInput = VaultVerified | VaultRefused;

/** Keeps the owner's public key, so that no key is in the core. */
export interface Vault {
  start(post: (input: VaultInput) => void): void;
  /**
   * Whether this compact JWS (RFC 7515 §3.1) is of the owner and of this type (`typ`, §4.1.9). Answers `vault.verified`
   * or `vault.refused`, in the order of the calls.
   */
  verify(request: number, jws: string, type: string): void;
  /** Nothing is posted any more. */
  stop(): Promise<void>;
}
