// @vitest-environment happy-dom
import type { ColumnState, GridOptions } from "ag-grid-community";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Board, Row, SymbolName } from "../model/index.ts";
import type { Entry, Sort } from "./column-defs.ts";
import { boardOf, name, snapshot, ticker } from "./fake.ts";
import { Grid } from "./grid.ts";

// What AG Grid is told, and what it says, without AG Grid: what it does of that
// itself is its own affair, and the browser's tests look at it.
const told = vi.hoisted(() => ({
  options: {} as Record<string, unknown>,
  calls: [] as unknown[][],
  state: [] as object[],
  focused: null as object | null,
}));

vi.mock("ag-grid-community", async (original) => ({
  ...(await original<typeof import("ag-grid-community")>()),
  createGrid: (_: HTMLElement, options: Record<string, unknown>) => {
    Object.assign(told, { options, calls: [], state: [], focused: null });
    let rows: readonly object[] = [];
    const call = (...made: unknown[]) => void told.calls.push(made);
    return {
      setGridAriaProperty: () => {},
      getColumnState: () => told.state,
      applyColumnState: (state: unknown) => call("applyColumnState", state),
      onFilterChanged: () => call("onFilterChanged"),
      refreshClientSideRowModel: (step: string) => call("refresh", step),
      getDisplayedRowCount: () => rows.length,
      setGridOption: (option: string, value: readonly object[]) => {
        if (option === "rowData") rows = value;
        call(option, value);
      },
      applyTransaction: ({ add }: { add: readonly object[] }) => {
        rows = [...rows, ...add];
        call("add", add);
      },
      getFocusedCell: () => told.focused,
      getPinnedTopRow: (i: number) => ({ data: { symbol: `pinned ${i}` } }),
      getDisplayedRowAtIndex: (i: number) => ({ data: rows[i] }),
      getRowNode: (id: string) => ({ rowIndex: rows.findIndex((row) => (row as Entry).symbol === id) }),
      ensureIndexVisible: (...at: unknown[]) => call("visible", ...at),
      setFocusedCell: (...at: unknown[]) => call("focus", ...at),
    };
  },
}));

let board: Board;
let heard: unknown[][];

const options = () => told.options as unknown as GridOptions<Entry>;
const calls = (of: string) => told.calls.filter(([made]) => made === of).map(([, ...rest]) => rest);
const column = (colId: string, change: Partial<ColumnState> = {}): ColumnState => ({ colId, hide: false, sort: null, width: 100, flex: null, ...change });

function gridOf(sort?: Sort): Grid {
  const hear = (event: string) => (...what: unknown[]) => void heard.push([event, ...what]);
  return new Grid(document.createElement("div"), board, {
    open: hear("open"),
    toggleFavourite: hear("toggleFavourite"),
    isFavourite: () => false,
    key: (event, symbol) => heard.push(["key", event.key, symbol]),
    sorted: hear("sorted"),
    columnsChanged: hear("columnsChanged"),
    rendered: hear("rendered"),
  }, [], sort);
}

/** So many symbols, S0 and on. */
const symbols = (count: number) => board.ticker(snapshot(...Array.from({ length: count }, (_, i) => ({ s: `S${i}` }))));

beforeEach(() => {
  board = boardOf();
  heard = [];
});

describe("the order of the rows", () => {
  test.each<{ scenario: string; state: ColumnState[]; sort: Sort | undefined; byValue: boolean }>([
    { scenario: "by symbol is what a new page has, and is no choice", state: [column("symbol", { sort: "asc" })], sort: undefined, byValue: false },
    { scenario: "by symbol the other way is one", state: [column("symbol", { sort: "desc" })], sort: { column: "symbol", descending: true }, byValue: false },
    { scenario: "by a value follows it", state: [column("symbol"), column("percent", { sort: "desc" })], sort: { column: "percent", descending: true }, byValue: true },
    { scenario: "by nothing is none", state: [column("symbol")], sort: undefined, byValue: false },
  ])("$scenario", ({ state, sort, byValue }) => {
    const grid = gridOf();
    told.state = state;
    expect([grid.sort, grid.ordersByValue]).toEqual([sort, byValue]);
  });

  test("is by one column at a time, and without a choice by symbol", () => {
    const grid = gridOf();
    grid.orderBy({ column: "last", descending: true });
    grid.orderBy(undefined);
    expect(calls("applyColumnState")).toEqual([
      [{ state: [{ colId: "last", sort: "desc" }], defaultState: { sort: null } }],
      [{ state: [{ colId: "symbol", sort: "asc" }], defaultState: { sort: null } }],
    ]);
  });

  test.each<{ scenario: string; sorted: string; filtered: boolean; does: string[] }>([
    { scenario: "stands while it goes by symbol", sorted: "symbol", filtered: false, does: [] },
    { scenario: "is made anew while it goes by a value", sorted: "last", filtered: false, does: ["refresh"] },
    { scenario: "and what the filter leaves are made anew together", sorted: "last", filtered: true, does: ["onFilterChanged"] },
  ])("$scenario, every two seconds", ({ sorted, filtered, does }) => {
    const grid = gridOf();
    told.state = [column(sorted, { sort: "asc" })];
    if (filtered) grid.filter(() => true);
    grid.paint(new Map(), 2000);
    told.calls = [];
    for (const now of [2500, 3999]) grid.paint(new Map(), now);
    expect(told.calls).toEqual([]);
    grid.paint(new Map(), 4000);
    expect(told.calls.map(([made]) => made)).toEqual(does);
  });
});

describe("the rows", () => {
  test("come all at once at first, and later those that are new", () => {
    const grid = gridOf();
    symbols(3);
    grid.paint(board.quotes.take(), 0);
    board.ticker(snapshot({ s: "S3" }));
    grid.paint(board.quotes.take(), 100);
    board.ticker(ticker({ s: "S3", q: 2 }));
    grid.paint(board.quotes.take(), 200);
    const names = (of: string) => calls(of).map(([entries]) => (entries as Entry[]).map(({ symbol }) => symbol));
    expect([names("rowData"), names("add"), grid.size]).toEqual([[["S0", "S1", "S2"]], [["S3"]], 4]);
  });

  test("are filtered as long as there is a filter", () => {
    const grid = gridOf();
    const passes = (row: number) => options().doesExternalFilterPass?.({ data: { row: row as Row, symbol: name("S") } } as never);
    expect(options().isExternalFilterPresent?.({} as never)).toBe(false);
    grid.filter((row) => row === 1);
    expect([options().isExternalFilterPresent?.({} as never), passes(0), passes(1)]).toEqual([true, false, true]);
    grid.filter(undefined);
    expect([options().isExternalFilterPresent?.({} as never), passes(0)]).toEqual([false, true]);
  });

  test("that are pinned are known ones, and leave room for the others", () => {
    const grid = gridOf();
    symbols(12);
    grid.pin([name("NONE"), ...Array.from({ length: 12 }, (_, i) => name(`S${i}`))]);
    const [[pinned]] = calls("pinnedTopRowData") as [[Entry[]]];
    expect(pinned.map(({ symbol }) => symbol)).toEqual(["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7"]);
  });
});

describe("the focus", () => {
  test.each<{ scenario: string; cell: object | null; symbol: string | undefined }>([
    { scenario: "nowhere", cell: null, symbol: undefined },
    { scenario: "in a row", cell: { rowIndex: 1, rowPinned: null }, symbol: "S1" },
    { scenario: "in a pinned row", cell: { rowIndex: 1, rowPinned: "top" }, symbol: "pinned 1" },
  ])("is $scenario", ({ cell, symbol }) => {
    const grid = gridOf();
    symbols(3);
    grid.paint(board.quotes.take(), 0);
    told.focused = cell;
    expect(grid.focused).toBe(symbol);
  });

  test.each<{ scenario: string; symbol: SymbolName | undefined; row: number }>([
    { scenario: "to a symbol", symbol: name("S2"), row: 2 },
    { scenario: "to the first row", symbol: undefined, row: 0 },
  ])("goes $scenario, which comes on screen", ({ symbol, row }) => {
    const grid = gridOf();
    symbols(3);
    grid.paint(board.quotes.take(), 0);
    grid.focus(symbol);
    expect([calls("visible"), calls("focus")]).toEqual([[[row]], [[row, "symbol"]]]);
  });

  test("goes nowhere when there is no row", () => {
    const grid = gridOf();
    grid.focus();
    grid.toTop();
    expect(told.calls).toEqual([]);
  });
});

describe("a person", () => {
  test("opens a row by Enter; other keys are not the grid's", () => {
    gridOf();
    for (const key of ["Enter", "f"]) options().onCellKeyDown?.({ data: { row: 0, symbol: "S0" }, event: new KeyboardEvent("keydown", { key }) } as never);
    expect(heard).toEqual([["open", "S0"], ["key", "f", "S0"]]);
  });

  test("sorts, moves and widens; what the page does itself is not told to it", () => {
    gridOf();
    for (const source of ["api", "uiColumnSorted"]) options().onSortChanged?.({ source } as never);
    for (const source of ["api", "uiColumnMoved"]) for (const finished of [false, true]) options().onColumnMoved?.({ source, finished } as never);
    for (const source of ["api", "uiColumnResized"]) for (const finished of [false, true]) options().onColumnResized?.({ source, finished } as never);
    expect(heard).toEqual([["sorted"], ["columnsChanged"], ["columnsChanged"]]);
  });
});

describe("the columns", () => {
  test("have a width of their own when they do not share what is left", () => {
    const grid = gridOf();
    told.state = [column("symbol", { width: 140 }), column("last", { width: 90, flex: 1 }), column("bid", { hide: true, width: 80 })];
    expect(grid.columns).toEqual([{ id: "symbol", hidden: false, width: 140 }, { id: "last", hidden: false }, { id: "bid", hidden: true, width: 80 }]);
  });

  test("are arranged as they were left, and the symbol is never hidden", () => {
    gridOf().arrange([{ id: "symbol", hidden: true }, { id: "bid", hidden: true, width: 80 }, { id: "last", hidden: false }]);
    expect(calls("applyColumnState")).toEqual([[{ state: [{ colId: "symbol", hide: false }, { colId: "bid", hide: true, width: 80 }, { colId: "last", hide: false }], applyOrder: true }]]);
  });
});
