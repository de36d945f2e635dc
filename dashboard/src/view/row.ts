import type { Decimal, Fields, MaybeDecimal, Quotes, Row, Sign } from "../model/index.ts";
import { Field, sign } from "../model/index.ts";
import type { Halves } from "./format.ts";
import { halves, moment, rate, signedHalves } from "./format.ts";
import { NumberCell } from "./number.ts";
import { Text } from "./text.ts";

type Direction = "up" | "down" | "";

const direction = (s: Sign): Direction => (s > 0 ? "up" : s < 0 ? "down" : "");
const glyphs: Record<Direction, string> = { up: "▲", down: "▼", "": "" };

/** The most characters that fractions of each aligned column have. */
export interface Places {
  last: number;
  bid: number;
  ask: number;
  change: number;
}

/** One symbol's row: built once, then only the cells that changed are touched. */
export class QuoteRow {
  readonly element: HTMLTableRowElement;
  readonly #last: NumberCell;
  readonly #bid: NumberCell;
  readonly #ask: NumberCell;
  readonly #change: NumberCell;
  readonly #percent: NumberCell;
  readonly #ticks: Text;
  readonly #time: Text;
  readonly #glyph: Text;
  #flash = false;

  constructor(document: Document, symbol: string) {
    this.element = document.createElement("tr");
    this.element.setAttribute("role", "row");
    const name = document.createElement("th");
    name.scope = "row";
    name.className = "symbol";
    name.setAttribute("role", "rowheader");
    name.textContent = symbol;
    this.#last = new NumberCell(document, "last");
    this.#bid = new NumberCell(document, "bid");
    this.#ask = new NumberCell(document, "ask");
    this.#change = new NumberCell(document, "change");
    this.#percent = new NumberCell(document, "percent");
    const [ticks, time] = [cell(document, "ticks"), cell(document, "time")];
    const glyph = document.createElement("span");
    glyph.className = "glyph";
    glyph.setAttribute("aria-hidden", "true");
    this.#last.cell.prepend(glyph);
    const numbers = [this.#last, this.#bid, this.#ask, this.#change, this.#percent];
    this.element.append(name, ...numbers.map((n) => n.cell), ticks, time);
    this.#ticks = new Text(ticks);
    this.#time = new Text(time);
    this.#glyph = new Text(glyph);
  }

  /** Draws the fields of row that changed, and widens places to what they need. */
  paint(quotes: Quotes, row: Row, fields: Fields, now: number, places: Places): void {
    if (fields & Field.last) {
      this.#paintLast(quotes, row, places);
      this.#paintChange(quotes, row, places);
    }
    if (fields & Field.bid) places.bid = Math.max(places.bid, put(this.#bid, quotes.bid(row)));
    if (fields & Field.ask) places.ask = Math.max(places.ask, put(this.#ask, quotes.ask(row)));
    if (fields & Field.ticks) this.#ticks.set(rate(quotes.ticks(row)));
    if (fields & Field.time) this.#time.set(moment(quotes.time(row), now));
  }

  #paintLast(quotes: Quotes, row: Row, places: Places): void {
    places.last = Math.max(places.last, put(this.#last, quotes.last(row)));
    const moved = direction(quotes.move(row));
    this.#glyph.set(glyphs[moved]);
    if (moved === "") return;
    // An animation begins again only under another name: two equal ones take turns.
    this.#flash = !this.#flash;
    this.#last.cell.className = `number last ${moved} ${this.#flash ? "flash" : "flash-again"}`;
  }

  #paintChange(quotes: Quotes, row: Row, places: Places): void {
    const change = quotes.change(row);
    const amount = change && signedHalves(change.amount);
    const percent = change?.percent && signedHalves(change.percent);
    this.#change.set(amount);
    this.#percent.set(percent && { whole: percent.whole, fraction: `${percent.fraction}%` });
    places.change = Math.max(places.change, amount?.fraction.length ?? 0);
    this.#change.cell.className = `number change ${way(change?.amount)}`;
    this.#percent.cell.className = `number percent ${way(change?.percent)}`;
  }
}

function put(cell: NumberCell, value: MaybeDecimal): number {
  const shown: Halves | undefined = value === "" ? undefined : halves(value);
  cell.set(shown);
  return shown?.fraction.length ?? 0;
}

const way = (d: Decimal | undefined): Direction => (d === undefined ? "" : direction(sign(d)));

function cell(document: Document, column: string): HTMLTableCellElement {
  const td = document.createElement("td");
  td.className = column;
  td.setAttribute("role", "cell");
  return td;
}
