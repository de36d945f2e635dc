import type { Decimal, Micros } from "../model/index.ts";
import { sign } from "../model/index.ts";

const locale = navigator.language;
const parts = new Intl.NumberFormat(locale).formatToParts(-1234567.8);
const separator = (type: "group" | "decimal"): string => parts.find((p) => p.type === type)?.value ?? "";
const group = separator("group");
const point = separator("decimal") || ".";

/** A decimal in two halves, so that a column can be aligned at the point. */
export interface Halves {
  readonly whole: string;
  /** With the point; empty if there are no places. */
  readonly fraction: string;
}

const MINUS = "\u2212";

/** The digits as they came, with the separators of the reader's locale. */
export function halves(d: Decimal): Halves {
  const [whole = "", fraction] = d.split(".");
  return {
    whole: whole.replace("-", MINUS).replace(/\B(?=(?:\d{3})+$)/g, group),
    fraction: fraction === undefined ? "" : point + fraction,
  };
}

/** As halves, with a plus if it is one. */
export function signedHalves(d: Decimal): Halves {
  const { whole, fraction } = halves(d);
  return { whole: sign(d) > 0 ? `+${whole}` : whole, fraction };
}

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n: number): string => integer.format(n);

/** A rate of one symbol: small ones need the tenth. */
export const rate = (n: number): string => (n === 0 ? "0" : n < 9.95 ? tenths.format(n) : integer.format(n));

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric" });

const DAY_MS = 86_400_000;

/** The time of day, or the date of what is a day away or more: a replay is of another day. */
export function moment(t: Micros, now: number): string {
  const ms = t / 1000;
  return Math.abs(now - ms) < DAY_MS ? clock.format(ms) : day.format(ms);
}

export const timeOfDay = (ms: number): string => clock.format(ms);
