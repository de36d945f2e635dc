import type { Quotes, Row } from "../model/index.ts";
import type { Places } from "./row.ts";
import { QuoteRow } from "./row.ts";

const order = new Intl.Collator("en", { numeric: true });

/** The table of all symbols by name. Rows stay where they are; new symbols fall into place. */
export class QuoteTable {
  readonly #body: HTMLElement;
  readonly #rows = new Map<Row, QuoteRow>();
  readonly #places: Places = { last: 0, bid: 0, ask: 0, change: 0 };
  #names: readonly { readonly name: string; readonly row: Row }[] = [];
  #filter = "";
  #matches = 0;

  constructor(body: HTMLElement) {
    this.#body = body;
  }

  /** How many rows the filter leaves. */
  get matches(): number {
    return this.#matches;
  }

  /** Draws what changed in quotes. wall is the time of day in milliseconds since 1970. */
  paint(quotes: Quotes, wall: number): void {
    const changed = quotes.take();
    if (quotes.size > this.#rows.size) this.#grow(quotes);
    for (const [row, fields] of changed) this.#rows.get(row)?.paint(quotes, row, fields, wall, this.#places);
    this.#align();
  }

  /** Leaves the rows whose symbol holds text, in either case. */
  filter(text: string): void {
    this.#filter = text.trim().toUpperCase();
    this.#matches = 0;
    for (const { name, row } of this.#names) {
      const match = name.toUpperCase().includes(this.#filter);
      if (match) this.#matches++;
      const element = this.#rows.get(row)?.element;
      if (element !== undefined) element.hidden = !match;
    }
  }

  #grow(quotes: Quotes): void {
    const document = this.#body.ownerDocument;
    const added = [];
    for (let row = this.#rows.size as Row; row < quotes.size; row++) {
      const name = quotes.symbol(row);
      this.#rows.set(row, new QuoteRow(document, name));
      added.push({ name, row });
    }
    this.#names = [...this.#names, ...added].sort((a, b) => order.compare(a.name, b.name));
    this.#place();
    this.filter(this.#filter);
  }

  #place(): void {
    let next = this.#body.firstChild;
    for (const { row } of this.#names) {
      const element = this.#rows.get(row)?.element;
      if (element === undefined) continue;
      if (element === next) next = element.nextSibling;
      else this.#body.insertBefore(element, next);
    }
  }

  #align(): void {
    for (const [column, characters] of Object.entries(this.#places)) {
      const property = `--${column}-places`;
      const { style } = this.#body;
      if (style.getPropertyValue(property) !== String(characters)) style.setProperty(property, String(characters));
    }
  }
}
