/** The scene without what moves in it follows the picture in about this time; under something that moves, more slowly. */
const FOLLOWS_MS = 5_000;
const FOLLOWS_COVERED_MS = 30_000;
const NOISE_FOLLOWS_MS = 10_000;
/** A pixel differs when it is off by so many times its own usual deviation. */
const NOISE_TIMES = 4;
/** Pictures that come rarely must not take the background over at once. */
const LARGEST_STEP = 0.5;
/** Where the scene has so little contrast (variance of gray levels), nothing can be said of its texture. */
const LEAST_TEXTURE = 20;
/** A place whose texture stays this much alike (correlation) has only been lit differently. */
const ALIKE = 0.85;

/**
 * What the camera sees when nothing moves: a running mean of every pixel with its usual deviation. The light of the
 * whole picture may change at once (a cloud, the camera's exposure): each picture is compared with the background as
 * that light would show it, by a linear fit. What is lit differently but keeps its texture (a shadow's edge, headlights)
 * is told from what stands before it by how alike the two look.
 */
export class MotionBackground {
  readonly #widthPx: number;
  readonly #heightPx: number;
  readonly #leastDifference: number;
  readonly #mean: Float64Array;
  readonly #deviation: Float64Array;
  readonly #smooth: Float64Array;
  readonly #mask: Uint8Array;

  constructor(options: { widthPx: number; heightPx: number; sensitivity: number }) {
    const pixels = options.widthPx * options.heightPx;
    this.#widthPx = options.widthPx;
    this.#heightPx = options.heightPx;
    this.#leastDifference = 28 - (18 * options.sensitivity) / 100;
    this.#mean = new Float64Array(pixels);
    this.#deviation = new Float64Array(pixels);
    this.#smooth = new Float64Array(pixels);
    this.#mask = new Uint8Array(pixels);
  }

  /** This picture is the scene from now on. */
  learnAnew(gray: Uint8Array): void {
    this.#blur(gray);
    this.#mean.set(this.#smooth);
    this.#deviation.fill(0);
    this.#mask.fill(0);
  }

  /** Which pixels of the picture differ from the background, and the share of all that do. */
  compare(gray: Uint8Array): { mask: Uint8Array; share: number } {
    this.#blur(gray);
    const { gain, offset } = this.#light();
    let different = 0;
    for (let i = 0; i < this.#mean.length; i++) {
      const expected = gain * (this.#mean[i] ?? 0) + offset;
      const off = Math.abs((this.#smooth[i] ?? 0) - expected);
      const differs = off > Math.max(this.#leastDifference, NOISE_TIMES * (this.#deviation[i] ?? 0));
      this.#mask[i] = differs ? 1 : 0;
      if (differs) different += 1;
    }
    return { mask: this.#mask, share: different / this.#mean.length };
  }

  /** Takes the picture that was compared last into the background. */
  adapt(sinceMs: number): void {
    const open = Math.min(LARGEST_STEP, sinceMs / FOLLOWS_MS);
    const covered = Math.min(LARGEST_STEP, sinceMs / FOLLOWS_COVERED_MS);
    const noise = Math.min(LARGEST_STEP, sinceMs / NOISE_FOLLOWS_MS);
    for (let i = 0; i < this.#mean.length; i++) {
      const difference = (this.#smooth[i] ?? 0) - (this.#mean[i] ?? 0);
      const isCovered = this.#mask[i] === 1;
      this.#mean[i] = (this.#mean[i] ?? 0) + (isCovered ? covered : open) * difference;
      if (isCovered) continue;
      const deviation = this.#deviation[i] ?? 0;
      this.#deviation[i] = deviation + noise * (Math.abs(difference) - deviation);
    }
  }

  /** Whether these pixels of the picture look like the background there, only lighter or darker. */
  isOnlyLight(blob: readonly number[]): boolean {
    const fit = fitOf(this.#mean, this.#smooth, blob);
    if (fit.varianceX < LEAST_TEXTURE || fit.varianceY < LEAST_TEXTURE / 4) return false;
    return fit.covariance > 0 && fit.covariance ** 2 > ALIKE ** 2 * fit.varianceX * fit.varianceY;
  }

  /** The linear change of light that best explains the picture, where nothing moved the last time. */
  #light(): { gain: number; offset: number } {
    const { meanX, meanY, varianceX, covariance } = fitOf(this.#mean, this.#smooth, null, this.#mask);
    const gain = varianceX < 1 ? 1 : Math.min(2, Math.max(0.5, covariance / varianceX));
    return { gain, offset: meanY - gain * meanX };
  }

  /** A mean over three by three pixels, edges repeated. */
  #blur(gray: Uint8Array): void {
    const [width, height] = [this.#widthPx, this.#heightPx];
    for (let y = 0; y < height; y++) {
      const above = Math.max(0, y - 1) * width;
      const here = y * width;
      const below = Math.min(height - 1, y + 1) * width;
      for (let x = 0; x < width; x++) {
        const left = Math.max(0, x - 1);
        const right = Math.min(width - 1, x + 1);
        let sum = 0;
        for (const row of [above, here, below])
          sum += (gray[row + left] ?? 0) + (gray[row + x] ?? 0) + (gray[row + right] ?? 0);
        this.#smooth[here + x] = sum / 9;
      }
    }
  }
}

/** Means, variances and covariance over the given pixels, or over all that are not in `except`. */
function fitOf(x: Float64Array, y: Float64Array, pixels: readonly number[] | null, except?: Uint8Array) {
  let [count, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0];
  const all = pixels?.length ?? x.length;
  for (let n = 0; n < all; n++) {
    const i = pixels ? (pixels[n] ?? 0) : n;
    if (except?.[i] === 1) continue;
    const [a, b] = [x[i] ?? 0, y[i] ?? 0];
    count += 1;
    sumX += a;
    sumY += b;
    sumXX += a * a;
    sumYY += b * b;
    sumXY += a * b;
  }
  const divisor = Math.max(1, count);
  const [meanX, meanY] = [sumX / divisor, sumY / divisor];
  return {
    meanX,
    meanY,
    varianceX: sumXX / divisor - meanX * meanX,
    varianceY: sumYY / divisor - meanY * meanY,
    covariance: sumXY / divisor - meanX * meanY,
  };
}
