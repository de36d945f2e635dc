import type { ColDef, ColumnState, GridApi, ICellRendererParams } from "ag-grid-community";
import {
  CellStyleModule,
  ClientSideRowModelApiModule,
  ClientSideRowModelModule,
  ColumnApiModule,
  createGrid,
  EventApiModule,
  ExternalFilterModule,
  ModuleRegistry,
  PinnedRowModule,
  RenderApiModule,
  RowApiModule,
  ScrollApiModule,
} from "ag-grid-community";
import type { Board, ColumnPreference, Decimal, Fields, Row, SymbolName } from "../model/index.ts";
import { Field } from "../model/index.ts";
import type { Cell, ColumnOwner } from "./cells.ts";
import { SymbolCell } from "./cells.ts";
import type { Column } from "./columns.ts";
import { columns, compareNames, order } from "./columns.ts";
import { Flashes } from "./flash.ts";
import { icons } from "./icons.ts";
import { paintCell, RenderedCells } from "./rendered.ts";
import { SortKeys } from "./sort-keys.ts";

ModuleRegistry.registerModules([
  CellStyleModule,
  ClientSideRowModelApiModule,
  ClientSideRowModelModule,
  ColumnApiModule,
  EventApiModule,
  ExternalFilterModule,
  PinnedRowModule,
  RenderApiModule,
  RowApiModule,
  ScrollApiModule,
]);

/** A row as the grid holds it: its values are in the board. */
interface Entry {
  readonly row: Row;
  readonly symbol: SymbolName;
}

/** Whom the grid tells what a person does. */
export interface GridOwner {
  open(symbol: SymbolName): void;
  toggleFavourite(symbol: SymbolName): void;
  isFavourite(symbol: SymbolName): boolean;
  /** Keys that the grid has no use for itself, on a row. */
  key(event: KeyboardEvent, symbol: SymbolName): void;
  sorted(): void;
  columnsChanged(): void;
  /** Other rows are rendered now. */
  rendered(): void;
}

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

const SYMBOL = "symbol";
const MARGIN_ROWS = 10;
const MOST_PINNED = 8;
const ROW_PX = 34;
const TALL_ROW_PX = 44; // a finger needs it
const LIVE_ORDER_MS = 2000;

/**
 * The table: AG Grid has the rows on screen, their order, the columns, focus
 * and keyboard; what is in a cell is drawn here, from the board's marks.
 */
export class Grid {
  readonly #board: Board;
  readonly #owner: GridOwner;
  readonly #api: GridApi<Entry>;
  readonly #cells = new RenderedCells();
  readonly #flashes = new Flashes();
  readonly #keys = new SortKeys();
  #passes: (row: Row) => boolean = () => true;
  #filtered = false;
  #entries = 0;
  #orderedAt = 0;
  #agedAt = 0;

  constructor(element: HTMLElement, board: Board, owner: GridOwner, preferences: readonly ColumnPreference[], sort: Sort | undefined) {
    this.#board = board;
    this.#owner = owner;
    const rowHeight = isNarrow() ? TALL_ROW_PX : ROW_PX;
    const widen = this.#cells.alignment(element);
    const columnOwner = (id: string): ColumnOwner => ({ widen: (characters) => widen(id, characters), flash: (cell, now) => this.#flashes.begin(cell, now) });
    this.#api = createGrid<Entry>(element, {
      theme: "legacy", // a style sheet of ours: the policy lets no script make one
      columnDefs: this.#columns(element.ownerDocument, preferences, sort, columnOwner),
      rowData: [],
      getRowId: ({ data }) => data.symbol,
      rowHeight,
      headerHeight: ROW_PX,
      rowBuffer: MARGIN_ROWS,
      animateRows: false,
      suppressNoRowsOverlay: true,
      suppressDragLeaveHidesColumns: true,
      suppressColumnMoveAnimation: true,
      ensureDomOrder: true,
      icons,
      tabToNextCell: () => false, // arrows move in the table, Tab leaves it
      isExternalFilterPresent: () => this.#filtered,
      doesExternalFilterPass: ({ data }) => data !== undefined && this.#passes(data.row),
      onRowClicked: ({ data }) => data && owner.open(data.symbol),
      onCellKeyDown: ({ data, event }) => data && event instanceof KeyboardEvent && this.#key(event, data.symbol),
      onSortChanged: ({ source }) => source === "uiColumnSorted" && owner.sorted(),
      onColumnMoved: ({ finished, source }) => finished && source === "uiColumnMoved" && owner.columnsChanged(),
      onColumnResized: ({ finished, source }) => finished && source === "uiColumnResized" && owner.columnsChanged(),
    });
    this.#api.setGridAriaProperty("label", "Prices");
    this.#cells.onChange = () => owner.rendered();
  }

  /** How many rows there are, whatever the filter. */
  get size(): number {
    return this.#entries;
  }

  /** How many rows the filter leaves. */
  get matches(): number {
    return this.#api.getDisplayedRowCount();
  }

  /** The symbols that are rendered, those just outside of the screen too. */
  get rendered(): ReadonlySet<SymbolName> {
    return new Set([...this.#cells.rows()].map((row) => this.#board.quotes.symbol(row)));
  }

  /** What a person has chosen the rows to be in the order of. */
  get sort(): Sort | undefined {
    const sorted = this.#api.getColumnState().find((c) => c.sort);
    if (sorted === undefined || (sorted.colId === SYMBOL && sorted.sort === "asc")) return undefined;
    return { column: sorted.colId, descending: sorted.sort === "desc" };
  }

  /** Whether the order goes by values that change. */
  get ordersByValue(): boolean {
    const { sort } = this;
    return sort !== undefined && sort.column !== SYMBOL;
  }

  /** The symbol that has the keyboard's focus, or had it last. */
  get focused(): SymbolName | undefined {
    const cell = this.#api.getFocusedCell();
    if (cell === null) return undefined;
    const node = cell.rowPinned === "top" ? this.#api.getPinnedTopRow(cell.rowIndex) : this.#api.getDisplayedRowAtIndex(cell.rowIndex);
    return node?.data?.symbol;
  }

  /** The columns as they are, those that are hidden too. */
  get columns(): readonly ColumnPreference[] {
    return this.#api.getColumnState().map(({ colId, hide, width, flex }) => ({ id: colId, hidden: hide === true, ...(typeof width === "number" && flex === null && { width }) }));
  }

  arrange(preferences: readonly ColumnPreference[]): void {
    const state: ColumnState[] = preferences.map(({ id, hidden, width }) => ({ colId: id, hide: hidden && id !== SYMBOL, ...(typeof width === "number" && { width }) }));
    this.#api.applyColumnState({ state, applyOrder: true });
  }

  orderBy(sort: Sort | undefined): void {
    const { column, descending } = sort ?? { column: SYMBOL, descending: false };
    this.#api.applyColumnState({ state: [{ colId: column, sort: descending ? "desc" : "asc" }], defaultState: { sort: null } });
  }

  /** Leaves the rows that pass; undefined: all of them. */
  filter(passes: ((row: Row) => boolean) | undefined): void {
    this.#filtered = passes !== undefined;
    this.#passes = passes ?? (() => true);
    this.#api.onFilterChanged();
  }

  /** Pins rows above all others, as many as leave room for those. */
  pin(symbols: Iterable<SymbolName>): void {
    const entries = [...symbols].flatMap((symbol) => {
      const row = this.#board.quotes.find(symbol);
      return row === undefined ? [] : [{ row, symbol }];
    });
    this.#api.setGridOption("pinnedTopRowData", entries.slice(0, MOST_PINNED));
    this.#cells.paintColumn(SYMBOL, this.#board);
  }

  /** Moves the focus to the row of symbol, or to the first one. */
  focus(symbol?: SymbolName): void {
    const node = symbol === undefined ? undefined : this.#api.getRowNode(symbol);
    const index = node?.rowIndex ?? 0;
    if (this.#api.getDisplayedRowCount() === 0) return;
    this.#api.ensureIndexVisible(index);
    this.#api.setFocusedCell(index, SYMBOL);
  }

  /** Scrolls to the beginning. */
  toTop(): void {
    if (this.#api.getDisplayedRowCount() > 0) this.#api.ensureIndexVisible(0, "top");
  }

  /** Draws every cell anew: how they look has changed. */
  repaint(): void {
    this.#cells.paintAll(this.#board);
  }

  /** Draws what has changed. now is in milliseconds of the board's clock. Returns in how many something fades; undefined: nothing does. */
  paint(changed: ReadonlyMap<Row, Fields>, now: number): number | undefined {
    this.#keys.clear();
    const { quotes } = this.#board;
    if (quotes.size > this.#entries) this.#grow();
    for (const [row, fields] of changed) this.#cells.paint(this.#board, row, fields);
    if (now - this.#agedAt >= 1000) {
      this.#agedAt = now;
      this.#cells.paintColumn("age", this.#board);
    }
    if (now - this.#orderedAt >= LIVE_ORDER_MS) this.#reorder(now);
    return this.#flashes.paint(now) ? Flashes.stepMs : undefined;
  }

  /** Puts rows where their values of now belong. */
  #reorder(now: number): void {
    this.#orderedAt = now;
    if (this.#filtered) this.#api.onFilterChanged();
    else if (this.ordersByValue) this.#api.refreshClientSideRowModel("sort");
  }

  #grow(): void {
    const { quotes } = this.#board;
    const add: Entry[] = [];
    for (let row = this.#entries as Row; row < quotes.size; row++) add.push({ row, symbol: quotes.symbol(row) });
    this.#entries = quotes.size;
    if (this.#api.getDisplayedRowCount() === 0 && add.length === quotes.size) this.#api.setGridOption("rowData", add);
    else this.#api.applyTransaction({ add });
  }

  #key(event: KeyboardEvent, symbol: SymbolName): void {
    if (event.key === "Enter") this.#owner.open(symbol);
    else this.#owner.key(event, symbol);
  }

  #columns(document: Document, preferences: readonly ColumnPreference[], sort: Sort | undefined, on: (column: string) => ColumnOwner): ColDef<Entry>[] {
    const initial = new Map(preferences.map((p) => [p.id, p]));
    const place = new Map(preferences.map((p, i) => [p.id, i]));
    const sorted = (id: string): Pick<ColDef<Entry>, "sort"> => {
      const by = sort ?? { column: SYMBOL, descending: false };
      return by.column === id ? { sort: by.descending ? "desc" : "asc" } : {};
    };
    const common = (id: string, width: number): ColDef<Entry> => ({
      colId: id,
      ...sized(initial.get(id)?.width, width),
      sortingOrder: id === SYMBOL ? ["asc", "desc"] : ["desc", "asc", null],
      ...sorted(id),
    });
    const symbol: ColDef<Entry> = {
      ...common(SYMBOL, 0),
      flex: null,
      minWidth: 60,
      width: initial.get(SYMBOL)?.width ?? (isNarrow() ? 124 : 168),
      headerName: "Symbol",
      pinned: "left",
      lockPinned: true,
      lockPosition: "left",
      field: "symbol",
      comparator: compareNames,
      cellRenderer: this.#renderer(SYMBOL, (entry) => {
        const { symbol } = entry;
        return new SymbolCell(document, symbol, () => this.#owner.isFavourite(symbol), () => this.#owner.toggleFavourite(symbol));
      }),
    };
    const others = columns.map((column): ColDef<Entry> => ({
      ...common(column.id, isNarrow() ? column.narrowWidth : column.width),
      ...this.#comparator(column),
      headerName: column.title,
      hide: initial.get(column.id)?.hidden ?? globalThis.innerWidth < column.from,
      cellRenderer: this.#renderer(column.id, () => column.cell(document, on(column.id))),
      valueGetter: ({ data }) => data?.row,
      headerClass: "of-number",
    }));
    others.sort((a, b) => (place.get(a.colId ?? "") ?? 99) - (place.get(b.colId ?? "") ?? 99));
    return [symbol, ...others];
  }

  #comparator({ id, key }: Column): ColDef<Entry> {
    if (key === undefined) return { sortable: false };
    const keyOf = (row: Row): Decimal | undefined => this.#keys.get(id, row, () => key(this.#board, row));
    const { quotes } = this.#board;
    return { comparator: (_a, _b, nodeA, nodeB, descending) => (nodeA.data && nodeB.data ? order(quotes, keyOf, nodeA.data.row, nodeB.data.row, descending) : 0) };
  }

  /** A component of the grid around a cell of ours, drawn from the marks for as long as it is there. */
  #renderer(column: string, make: (entry: Entry) => Cell) {
    const cells = this.#cells;
    const board = this.#board;
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

const isNarrow = (): boolean => globalThis.innerWidth < 704;

/** A column is as wide as a person made it, or takes its part of what room there is. */
function sized(chosen: number | undefined, width: number): Pick<ColDef, "width" | "minWidth" | "flex"> {
  return chosen === undefined ? { minWidth: width, flex: width } : { minWidth: 60, width: chosen };
}
