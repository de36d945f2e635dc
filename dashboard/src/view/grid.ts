import type { ColumnState, GridApi } from "ag-grid-community";
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
import type { Board, ColumnPreference, Fields, Row, SymbolName } from "../model/index.ts";
import type { ColumnOwner } from "./cells.ts";
import { SymbolCell } from "./cells.ts";
import type { Entry, Sort } from "./column-defs.ts";
import { ColumnDefs, isNarrow, SYMBOL } from "./column-defs.ts";
import { Flashes } from "./flash.ts";
import { icons } from "./icons.ts";
import { RenderedCells } from "./rendered.ts";
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
    const on = (id: string): ColumnOwner => ({ widen: (characters) => widen(id, characters), flash: (cell, now) => this.#flashes.begin(cell, now) });
    const symbolCell = ({ symbol }: Entry): SymbolCell =>
      new SymbolCell(element.ownerDocument, symbol, () => owner.isFavourite(symbol), () => owner.toggleFavourite(symbol));
    const defs = new ColumnDefs({ document: element.ownerDocument, board, cells: this.#cells, keys: this.#keys, on, symbolCell });
    this.#api = createGrid<Entry>(element, {
      theme: "legacy", // a style sheet of ours: the policy lets no script make one
      columnDefs: defs.all(preferences, sort),
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
}
