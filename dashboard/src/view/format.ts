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

/** What stands where there is no value. */
export const NONE = "–";

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

export const exact = (d: Decimal | "" | undefined): string => (d === "" || d === undefined ? NONE : join(halves(d)));

export const signed = (d: Decimal | undefined): string => (d === undefined ? NONE : join(signedHalves(d)));

const join = ({ whole, fraction }: Halves): string => whole + fraction;

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const hundredths = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n: number): string => integer.format(n);

/** Of a part from 0 to 1. */
export const percent = (part: number): string => hundredths.format(part);

/** Small numbers need the tenth. */
export const rate = (n: number): string => (n === 0 ? "0" : n < 9.95 ? tenths.format(n) : integer.format(n));

const unit = (of: string, digits = 0): ((n: number) => string) => {
  const format = new Intl.NumberFormat(locale, { style: "unit", unit: of, unitDisplay: "narrow", maximumFractionDigits: digits });
  return (n) => format.format(n);
};

const milliseconds = unit("millisecond");

/** A time that may be far below a millisecond. */
export const fine = unit("millisecond", 3);

export const megabytes = unit("megabyte", 1);

const seconds = unit("second");
const minutes = unit("minute");
const hours = unit("hour");
const days = unit("day");

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long ago, in the largest unit of which there is a whole one. */
export function age(ms: number): string {
  if (ms < SECOND_MS) return `< ${seconds(1)}`;
  if (ms < MINUTE_MS) return seconds(Math.floor(ms / SECOND_MS));
  if (ms < HOUR_MS) return minutes(Math.floor(ms / MINUTE_MS));
  return ms < DAY_MS ? hours(Math.floor(ms / HOUR_MS)) : days(Math.floor(ms / DAY_MS));
}

/** A short time by its milliseconds, a long one as an age. */
export const latency = (ms: number | undefined): string => (ms === undefined ? NONE : ms < 10 * SECOND_MS ? milliseconds(Math.round(ms)) : age(ms));

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minute = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

/** The time of day, in the reader's zone. */
export const timeOfDay = (t: Micros): string => clock.format(t / 1000);

export const minuteOfDay = (t: Micros): string => minute.format(t / 1000);

export const dayOfYear = (t: Micros): string => day.format(t / 1000);

export const dateAndTime = (t: Micros): string => moment.format(t / 1000);
