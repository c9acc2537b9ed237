/** Chance from outside the core: what makes an epoch unique and seeds its jitter. */
export interface Entropy {
  /** 16 lower-case hexadecimal digits that never repeat (64 bits). */
  epoch(): string;
  /** A signed 32-bit integer. */
  seed(): number;
}
