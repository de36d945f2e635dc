import type { Bar, Decimal, SymbolName } from "../feed/index.ts";

const SECONDS = 120;

/** A price at each of the last seconds, to draw a line through: a float will do. */
export class Spark {
  readonly #prices = new Float64Array(SECONDS);
  #end = 0; // the second after the newest
  #from = 0; // the oldest second that there is a price of

  /** The newest price of a second, true: the first one of it. Seconds between are as the one before them. */
  add(price: number, second: number): boolean {
    if (this.#end === 0) this.#from = this.#end = second;
    const before = this.#prices[(this.#end - 1) % SECONDS] ?? price;
    for (let s = Math.max(this.#end, second - SECONDS + 1); s < second; s++) this.#prices[s % SECONDS] = before;
    if (second + 1 < this.#end) return false; // of before the newest: it is not drawn again
    const first = second >= this.#end;
    this.#prices[second % SECONDS] = price;
    this.#end = second + 1;
    this.#from = Math.max(this.#from, this.#end - SECONDS);
    return first;
  }

  /** Oldest first. */
  *points(): Iterable<number> {
    for (let s = this.#from; s < this.#end; s++) yield this.#prices[s % SECONDS] ?? 0;
  }

  get length(): number {
    return this.#end - this.#from;
  }
}

/** Where the bars of a symbol come from. */
export interface BarsSource {
  bars(symbol: SymbolName, channel: "bars_1s", limit: number): Promise<readonly Bar[]>;
}

const AT_ONCE = 4;

/**
 * The sparks of the symbols on screen. Each begins with what the server has of
 * the last minutes; only so many are asked for at once, the last wanted first,
 * and not those that have left by then.
 */
export class Sparks {
  readonly #source: BarsSource;
  readonly #changed: (symbol: SymbolName) => void;
  readonly #sparks = new Map<SymbolName, Spark>();
  #wanted: ReadonlySet<SymbolName> = new Set();
  #unasked: SymbolName[] = [];
  readonly #asked = new Set<SymbolName>();

  constructor(source: BarsSource, changed: (symbol: SymbolName) => void) {
    this.#source = source;
    this.#changed = changed;
  }

  get(symbol: SymbolName): Spark | undefined {
    return this.#sparks.get(symbol);
  }

  /** Exactly these are wanted from now on. */
  want(symbols: ReadonlySet<SymbolName>): void {
    for (const symbol of this.#sparks.keys()) if (!symbols.has(symbol)) this.#sparks.delete(symbol);
    this.#unasked = [...symbols].filter((symbol) => !this.#sparks.has(symbol) && !this.#asked.has(symbol));
    this.#wanted = symbols;
    this.#ask();
  }

  /** The newest price of a second; true: the line is to be drawn again, once a second will do. */
  add(symbol: SymbolName, price: Decimal, second: number): boolean {
    return this.#sparks.get(symbol)?.add(Number(price), second) ?? false;
  }

  #ask(): void {
    while (this.#asked.size < AT_ONCE) {
      const symbol = this.#unasked.shift();
      if (symbol === undefined) return;
      this.#asked.add(symbol);
      const done = (bars: readonly Bar[]): void => {
        this.#asked.delete(symbol);
        this.#begin(symbol, bars);
        this.#ask();
      };
      this.#source.bars(symbol, "bars_1s", SECONDS).then(done, () => done([])); // it begins with what comes
    }
  }

  #begin(symbol: SymbolName, bars: readonly Bar[]): void {
    if (!this.#wanted.has(symbol) || this.#sparks.has(symbol)) return;
    const spark = new Spark();
    for (const bar of bars) spark.add(Number(bar.c), Math.floor(bar.t / 1e6));
    this.#sparks.set(symbol, spark);
    this.#changed(symbol);
  }
}
