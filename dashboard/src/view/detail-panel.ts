import type { Board, Detail, Fields, Interval, Row, SymbolName } from "../model/index.ts";
import { Field, intervals } from "../model/index.ts";
import type { Chart } from "./chart.ts";
import { age, count, dateAndTime, exact, NONE, signed } from "./format.ts";
import { element, Text, textOf } from "./text.ts";
import { tapeRows } from "./tape-list.ts";

export interface DetailOwner {
  close(): void;
  interval(interval: Interval): void;
  toggleFavourite(symbol: SymbolName): void;
  isFavourite(symbol: SymbolName): boolean;
  lists(symbol: SymbolName): void;
}

type Read = (board: Board, row: Row) => string;

/** The figures of the quote, by their names. */
const figures: readonly (readonly [name: string, read: Read])[] = [
  ["Bid", ({ quotes }, row) => exact(quotes.bid(row))],
  ["Ask", ({ quotes }, row) => exact(quotes.ask(row))],
  ["Spread", ({ quotes }, row) => exact(quotes.spread(row))],
  ["Last size", ({ quotes }, row) => exact(quotes.lastSize(row))],
  ["24 h open", ({ quotes }, row) => exact(quotes.stat(row)?.o)],
  ["24 h high", ({ quotes }, row) => exact(quotes.stat(row)?.h)],
  ["24 h low", ({ quotes }, row) => exact(quotes.stat(row)?.l)],
  ["24 h volume", ({ quotes }, row) => exact(quotes.stat(row)?.v)],
  ["24 h VWAP", ({ quotes }, row) => exact(quotes.stat(row)?.w)],
  ["24 h trades", ({ quotes }, row) => count(quotes.stat(row)?.k ?? 0)],
];

/** One symbol from near: quote, candles and last trades. */
export class DetailPanel {
  readonly #document: Document;
  readonly #owner: DetailOwner;
  readonly #section: HTMLElement;
  readonly #name: HTMLElement;
  readonly #state: HTMLElement;
  readonly #stateText: Text;
  readonly #star: HTMLElement;
  readonly #last: Text;
  readonly #change: HTMLElement;
  readonly #changeText: Text;
  readonly #figures: readonly Text[];
  readonly #legend: Text;
  readonly #problem: HTMLElement;
  readonly #problemText: Text;
  readonly #tape: HTMLElement;
  readonly #intervals = new Map<Interval, HTMLInputElement>();
  #chart: Chart | undefined;
  #loading = false;
  #pointed: number | undefined;
  #shown: string | undefined; // symbol and interval

  constructor(document: Document, owner: DetailOwner) {
    this.#document = document;
    this.#owner = owner;
    this.#section = element(document, "detail");
    this.#name = element(document, "detail-name");
    this.#state = element(document, "detail-state");
    this.#stateText = new Text(this.#state);
    this.#star = element(document, "detail-star");
    this.#last = textOf(document, "detail-last");
    this.#change = element(document, "detail-change");
    this.#changeText = new Text(this.#change);
    this.#legend = textOf(document, "legend");
    this.#problem = element(document, "detail-problem");
    this.#problemText = new Text(this.#problem);
    this.#tape = element(document, "tape");
    this.#figures = this.#makeFigures();
    this.#makeIntervals();
    element(document, "detail-close").addEventListener("click", () => owner.close());
    this.#star.addEventListener("click", () => this.#ofSymbol((symbol) => owner.toggleFavourite(symbol)));
    element(document, "detail-lists").addEventListener("click", () => this.#ofSymbol((symbol) => owner.lists(symbol)));
    element(document, "chart").addEventListener("keydown", (event) => this.#key(event));
  }

  get #symbol(): SymbolName | undefined {
    const name = this.#name.textContent ?? "";
    return name === "" ? undefined : (name as SymbolName);
  }

  /** Whether the focus is in it. */
  get focused(): boolean {
    return this.#section.contains(this.#document.activeElement);
  }

  focus(): void {
    this.#name.focus();
  }

  /** Draws what has changed, or all when another symbol is shown. */
  paint(board: Board, changed: ReadonlyMap<Row, Fields>): void {
    const { symbol, interval } = board.detail;
    this.#section.hidden = symbol === undefined;
    if (symbol === undefined) {
      this.#shown = undefined;
      this.#name.textContent = "";
      return;
    }
    const anew = this.#shown !== `${symbol} ${interval}`;
    if (anew) this.#show(symbol, interval);
    const row = board.quotes.find(symbol);
    if (row !== undefined && (anew || changed.has(row))) this.#paintQuote(board, row, anew ? Field.all : (changed.get(row) ?? 0));
    this.#paintState(board, row);
    this.#paintCandles(board.detail);
    if (board.detail.tape.take() || anew) this.#tape.replaceChildren(...tapeRows(this.#document, board.detail.tape.entries));
    this.#problem.hidden = board.detail.problem === undefined;
    this.#problemText.set(board.detail.problem ?? "");
  }

  /** The theme has changed. */
  restyle(): void {
    this.#chart?.restyle(getComputedStyle(this.#section));
  }

  #show(symbol: SymbolName, interval: Interval): void {
    this.#shown = `${symbol} ${interval}`;
    this.#pointed = undefined;
    this.#name.textContent = symbol;
    this.favouriteChanged();
    const radio = this.#intervals.get(interval);
    if (radio !== undefined) radio.checked = true;
    this.#chart?.reset();
    if (this.#chart === undefined) this.#load();
  }

  favouriteChanged(): void {
    const symbol = this.#symbol;
    if (symbol === undefined) return;
    const favourite = this.#owner.isFavourite(symbol);
    this.#star.ariaPressed = String(favourite);
    this.#star.textContent = favourite ? "★" : "☆";
    this.#star.ariaLabel = `Favourite ${symbol}`;
  }

  #paintQuote(board: Board, row: Row, fields: Fields): void {
    const { quotes } = board;
    if ((fields & ~(Field.time | Field.spark)) === 0) return;
    this.#last.set(exact(quotes.last(row)));
    const change = quotes.change(row);
    this.#changeText.set(change === undefined ? "" : `${signed(change.amount)} (${signed(change.percent)}%)`);
    const trend = quotes.trend(row);
    this.#change.className = trend > 0 ? "up" : trend < 0 ? "down" : "";
    figures.forEach(([, read], i) => this.#figures[i]?.set(read(board, row)));
  }

  #paintState(board: Board, row: Row | undefined): void {
    const freshness = row === undefined ? "waiting" : board.quotes.freshness(row);
    const time = row === undefined ? 0 : board.quotes.time(row);
    const old = time === 0 ? "" : `, last tick ${age(Math.max(board.serverNow - time / 1000, 0))} ago`;
    this.#section.dataset["fresh"] = board.live ? freshness : "stale";
    this.#stateText.set(row === undefined ? "This symbol is not known here, yet." : `${board.live ? words[freshness] : "Not of now"}${old}`);
  }

  #paintCandles(detail: Detail): void {
    if (this.#chart === undefined) return;
    const change = detail.candles.take();
    if (change !== undefined) this.#chart.draw(detail.candles, change);
    const bar = this.#pointed === undefined ? detail.candles.bars.at(-1) : detail.candles.at(this.#pointed);
    this.#legend.set(bar === undefined ? "No candle yet" : `${dateAndTime(bar.t)}  O ${exact(bar.o)}  H ${exact(bar.h)}  L ${exact(bar.l)}  C ${exact(bar.c)}  V ${exact(bar.v)}`);
  }

  /** The chart is no small part of the page: it is loaded by those who look at one. */
  #load(): void {
    if (this.#loading) return;
    this.#loading = true;
    import("./chart.ts").then(
      ({ Chart }) => {
        const container = this.#document.createElement("div");
        container.className = "canvas";
        container.setAttribute("aria-hidden", "true");
        element(this.#document, "chart").replaceChildren(container);
        this.#chart = new Chart(container, (t) => void (this.#pointed = t));
        this.restyle();
      },
      () => {
        this.#loading = false;
        this.#legend.set("The chart could not be loaded. Close and open the symbol to try again.");
      },
    );
  }

  #makeFigures(): readonly Text[] {
    const list = element(this.#document, "detail-quote");
    return figures.map(([name]) => {
      const [pair, term, value] = ["div", "dt", "dd"].map((tag) => this.#document.createElement(tag)) as [HTMLElement, HTMLElement, HTMLElement];
      term.textContent = name;
      pair.append(term, value);
      list.append(pair);
      const text = new Text(value);
      text.set(NONE);
      return text;
    });
  }

  #makeIntervals(): void {
    const fieldset = element(this.#document, "intervals");
    for (const interval of Object.keys(intervals) as Interval[]) {
      const label = this.#document.createElement("label");
      const radio = this.#document.createElement("input");
      radio.type = "radio";
      radio.name = "interval";
      radio.value = interval;
      radio.addEventListener("change", () => this.#owner.interval(interval));
      label.append(radio, interval);
      fieldset.append(label);
      this.#intervals.set(interval, radio);
    }
  }

  #ofSymbol(act: (symbol: SymbolName) => void): void {
    const symbol = this.#symbol;
    if (symbol !== undefined) act(symbol);
  }

  #key(event: KeyboardEvent): void {
    const chart = this.#chart;
    const acts: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => chart?.scroll(-5),
      ArrowRight: () => chart?.scroll(5),
      "+": () => chart?.zoom(0.8),
      "-": () => chart?.zoom(1.25),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }
}

const words = {
  live: "Live",
  stale: "Stale",
  lagging: "The server is behind",
  down: "The server has no feed of it",
  waiting: "Waiting for its values",
} as const;
