import type { Board, ColumnPreference, Decimal, MaybeDecimal, Quotes, Row } from "../model/index.ts";
import { compare, Field } from "../model/index.ts";
import type { Cell, ColumnOwner } from "./cells.ts";
import { AgeCell, ChangeCell, NumberCell, PriceCell, SparkCell } from "./cells.ts";

/** A column of the table, but for that of the symbol. */
export interface Column {
  readonly id: string;
  /** In the table's head, and in full where there is room. */
  readonly title: string;
  readonly name: string;
  readonly width: number;
  /** On a phone. */
  readonly narrowWidth: number;
  /** The page must be so wide for the column to be there at first. */
  readonly from: number;
  cell(document: Document, on: ColumnOwner): Cell;
  /** Undefined: an order by it would say nothing. Of rows without a value, that come last either way, undefined. */
  readonly key?: (board: Board, row: Row) => Decimal | undefined;
}

type Read = (board: Board, row: Row) => MaybeDecimal | undefined;

const known = (value: MaybeDecimal | undefined): Decimal | undefined => (value === "" ? undefined : value);

const price = (id: string, title: string, name: string, from: number, field: number, read: (board: Board, row: Row) => MaybeDecimal): Column => ({
  id, title, name, from, width: 184, narrowWidth: 148,
  cell: (document, on) => new PriceCell(document, field, read, on),
  key: (board, row) => known(read(board, row)),
});

const number = (id: string, title: string, name: string, from: number, width: number, field: number, read: Read): Column => ({
  id, title, name, from, width, narrowWidth: width,
  cell: (document, on) => new NumberCell(document, field, read, on),
  key: (board, row) => known(read(board, row)),
});

const change = (id: string, title: string, name: string, from: number, width: number, suffix: string, read: (board: Board, row: Row) => Decimal | undefined): Column => ({
  id, title, name, from, width, narrowWidth: width - 14,
  cell: (document, on) => new ChangeCell(document, read, suffix, on),
  key: read,
});

/** In the order of the table at first. */
export const columns: readonly Column[] = [
  price("last", "Last", "Last price", 0, Field.last, ({ quotes }, row) => quotes.last(row)),
  change("change", "Change", "Change in 24 hours", 1280, 156, "", ({ quotes }, row) => quotes.change(row)?.amount),
  change("percent", "Change %", "Change in 24 hours, percent", 0, 100, "%", ({ quotes }, row) => quotes.change(row)?.percent),
  {
    id: "spark", title: "2 min", name: "Line of the last two minutes", width: 120, narrowWidth: 112, from: 760,
    cell: (document) => new SparkCell(document),
  },
  price("bid", "Bid", "Bid", 900, Field.bid, ({ quotes }, row) => quotes.bid(row)),
  price("ask", "Ask", "Ask", 900, Field.ask, ({ quotes }, row) => quotes.ask(row)),
  number("spread", "Spread", "Spread, ask less bid", 2300, 140, Field.bid | Field.ask, ({ quotes }, row) => quotes.spread(row)),
  number("size", "Size", "Size of the last trade", 2300, 140, Field.size, ({ quotes }, row) => quotes.lastSize(row)),
  number("volume", "Volume", "Volume in 24 hours", 1560, 156, Field.stats, ({ quotes }, row) => quotes.stat(row)?.v),
  number("high", "High", "High in 24 hours", 1900, 170, Field.stats, ({ quotes }, row) => quotes.stat(row)?.h),
  number("low", "Low", "Low in 24 hours", 1900, 170, Field.stats, ({ quotes }, row) => quotes.stat(row)?.l),
  {
    id: "age", title: "Age", name: "Age of the last tick", width: 84, narrowWidth: 70, from: 520,
    cell: (document) => new AgeCell(document),
    key: ({ quotes }, row) => (quotes.time(row) === 0 ? undefined : (`-${quotes.time(row)}` as Decimal)),
  },
];

/** The columns as a new page of this width has them. */
export const columnsAtFirst = (): readonly ColumnPreference[] => columns.map(({ id, from }) => ({ id, hidden: globalThis.innerWidth < from }));

/** Orders two rows by a key: what has none comes last, and equals go by name. */
export function order(quotes: Quotes, key: (row: Row) => Decimal | undefined, a: Row, b: Row, descending: boolean): number {
  const x = key(a);
  const y = key(b);
  const way = descending ? -1 : 1;
  if (x === undefined || y === undefined) {
    if (x !== y) return way * (x === undefined ? 1 : -1);
  } else {
    const order = compare(x, y);
    if (order !== 0) return order;
  }
  return way * compareNames(quotes.symbol(a), quotes.symbol(b));
}

const names = new Intl.Collator("en", { numeric: true });

export const compareNames = (a: string, b: string): number => names.compare(a, b);
