/** One row of the table: a figure of ours beside the same figure of the bare parts, from one run. */
export interface Row {
  what: string;
  reference: string;
  results: Result[];
  /** Why there is no result. */
  note?: string;
}

export interface Result {
  /** Such as `p50`. */
  figure: string;
  unit: string;
  ours: number;
  /** Null where there is nothing to compare with. */
  bare: number | null;
  /** What is compared with the reach: a ratio, a difference, or the figure itself. Null: for information only. */
  compared: {
    as: "ratio" | "difference" | "figure";
    value: number;
    reach: number;
    sense: "at most" | "at least";
  } | null;
}

/** `ours / bare`, to be at most `reach`. */
export function ratio(figure: string, unit: string, ours: number, bare: number, reach: number): Result {
  const compared = { as: "ratio", value: ours / bare, reach, sense: "at most" } as const;
  return { figure, unit, ours, bare, compared };
}

/** `ours / bare`, to be at least `reach`. */
export function ratioAtLeast(
  figure: string,
  unit: string,
  ours: number,
  bare: number,
  reach: number,
): Result {
  const compared = { as: "ratio", value: ours / bare, reach, sense: "at least" } as const;
  return { figure, unit, ours, bare, compared };
}

/** `ours - bare`, to be at most `reach`. */
export function difference(figure: string, unit: string, ours: number, bare: number, reach: number): Result {
  const compared = { as: "difference", value: ours - bare, reach, sense: "at most" } as const;
  return { figure, unit, ours, bare, compared };
}

/** `ours`, to be at most `reach`. */
export function atMost(figure: string, unit: string, ours: number, reach: number): Result {
  const compared = { as: "figure", value: ours, reach, sense: "at most" } as const;
  return { figure, unit, ours, bare: null, compared };
}

/** A figure that is not judged. */
export function information(figure: string, unit: string, ours: number, bare: number | null = null): Result {
  return { figure, unit, ours, bare, compared: null };
}

/** Whether the figure reaches what it should; null when nothing is asked of it. */
export function reached({ compared }: Result): boolean | null {
  if (!compared) return null;
  return compared.sense === "at most" ? compared.value <= compared.reach : compared.value >= compared.reach;
}

/** The value below which the share `q` of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  if (value === undefined) throw new RangeError("no samples");
  return value;
}

/** The middle one. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** The rows as a table for a terminal. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["what", "figure", "ours", "bare", "compared", "reach", ""];
  const lines = rows.flatMap((row) => [
    ...(row.note === undefined ? [] : [[row.what, row.note]]),
    ...row.results.map((result, i) => [
      i === 0 ? row.what : "",
      result.figure,
      `${round(result.ours)} ${result.unit}`,
      result.bare === null ? "-" : `${round(result.bare)} ${result.unit}`,
      ...judgement(result),
    ]),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  return [head, widths.map((width) => "-".repeat(width)), ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What was compared, with what, and how it came out. */
function judgement(result: Result): [string, string, string] {
  const { compared, unit } = result;
  if (!compared) return ["", "", ""];
  const isRatio = compared.as === "ratio";
  const reach = `${compared.sense === "at least" ? "≥ " : ""}${round(compared.reach)}${isRatio ? "×" : ` ${unit}`}`;
  const value = isRatio
    ? `${round(compared.value)}×`
    : compared.as === "difference"
      ? `${compared.value < 0 ? "" : "+"}${round(compared.value)} ${unit}`
      : "";
  return [value, reach, reached(result) ? "reached" : "SHORT"];
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
