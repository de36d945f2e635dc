import type { Bar, Bars, BarsChannel, BarsSnapshot, Gap, SymbolName, Trade, Trades } from "../feed/index.ts";
import { Candles } from "./candles.ts";
import type { Inspected } from "./interest.ts";
import { Tape } from "./tape.ts";

/** The intervals of the candles, by their names to a person. */
export const intervals = { "1s": "bars_1s", "1m": "bars_1m", "5m": "bars_5m", "1h": "bars_1h" } as const satisfies Record<string, BarsChannel>;

export type Interval = keyof typeof intervals;

/** What the server has of before the page looked. */
export interface History {
  bars(symbol: SymbolName, channel: BarsChannel, limit: number): Promise<readonly Bar[]>;
  trades(symbol: SymbolName, limit: number): Promise<readonly Trade[]>;
}

const BARS = 500;
const TRADES = 50;

/** One symbol looked at closely: its candles and its last trades. */
export class Detail {
  readonly candles = new Candles();
  readonly tape = new Tape();
  readonly #history: History;
  readonly #changed: () => void;
  #symbol: SymbolName | undefined;
  #interval: Interval = "1m";
  #problem: string | undefined;
  #visit = 0; // what was asked for in an earlier one is of no use any more

  constructor(history: History, changed: () => void) {
    this.#history = history;
    this.#changed = changed;
  }

  get symbol(): SymbolName | undefined {
    return this.#symbol;
  }

  get interval(): Interval {
    return this.#interval;
  }

  /** Why there is no history, for a person. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What of the feed it needs. */
  get inspected(): Inspected | undefined {
    return this.#symbol === undefined ? undefined : { symbol: this.#symbol, channel: intervals[this.#interval] };
  }

  /** Looks at symbol, or at none. */
  open(symbol: SymbolName | undefined, interval: Interval): void {
    if (symbol === this.#symbol && interval === this.#interval) return;
    if (symbol !== this.#symbol) this.tape.clear();
    this.#symbol = symbol;
    this.#interval = interval;
    this.candles.clear();
    this.refresh();
  }

  /** Gets what was missed while nothing was told. */
  refresh(): void {
    this.#visit++;
    this.#problem = undefined;
    this.#changed();
    const { inspected } = this;
    if (inspected === undefined) return;
    const { symbol, channel } = inspected;
    this.#load(this.#history.bars(symbol, channel, BARS), (bars) => bars.forEach((bar) => this.candles.put(bar)));
    this.#load(this.#history.trades(symbol, TRADES), (trades) => this.tape.put(trades));
  }

  bars({ data }: BarsSnapshot | Bars, channel: BarsChannel): void {
    if (channel !== this.inspected?.channel) return;
    for (const bar of data) if (bar.s === this.#symbol) this.candles.put(bar);
    this.#changed();
  }

  trades({ data }: Trades): void {
    this.tape.put(data.filter(({ s }) => s === this.#symbol));
    this.#changed();
  }

  gap(gap: Gap): void {
    if (gap.symbol === this.#symbol && gap.channel === "trades" && gap.to >= gap.from) this.tape.skip(gap);
  }

  #load<T>(asked: Promise<T>, take: (answer: T) => void): void {
    const visit = this.#visit;
    const inTime = (then: () => void): void => {
      if (visit !== this.#visit) return;
      then();
      this.#changed();
    };
    asked.then(
      (answer) => inTime(() => take(answer)),
      () => inTime(() => void (this.#problem = "The history could not be loaded: what is drawn begins now.")),
    );
  }
}
