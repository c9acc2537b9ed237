/** Of a set of times in milliseconds, each rounded to a tenth. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** By the nearest rank (ISO 16269-4): the smallest sample that so many are not above. Null without samples. */
export function percentilesOf(samples: readonly number[]): Percentiles | null {
  if (samples.length === 0) return null;
  const sorted = Float64Array.from(samples).sort();
  const at = (permille: number) =>
    tenth(sorted[Math.max(0, Math.ceil((permille * sorted.length) / 1_000) - 1)] ?? 0);
  return { p50: at(500), p95: at(950), p99: at(990), max: at(1_000) };
}

/** How many of the samples lie within `windowMs` of each other at most, wherever that is. */
export function mostWithin(samples: readonly number[], windowMs: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, ms] of sorted.entries()) {
    while (ms - (sorted[first] ?? ms) >= windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** To one place after the point. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
