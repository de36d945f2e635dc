import type { Board, Fields, Row } from "../model/index.ts";
import { Field } from "../model/index.ts";
import type { Cell } from "./cells.ts";

/** The cells that the grid has in the page now, by their rows. */
export class RenderedCells {
  readonly #rows = new Map<Row, Map<Cell, string>>();
  onChange: () => void = () => {};

  add(column: string, row: Row, cell: Cell): void {
    const cells = this.#rows.get(row);
    if (cells !== undefined) {
      cells.set(cell, column);
      return;
    }
    this.#rows.set(row, new Map([[cell, column]]));
    this.onChange();
  }

  remove(row: Row, cell: Cell): void {
    const cells = this.#rows.get(row);
    cells?.delete(cell);
    if (cells?.size !== 0) return;
    this.#rows.delete(row);
    this.onChange();
  }

  rows(): Iterable<Row> {
    return this.#rows.keys();
  }

  paint(board: Board, row: Row, fields: Fields): void {
    const cells = this.#rows.get(row);
    if (cells === undefined) return;
    for (const cell of cells.keys()) paintCell(cell, board, row, fields);
  }

  paintColumn(column: string, board: Board): void {
    for (const [row, cells] of this.#rows) for (const [cell, of] of cells) if (of === column) cell.paint(board, row, Field.all);
  }

  paintAll(board: Board): void {
    for (const row of this.#rows.keys()) this.paint(board, row, Field.all);
  }

  /**
   * Keeps, for each column, the most characters that a fraction has as a
   * property of element, so that whole numbers end at one place.
   */
  alignment(element: HTMLElement): (column: string, characters: number) => void {
    const most = new Map<string, number>();
    return (column, characters) => {
      if (characters <= (most.get(column) ?? 0)) return;
      most.set(column, characters);
      element.style.setProperty(`--places-${column}`, String(characters));
    };
  }
}

/** Draws a cell, dimmed if its values are not of now. */
export function paintCell(cell: Cell, board: Board, row: Row, fields: Fields): void {
  cell.paint(board, row, fields);
  if (!(fields & Field.state)) return;
  const freshness = board.quotes.freshness(row);
  if (cell.element.dataset["fresh"] !== freshness) cell.element.dataset["fresh"] = freshness;
}
