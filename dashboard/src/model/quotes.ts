import type { Decimal, MaybeDecimal, Micros, Nominal, Stat, Stats, StatsSnapshot, State, SymbolName, Ticker, TickerSnapshot, Update } from "../feed/index.ts";
import type { Sign } from "./decimal.ts";
import { compare, difference, percent } from "./decimal.ts";
import { present } from "./present.ts";

/** A symbol's place in the columns of Quotes. It stays the same for good. */
export type Row = Nominal<number, "Row">;

/** What of a row has changed: a sum of Field members. */
export type Fields = number;

export const Field = {
  last: 1,
  bid: 2,
  ask: 4,
  size: 8,
  stats: 16,
  time: 32,
  state: 64,
  spark: 128,
  /** The values come from a snapshot: what they were before is no step to them. */
  anew: 256,
  all: 511,
} as const;

/** How far the last price is from where it was a day ago. */
export interface Change {
  readonly amount: Decimal;
  /** Of the price a day ago; undefined if that was zero. */
  readonly percent: Decimal | undefined;
}

/**
 * How far a row is to be trusted: as the server says of its symbol, or
 * "waiting" when what it shows is from an earlier subscription.
 */
export type Freshness = State | "waiting";

const PERCENT_PLACES = 2;

/**
 * The newest values of all symbols, one array a column. Whatever the message
 * rate, what has changed is only marked, and is taken once a paint.
 */
export class Quotes {
  readonly #rows = new Map<SymbolName, Row>();
  readonly #symbols: SymbolName[] = [];
  readonly #ordinal: number[] = []; // NaN: not known on this connection
  readonly #time: Micros[] = []; // 0: no tick yet
  readonly #last: MaybeDecimal[] = [];
  readonly #bid: MaybeDecimal[] = [];
  readonly #ask: MaybeDecimal[] = [];
  readonly #size: MaybeDecimal[] = [];
  readonly #stat: (Stat | undefined)[] = [];
  readonly #freshness: Freshness[] = [];
  #marks = new Map<Row, Fields>();

  /** Makes a row of every name that has none. */
  list(names: Iterable<SymbolName>): void {
    for (const name of names) this.#rowOf(name);
  }

  /** The ticks that message stands for, as far as they can be counted. */
  apply(message: TickerSnapshot | Ticker): number {
    const anew = message.type === "snapshot";
    let ticks = 0;
    for (const update of message.data) ticks += this.#set(update, anew);
    return ticks;
  }

  applyStats({ data }: StatsSnapshot | Stats): void {
    for (const stat of data) {
      const row = this.#rowOf(stat.s);
      this.#stat[row] = stat;
      this.mark(row, Field.stats);
    }
  }

  /** The server's verdict on one symbol. */
  judge(symbol: SymbolName, state: State): void {
    this.#trust(this.#rowOf(symbol), state);
  }

  /** From now on nothing is heard of symbols, until they are in a message again. */
  doubt(symbols: Iterable<SymbolName>): void {
    for (const symbol of symbols) this.#trust(this.#rowOf(symbol), "waiting");
  }

  /** Another node may go on where the one before stopped, and count otherwise. */
  reconnected(): void {
    this.#ordinal.fill(Number.NaN);
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

  find(symbol: string): Row | undefined {
    return this.#rows.get(symbol as SymbolName);
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

  /** Ask less bid. */
  spread(row: Row): MaybeDecimal {
    const bid = this.bid(row);
    const ask = this.ask(row);
    return bid === "" || ask === "" ? "" : difference(ask, bid);
  }

  /** Of the last trade. */
  lastSize(row: Row): MaybeDecimal {
    return present(this.#size[row]);
  }

  /** When the venue says the last tick was; 0: there was none yet. */
  time(row: Row): Micros {
    return present(this.#time[row]);
  }

  /** The trades of a day; undefined: none are known. */
  stat(row: Row): Stat | undefined {
    return this.#stat[row];
  }

  freshness(row: Row): Freshness {
    return present(this.#freshness[row]);
  }

  /** Of the last price, since a day ago. */
  change(row: Row): Change | undefined {
    const stat = this.stat(row);
    const last = this.last(row);
    if (stat === undefined || last === "") return undefined;
    const amount = difference(last, stat.o);
    return { amount, percent: percent(amount, stat.o, PERCENT_PLACES) };
  }

  /** Which way the price of a day goes; 0 also when it is not known. */
  trend(row: Row): Sign {
    const stat = this.stat(row);
    const last = this.last(row);
    return stat === undefined || last === "" ? 0 : compare(last, stat.o);
  }

  #rowOf(symbol: SymbolName): Row {
    const known = this.#rows.get(symbol);
    if (known !== undefined) return known;
    const row = this.#symbols.length as Row;
    this.#rows.set(symbol, row);
    this.#symbols.push(symbol);
    this.#ordinal.push(Number.NaN);
    this.#time.push(0 as Micros);
    this.#last.push("");
    this.#bid.push("");
    this.#ask.push("");
    this.#size.push("");
    this.#stat.push(undefined);
    this.#freshness.push("waiting");
    this.mark(row, Field.all);
    return row;
  }

  #set(update: Update, anew: boolean): number {
    const row = this.#rowOf(update.s);
    // What a snapshot stands for happened before it, or while nobody listened:
    // only the ticks between two updates of one stream are counted.
    const ticks = anew ? 0 : update.n - present(this.#ordinal[row]);
    this.#ordinal[row] = update.n;
    let fields: Fields = anew ? Field.anew : 0;
    if (update.p !== this.#last[row]) fields |= Field.last;
    if (update.b !== this.#bid[row]) fields |= Field.bid;
    if (update.a !== this.#ask[row]) fields |= Field.ask;
    if (update.z !== this.#size[row]) fields |= Field.size;
    if (update.t !== this.#time[row]) fields |= Field.time;
    this.#last[row] = update.p;
    this.#bid[row] = update.b;
    this.#ask[row] = update.a;
    this.#size[row] = update.z;
    this.#time[row] = update.t;
    if (fields !== 0) this.mark(row, fields);
    this.#trust(row, "live"); // if it is not, the server says so after this
    return ticks > 0 ? ticks : 0;
  }

  #trust(row: Row, freshness: Freshness): void {
    if (this.#freshness[row] === freshness) return;
    this.#freshness[row] = freshness;
    this.mark(row, Field.state);
  }

  /** Says that fields of row are to be drawn. */
  mark(row: Row, fields: Fields): void {
    this.#marks.set(row, (this.#marks.get(row) ?? 0) | fields);
  }
}
