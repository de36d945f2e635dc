import type { Board, Decimal, Fields, MaybeDecimal, Row, Sign } from "../model/index.ts";
import { compare, Field, sign } from "../model/index.ts";
import type { Halves } from "./format.ts";
import { age, halves, NONE, signedHalves } from "./format.ts";
import { AlignedNumber } from "./number.ts";
import { drawSpark } from "./spark-line.ts";
import { Text } from "./text.ts";

/** The content of one cell of the table, drawn by what of its row has changed. */
export interface Cell {
  readonly element: HTMLElement;
  paint(board: Board, row: Row, fields: Fields): void;
}

/** What the cells of one column have in common. */
export interface ColumnOwner {
  /** Told how many characters a fraction has, so that its column can be as wide. */
  widen(characters: number): void;
  /** A cell's value has moved. */
  flash(element: HTMLElement, now: number): void;
}

type Direction = "up" | "down" | "";
const direction = (s: Sign): Direction => (s > 0 ? "up" : s < 0 ? "down" : "");
const glyphs: Record<Direction, string> = { up: "▲", down: "▼", "": "" };

function frame(document: Document, className: string): HTMLElement {
  const element = document.createElement("div");
  element.className = className;
  return element;
}

/** A price that tells its last move by colour, glyph and a flash that fades. */
export class PriceCell implements Cell {
  readonly element: HTMLElement;
  readonly #field: Fields;
  readonly #read: (board: Board, row: Row) => MaybeDecimal;
  readonly #on: ColumnOwner;
  readonly #glyph: Text;
  readonly #number: AlignedNumber;
  #drawn: MaybeDecimal = "";
  #direction: Direction = "";

  constructor(document: Document, field: Fields, read: (board: Board, row: Row) => MaybeDecimal, on: ColumnOwner) {
    this.element = frame(document, "number price");
    this.#field = field;
    this.#read = read;
    this.#on = on;
    const glyph = document.createElement("span");
    glyph.className = "glyph";
    glyph.setAttribute("aria-hidden", "true");
    this.element.append(glyph);
    this.#glyph = new Text(glyph);
    this.#number = new AlignedNumber(this.element);
  }

  paint(board: Board, row: Row, fields: Fields): void {
    if (!(fields & this.#field)) return;
    const price = this.#read(board, row);
    const before = this.#drawn;
    if (price === before && price !== "") return;
    this.#drawn = price;
    const shown = price === "" ? undefined : halves(price);
    this.#number.set(shown);
    this.#on.widen(shown?.fraction.length ?? 0);
    this.#move(price === "" || before === "" || fields & Field.anew ? "" : direction(compare(price, before)), board.now);
  }

  #move(moved: Direction, now: number): void {
    if (moved !== this.#direction) {
      this.#direction = moved;
      this.#glyph.set(glyphs[moved]);
      this.element.className = `number price ${moved}`;
    }
    if (moved !== "") this.#on.flash(this.element, now);
  }
}

/** A number as it is. */
export class NumberCell implements Cell {
  readonly element: HTMLElement;
  readonly #field: Fields;
  readonly #read: (board: Board, row: Row) => MaybeDecimal | undefined;
  readonly #on: ColumnOwner;
  readonly #number: AlignedNumber;

  constructor(document: Document, field: Fields, read: (board: Board, row: Row) => MaybeDecimal | undefined, on: ColumnOwner) {
    this.element = frame(document, "number");
    this.#field = field;
    this.#read = read;
    this.#on = on;
    this.#number = new AlignedNumber(this.element);
  }

  paint(board: Board, row: Row, fields: Fields): void {
    if (!(fields & this.#field)) return;
    const value = this.#read(board, row);
    const shown = value === "" || value === undefined ? undefined : halves(value);
    this.#number.set(shown);
    this.#on.widen(shown?.fraction.length ?? 0);
  }
}

/** A change with its sign, coloured by it. */
export class ChangeCell implements Cell {
  readonly element: HTMLElement;
  readonly #read: (board: Board, row: Row) => Decimal | undefined;
  readonly #suffix: string;
  readonly #on: ColumnOwner;
  readonly #number: AlignedNumber;

  constructor(document: Document, read: (board: Board, row: Row) => Decimal | undefined, suffix: string, on: ColumnOwner) {
    this.element = frame(document, "number");
    this.#read = read;
    this.#suffix = suffix;
    this.#on = on;
    this.#number = new AlignedNumber(this.element);
  }

  paint(board: Board, row: Row, fields: Fields): void {
    if (!(fields & (Field.last | Field.stats))) return;
    const value = this.#read(board, row);
    const shown: Halves | undefined = value && signedHalves(value);
    this.#number.set(shown && { whole: shown.whole, fraction: shown.fraction + this.#suffix });
    this.#on.widen((shown?.fraction.length ?? 0) + this.#suffix.length);
    const name = `number ${value === undefined ? "" : direction(sign(value))}`;
    if (this.element.className !== name) this.element.className = name;
  }
}

/** How long ago the last tick was. It is drawn whenever it is asked for. */
export class AgeCell implements Cell {
  readonly element: HTMLElement;
  readonly #text: Text;

  constructor(document: Document) {
    this.element = frame(document, "age");
    this.#text = new Text(this.element);
  }

  paint({ quotes, serverNow }: Board, row: Row): void {
    const time = quotes.time(row);
    this.#text.set(time === 0 ? NONE : age(Math.max(serverNow - time / 1000, 0)));
  }
}

/** The price of the last minutes as a line. */
export class SparkCell implements Cell {
  readonly element: HTMLCanvasElement;

  constructor(document: Document) {
    this.element = document.createElement("canvas");
    this.element.className = "spark";
    this.element.setAttribute("aria-hidden", "true");
  }

  paint(board: Board, row: Row, fields: Fields): void {
    if (fields & Field.spark) drawSpark(this.element, board.sparks.get(board.quotes.symbol(row)));
  }
}

/** The name, with a star to make it a favourite by the pointer; the keyboard has f for it. */
export class SymbolCell implements Cell {
  readonly element: HTMLElement;
  readonly #star: HTMLButtonElement;
  readonly #isFavourite: () => boolean;

  constructor(document: Document, symbol: string, isFavourite: () => boolean, toggle: () => void) {
    this.element = frame(document, "symbol");
    this.#isFavourite = isFavourite;
    this.#star = document.createElement("button");
    this.#star.type = "button";
    this.#star.tabIndex = -1;
    this.#star.className = "star";
    this.#star.setAttribute("aria-label", `Favourite ${symbol}`);
    this.#star.addEventListener("click", (event) => {
      event.stopPropagation(); // the row would open
      toggle();
    });
    const name = document.createElement("span");
    name.textContent = symbol;
    this.element.append(this.#star, name);
  }

  paint(): void {
    const favourite = this.#isFavourite();
    if (this.#star.ariaPressed === String(favourite)) return;
    this.#star.ariaPressed = String(favourite);
    this.#star.textContent = favourite ? "★" : "☆";
  }
}
