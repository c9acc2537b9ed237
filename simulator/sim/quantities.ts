/** A kind of quantity as people write it: a number with its unit, and a whole number of the smallest unit in memory. */
export interface Quantity {
  /** Of the text, for editors. */
  pattern: string;
  /** What is right, in words. */
  words: string;
  /** In memory. */
  unit: string;
  /** A whole number of `unit`; a string says why it is none, and what was perhaps meant. */
  parse(text: string): number | string;
  /** The text that `parse` reads as this number. */
  format(value: number): string;
}

const NUMBER = "[0-9]{1,12}(?:\\.[0-9]{1,9})?";
const MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const DURATION = `^-?(?=[0-9])(?:${NUMBER}d)?(?:${NUMBER}h)?(?:${NUMBER}m(?!s))?(?:${NUMBER}s)?(?:${NUMBER}ms)?$`;
/** What people write for a unit, and the unit. */
const MEANT: Record<string, keyof typeof MS> = {
  ...{ msec: "ms", msecs: "ms", millis: "ms", millisecond: "ms", milliseconds: "ms" },
  ...{ sec: "s", secs: "s", second: "s", seconds: "s", S: "s" },
  ...{ min: "m", mins: "m", minute: "m", minutes: "m", M: "m" },
  ...{ hr: "h", hrs: "h", hour: "h", hours: "h", H: "h" },
  ...{ day: "d", days: "d", D: "d" },
};

const BYTES = {
  ...{ B: 1, kB: 1_000, MB: 1_000_000, GB: 1_000_000_000 },
  ...{ KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 },
} as const;
/** Bytes a second. */
const RATES = {
  ...{
    "B/s": 1,
    "kB/s": 1_000,
    "MB/s": 1_000_000,
    "GB/s": 1_000_000_000,
    "KiB/s": 1_024,
    "MiB/s": 1_048_576,
  },
  ...{ "bit/s": 0.125, "kbit/s": 125, "Mbit/s": 125_000 },
} as const;

const duration: Quantity = {
  pattern: DURATION,
  words: "a duration such as 200ms, 2.5s, 90m or 1h2m3.5s",
  unit: "ms",
  parse(text) {
    if (!new RegExp(DURATION).test(text)) return notADuration(text);
    const parts = text.matchAll(new RegExp(`(${NUMBER})(ms|[dhms])`, "g"));
    const sum = [...parts].reduce(
      (ms, [, number, unit]) => ms + Number(number) * MS[unit as keyof typeof MS],
      0,
    );
    return whole(text.startsWith("-") ? -sum : sum, "milliseconds");
  },
  format(value) {
    if (value < 0) return `-${duration.format(-value)}`;
    if (value < MS.s) return `${value}ms`;
    if (value % MS.d === 0) return `${value / MS.d}d`;
    const [h, m, s] = [Math.floor(value / MS.h), Math.floor((value % MS.h) / MS.m), (value % MS.m) / MS.s];
    return [h > 0 ? `${h}h` : "", m > 0 ? `${m}m` : "", s > 0 ? `${s}s` : ""].join("");
  },
};

const share: Quantity = {
  pattern: "^[0-9]{1,3}(?:\\.[0-9])?%$",
  words: "a share such as 12% or 0.5%",
  unit: "‰",
  parse(text) {
    const [, number] = /^([0-9]{1,3}(?:\.[0-9]+)?)%$/.exec(text) ?? [];
    if (number === undefined) return `${/^[0-9.]+$/.test(text) ? `did you mean ${text}%? ` : ""}`.trim();
    return whole(Number(number) * 10, "thousandths");
  },
  format: (value) => `${value / 10}%`,
};

export const QUANTITIES = {
  duration,
  share,
  size: withUnits(BYTES, "a size such as 800B, 64KiB or 2MB", "bytes"),
  rate: withUnits(RATES, "a rate such as 20kB/s, 2MB/s or 256kbit/s", "bytes/s"),
} as const;

export type QuantityKind = keyof typeof QUANTITIES;

function withUnits(units: Readonly<Record<string, number>>, words: string, unit: string): Quantity {
  const pattern = `^(${NUMBER})(${Object.keys(units).join("|")})$`;
  const [smallest = ""] = Object.keys(units);
  return {
    pattern: pattern.replace(`(${NUMBER})`, NUMBER),
    words,
    unit,
    parse(text) {
      const [, number, found = ""] = new RegExp(pattern).exec(text) ?? [];
      if (number !== undefined) return whole(Number(number) * (units[found] ?? 0), "bytes");
      const [, amount, wrong = ""] = new RegExp(`^(${NUMBER}) *([A-Za-z/]*)$`).exec(text) ?? [];
      if (amount === undefined) return "";
      const near = Object.keys(units).filter((one) => one.toLowerCase() === wrong.toLowerCase());
      // `kb` is read as bytes by some and as bits by others.
      const bits = /^[km]b(ps|\/s)$/i.test(wrong) ? [/^k/i.test(wrong) ? "kbit/s" : "Mbit/s"] : [];
      const meant = [...near, ...bits.filter((one) => one in units)];
      if (meant.length > 0) return `did you mean ${meant.map((one) => `${amount}${one}`).join(" or ")}?`;
      return wrong === ""
        ? `a number without its unit: did you mean ${amount}${smallest}?`
        : `there is no unit ${wrong}`;
    },
    format(value) {
      const exact = Object.entries(units).filter(([, of]) => value > 0 && value % of === 0 && of >= 1);
      const [name, of] = exact.reduce((best, one) => (one[1] > best[1] ? one : best), [smallest, 1]);
      return `${value / of}${name}`;
    },
  };
}

function notADuration(text: string): string {
  const [, amount, unit = ""] = new RegExp(`^(-?${NUMBER}) *([A-Za-z]*)$`).exec(text) ?? [];
  if (amount === undefined) return "";
  if (unit === "") return `a number without its unit: did you mean ${amount}s?`;
  const meant = unit in MS ? unit : MEANT[unit];
  return meant === undefined ? `there is no unit ${unit}` : `did you mean ${amount}${meant}?`;
}

/** Decimal fractions are not exact in binary: what is within a millionth of a whole number is that number. */
function whole(value: number, of: string): number | string {
  const nearest = Math.round(value);
  if (Math.abs(value - nearest) > 1e-6) return `not a whole number of ${of}`;
  return nearest;
}
