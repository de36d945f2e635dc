import type { Decimal } from "../feed/index.ts";

// units / 10^scale, so that arithmetic is exact. The scale of the text is
// kept: trailing zeros tell the venue's price increment.
interface Scaled {
  readonly units: bigint;
  readonly scale: number;
}

function scaled(d: Decimal): Scaled {
  const point = d.indexOf(".");
  if (point < 0) return { units: BigInt(d), scale: 0 };
  return { units: BigInt(d.slice(0, point) + d.slice(point + 1)), scale: d.length - point - 1 };
}

function text({ units, scale }: Scaled): Decimal {
  if (scale === 0) return units.toString() as Decimal;
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}` as Decimal;
}

/** x and y in the units of the finer of the two. */
function aligned(x: Decimal, y: Decimal): { readonly x: bigint; readonly y: bigint; readonly scale: number } {
  const a = scaled(x);
  const b = scaled(y);
  const scale = Math.max(a.scale, b.scale);
  return {
    x: a.units * 10n ** BigInt(scale - a.scale),
    y: b.units * 10n ** BigInt(scale - b.scale),
    scale,
  };
}

/** x - y, exactly, with as many places as the finer of the two. */
export function difference(x: Decimal, y: Decimal): Decimal {
  const { x: a, y: b, scale } = aligned(x, y);
  return text({ units: a - b, scale });
}

/** -1 if x is less than y, 1 if it is more, 0 if they are the same value (1.0 and 1.00 are). */
export function compare(x: Decimal, y: Decimal): Sign {
  if (x === y) return 0;
  const quick = compareQuickly(x, y);
  if (quick !== undefined) return quick;
  const { x: a, y: b } = aligned(x, y);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By signs and digits; undefined: they may be the same but for zeros. An order of thousands is made of these. */
function compareQuickly(x: Decimal, y: Decimal): Sign | undefined {
  const [minusX, minusY] = [x.startsWith("-"), y.startsWith("-")];
  if (!minusX && !minusY) return compareTexts(x, y);
  if (minusX && minusY) return compareTexts(y.slice(1), x.slice(1));
  const [a, b] = [sign(x), sign(y)];
  return a === b ? undefined : a < b ? -1 : 1;
}

/** Of two that are not negative, by their digits; undefined: they may be the same but for zeros. */
function compareTexts(x: string, y: string): Sign | undefined {
  const wholes = wholeDigits(x) - wholeDigits(y);
  if (wholes !== 0) return x.startsWith("0") || y.startsWith("0") ? undefined : wholes < 0 ? -1 : 1;
  if (x.startsWith(y) || y.startsWith(x)) return undefined;
  return x < y ? -1 : 1;
}

function wholeDigits(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? text.length : point;
}

export type Sign = -1 | 0 | 1;

export function sign(d: Decimal): Sign {
  if (!/[1-9]/.test(d)) return 0;
  return d.startsWith("-") ? -1 : 1;
}

/** part as a percentage of whole, rounded half away from zero; undefined of nothing. */
export function percent(part: Decimal, whole: Decimal, places: number): Decimal | undefined {
  const { x, y } = aligned(part, whole);
  if (y === 0n) return undefined;
  const wanted = x * 100n * 10n ** BigInt(places) * 2n;
  const base = y < 0n ? -y : y;
  const half = wanted < 0n ? -base : base;
  return text({ units: (wanted + half) / (base * 2n), scale: places });
}
