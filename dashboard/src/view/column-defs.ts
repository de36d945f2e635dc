import type { ColDef, ICellRendererParams } from "ag-grid-community";
import type { Board, ColumnPreference, Decimal, Row, SymbolName } from "../model/index.ts";
import { Field } from "../model/index.ts";
import type { Cell, ColumnOwner } from "./cells.ts";
import type { Column } from "./columns.ts";
import { columns, compareNames, order } from "./columns.ts";
import type { RenderedCells } from "./rendered.ts";
import { paintCell } from "./rendered.ts";
import type { SortKeys } from "./sort-keys.ts";

/** A row as the grid holds it: its values are in the board. */
export interface Entry {
  readonly row: Row;
  readonly symbol: SymbolName;
}

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** The column that is always there, and the first. */
export const SYMBOL = "symbol";

export interface ColumnDefsOptions {
  readonly document: Document;
  readonly board: Board;
  readonly cells: RenderedCells;
  readonly keys: SortKeys;
  readonly on: (column: string) => ColumnOwner;
  readonly symbolCell: (entry: Entry) => Cell;
}

/** The columns as the grid wants them told. */
export class ColumnDefs {
  readonly #options: ColumnDefsOptions;

  constructor(options: ColumnDefsOptions) {
    this.#options = options;
  }

  /** All columns, as a person left them, in the order of sort. */
  all(preferences: readonly ColumnPreference[], sort: Sort = { column: SYMBOL, descending: false }): ColDef<Entry>[] {
    const kept = new Map(preferences.map((preference, at) => [preference.id, { ...preference, at }]));
    const sorted = (id: string): ColDef<Entry> => (sort.column === id ? { sort: sort.descending ? "desc" : "asc" } : {});
    const place = ({ id }: Column): number => kept.get(id)?.at ?? preferences.length;
    const others = [...columns].sort((a, b) => place(a) - place(b));
    return [
      { ...this.#symbol(kept.get(SYMBOL)), ...sorted(SYMBOL) },
      ...others.map((column) => ({ ...this.#column(column, kept.get(column.id)), ...sorted(column.id) })),
    ];
  }

  #symbol(kept: ColumnPreference | undefined): ColDef<Entry> {
    return {
      colId: SYMBOL,
      headerName: "Symbol",
      field: "symbol",
      width: kept?.width ?? (isNarrow() ? 124 : 176),
      minWidth: 60,
      pinned: "left",
      lockPinned: true,
      lockPosition: "left",
      sortingOrder: ["asc", "desc"],
      comparator: compareNames,
      cellRenderer: this.#renderer(SYMBOL, this.#options.symbolCell),
    };
  }

  #column(column: Column, kept: ColumnPreference | undefined): ColDef<Entry> {
    const { document, on } = this.#options;
    const width = isNarrow() ? column.narrowWidth : column.width;
    return {
      colId: column.id,
      headerName: column.title,
      headerClass: "of-number",
      // As wide as a person made it, or its part of what room there is.
      ...(kept?.width === undefined ? { minWidth: width, flex: width } : { minWidth: 60, width: kept.width }),
      hide: kept?.hidden ?? globalThis.innerWidth < column.from,
      sortingOrder: ["desc", "asc", null],
      ...this.#comparator(column),
      valueGetter: ({ data }) => data?.row,
      cellRenderer: this.#renderer(column.id, () => column.cell(document, on(column.id))),
    };
  }

  #comparator({ id, key }: Column): ColDef<Entry> {
    if (key === undefined) return { sortable: false };
    const { board, keys } = this.#options;
    const keyOf = (row: Row): Decimal | undefined => keys.get(id, row, () => key(board, row));
    return { comparator: (_a, _b, { data: a }, { data: b }, descending) => (a && b ? order(board.quotes, keyOf, a.row, b.row, descending) : 0) };
  }

  /** A component of the grid around a cell of ours, drawn from the marks for as long as it is there. */
  #renderer(column: string, make: (entry: Entry) => Cell) {
    const { document, board, cells } = this.#options;
    return class {
      #cell: Cell | undefined;
      #row: Row | undefined;

      init({ data }: ICellRendererParams<Entry>): void {
        if (data === undefined) return;
        this.#cell = make(data);
        this.#row = data.row;
        cells.add(column, data.row, this.#cell);
        paintCell(this.#cell, board, data.row, Field.all);
      }

      getGui(): HTMLElement {
        return this.#cell?.element ?? document.createElement("span");
      }

      /** The values are not the grid's: there is nothing to fetch anew. */
      refresh(): boolean {
        return true;
      }

      destroy(): void {
        if (this.#cell !== undefined && this.#row !== undefined) cells.remove(this.#row, this.#cell);
      }
    };
  }
}

export const isNarrow = (): boolean => globalThis.innerWidth < 704;
