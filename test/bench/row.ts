/** One row of the table: a figure of ours beside the same figure of the bare parts, from one run. */
export interface Row {
  what: string;
  reference: string;
  results: Result[];
}

export interface Result {
  /** Such as `p50`. */
  figure: string;
  unit: string;
  ours: number;
  /** Null where the reach is absolute. */
  bare: number | null;
  /** What is compared with the reach: a ratio, a difference, or the figure itself. */
  compared: {
    as: "ratio" | "difference" | "figure";
    value: number;
    reach: number;
  };
}

/** `ours / bare`, to be at most `reach`. */
export function ratio(figure: string, unit: string, ours: number, bare: number, reach: number): Result {
  return { figure, unit, ours, bare, compared: { as: "ratio", value: ours / bare, reach } };
}

/** `ours - bare`, to be at most `reach`. */
export function difference(figure: string, unit: string, ours: number, bare: number, reach: number): Result {
  return {
    figure,
    unit,
    ours,
    bare,
    compared: { as: "difference", value: ours - bare, reach },
  };
}

/** `ours`, to be at most `reach`. */
export function atMost(figure: string, unit: string, ours: number, reach: number): Result {
  return { figure, unit, ours, bare: null, compared: { as: "figure", value: ours, reach } };
}

export function reached({ compared }: Result): boolean {
  return compared.value <= compared.reach;
}

/** The value below which the share `q` of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  if (value === undefined) throw new RangeError("no samples");
  return value;
}

/** The rows as a table for a terminal. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["what", "figure", "ours", "bare", "compared", "reach", ""];
  const lines = rows.flatMap((row) =>
    row.results.map((result, i) => [
      i === 0 ? row.what : "",
      result.figure,
      `${round(result.ours)} ${result.unit}`,
      result.bare === null ? "-" : `${round(result.bare)} ${result.unit}`,
      inWords(result),
      `${round(result.compared.reach)}${result.compared.as === "ratio" ? "×" : ` ${result.unit}`}`,
      reached(result) ? "reached" : "SHORT",
    ]),
  );
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

function inWords({ compared, unit }: Result): string {
  if (compared.as === "ratio") return `${round(compared.value)}×`;
  return compared.as === "difference" ? `+${round(compared.value)} ${unit}` : "";
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
