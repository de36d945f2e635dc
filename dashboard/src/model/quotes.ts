import type { Decimal, MaybeDecimal, Micros, Nominal, SymbolName, Ticker, TickerSnapshot, Update } from "../feed/index.ts";
import type { Sign } from "./decimal.ts";
import { compare, difference, percent } from "./decimal.ts";
import { Rate } from "./rate.ts";

/** A symbol's place in the columns of Quotes. It stays the same for good. */
export type Row = Nominal<number, "Row">;

/** What of a row has changed: a sum of Field members. */
export type Fields = number;

export const Field = { last: 1, bid: 2, ask: 4, ticks: 8, time: 16, all: 31 } as const;

/** How far the last price is from the first one that this page saw. */
export interface Change {
  readonly amount: Decimal;
  /** Of the first price; undefined if that was zero. */
  readonly percent: Decimal | undefined;
}

const PERCENT_PLACES = 2;

/**
 * The newest values of all symbols, one array a column. Whatever the message
 * rate, what has changed is only marked, and is taken once a paint.
 */
export class Quotes {
  readonly #rows = new Map<SymbolName, Row>();
  readonly #symbols: SymbolName[] = [];
  readonly #ordinal: number[] = []; // NaN: not known on this connection
  readonly #time: Micros[] = [];
  readonly #first: MaybeDecimal[] = [];
  readonly #last: MaybeDecimal[] = [];
  readonly #bid: MaybeDecimal[] = [];
  readonly #ask: MaybeDecimal[] = [];
  readonly #move: Sign[] = [];
  readonly #ticks: Rate[] = [];
  readonly #shownTicks: number[] = [];
  readonly #allTicks: Rate;
  readonly #updates: Rate;
  #marks = new Map<Row, Fields>();

  /** now, here and in the methods, is in milliseconds of one clock that does not go back. */
  constructor(now: number) {
    this.#allTicks = new Rate(now);
    this.#updates = new Rate(now);
  }

  apply(message: TickerSnapshot | Ticker, now: number): void {
    const anew = message.type === "snapshot";
    for (const update of message.data) this.#applyOne(update, anew, now);
    this.#updates.add(message.data.length, now);
  }

  /** Another node may go on where the one before stopped, and count otherwise. */
  reconnected(): void {
    this.#ordinal.fill(Number.NaN);
  }

  /** Lets time pass: marks the rows whose ticks per second are not what was marked last. */
  beat(now: number): void {
    this.#ticks.forEach((rate, i) => {
      const perSecond = Math.round(rate.perSecond(now) * 10) / 10;
      if (perSecond === this.#shownTicks[i]) return;
      this.#shownTicks[i] = perSecond;
      this.#mark(i as Row, Field.ticks);
    });
  }

  /** What has changed since the last call. */
  take(): ReadonlyMap<Row, Fields> {
    const marks = this.#marks;
    this.#marks = new Map();
    return marks;
  }

  get size(): number {
    return this.#symbols.length;
  }

  symbol(row: Row): SymbolName {
    return present(this.#symbols[row]);
  }

  last(row: Row): MaybeDecimal {
    return present(this.#last[row]);
  }

  bid(row: Row): MaybeDecimal {
    return present(this.#bid[row]);
  }

  ask(row: Row): MaybeDecimal {
    return present(this.#ask[row]);
  }

  /** When the venue says the last tick was. */
  time(row: Row): Micros {
    return present(this.#time[row]);
  }

  /** Where the last price went when it last changed: 1 up, -1 down, 0 not yet. */
  move(row: Row): Sign {
    return present(this.#move[row]);
  }

  /** Ticks per second, to a tenth, as of the last beat. */
  ticks(row: Row): number {
    return present(this.#shownTicks[row]);
  }

  /** Since the page opened, or since the symbol's first price, whichever was later. */
  change(row: Row): Change | undefined {
    const first = this.first(row);
    const last = this.last(row);
    if (first === "" || last === "") return undefined;
    const amount = difference(last, first);
    return { amount, percent: percent(amount, first, PERCENT_PLACES) };
  }

  first(row: Row): MaybeDecimal {
    return present(this.#first[row]);
  }

  /** Ticks per second of all symbols. */
  allTicks(now: number): number {
    return this.#allTicks.perSecond(now);
  }

  /** Updates received per second. */
  updates(now: number): number {
    return this.#updates.perSecond(now);
  }

  #applyOne(update: Update, anew: boolean, now: number): void {
    const known = this.#rows.get(update.s);
    if (known === undefined) return this.#add(update, now);
    if (!anew) this.#count(known, update.n - present(this.#ordinal[known]), now);
    this.#set(known, update);
  }

  #add(update: Update, now: number): void {
    const row = this.#symbols.length as Row;
    this.#rows.set(update.s, row);
    this.#symbols.push(update.s);
    this.#ordinal.push(update.n);
    this.#time.push(update.t);
    this.#first.push(update.p);
    this.#last.push(update.p);
    this.#bid.push(update.b);
    this.#ask.push(update.a);
    this.#move.push(0);
    this.#ticks.push(new Rate(now));
    this.#shownTicks.push(0);
    this.#mark(row, Field.all);
  }

  // What a snapshot stands for happened before it, or while nobody listened:
  // only the ticks between two updates of one stream are counted.
  #count(row: Row, ticks: number, now: number): void {
    if (!(ticks > 0)) return;
    present(this.#ticks[row]).add(ticks, now);
    this.#allTicks.add(ticks, now);
  }

  #set(row: Row, update: Update): void {
    this.#ordinal[row] = update.n;
    let fields: Fields = 0;
    if (update.t !== this.#time[row]) fields |= Field.time;
    if (update.b !== this.#bid[row]) fields |= Field.bid;
    if (update.a !== this.#ask[row]) fields |= Field.ask;
    if (update.p !== this.#last[row]) fields |= Field.last;
    if (fields === 0) return;
    this.#time[row] = update.t;
    this.#bid[row] = update.b;
    this.#ask[row] = update.a;
    if (fields & Field.last) this.#setLast(row, update.p);
    this.#mark(row, fields);
  }

  #setLast(row: Row, price: MaybeDecimal): void {
    const before = this.last(row);
    this.#last[row] = price;
    if (price === "") return;
    if (this.first(row) === "") this.#first[row] = price;
    if (before !== "") this.#move[row] = compare(price, before) || this.move(row);
  }

  #mark(row: Row, fields: Fields): void {
    this.#marks.set(row, (this.#marks.get(row) ?? 0) | fields);
  }
}

/** A Row is only ever made together with its place in every column. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError("no such row");
  return value;
}
