// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../model/fake.ts";
import type { Board, Row } from "../model/index.ts";
import { Field } from "../model/index.ts";
import type { Cell, ColumnOwner } from "./cells.ts";
import { columns, order } from "./columns.ts";
import { boardOf, snapshot, stats, ticker } from "./fake.ts";
import { Flashes } from "./flash.ts";
import { RenderedCells } from "./rendered.ts";

const row = 0 as Row;

let board: Board;
let widths: number[];
let flashed: number;
let on: ColumnOwner;

beforeEach(() => {
  board = boardOf();
  widths = [];
  flashed = 0;
  on = { widen: (characters) => void widths.push(characters), flash: () => void flashed++ };
});

function cell(id: string): Cell {
  const column = columns.find((c) => c.id === id);
  if (column === undefined) throw new Error(`no column ${id}`);
  return column.cell(document, on);
}

/** What a cell says after all that came. */
function drawn(id: string): string {
  const c = cell(id);
  c.paint(board, row, Field.all);
  return c.element.textContent ?? "";
}

describe("a price", () => {
  test("shows the digits as they came, and its move by a glyph, a colour and a flash", () => {
    const last = cell("last");
    board.ticker(snapshot({}));
    last.paint(board, row, board.quotes.take().get(row) ?? 0);
    expect([last.element.textContent, last.element.className.trim(), flashed]).toEqual(["67,123.40", "number price", 0]);
    board.ticker(ticker({ q: 2, p: "67056.270" }));
    last.paint(board, row, board.quotes.take().get(row) ?? 0);
    expect([last.element.textContent, last.element.className, flashed]).toEqual(["▼67,056.270", "number price down", 1]);
    board.ticker(ticker({ q: 3, p: "67056.28" }));
    last.paint(board, row, board.quotes.take().get(row) ?? 0);
    expect([last.element.textContent, last.element.className, flashed]).toEqual(["▲67,056.28", "number price up", 2]);
  });

  test("does not flash for a snapshot, whose values are no step from those before", () => {
    const last = cell("last");
    board.ticker(snapshot({}));
    last.paint(board, row, Field.all);
    board.ticker(snapshot({ q: 9, p: "1.00" }));
    last.paint(board, row, board.quotes.take().get(row) ?? 0);
    expect([last.element.textContent, flashed]).toEqual(["1.00", 0]);
  });

  test("leaves its element alone while another field changes", () => {
    const last = cell("last");
    board.ticker(snapshot({}));
    last.paint(board, row, Field.all);
    const node = last.element.querySelector(".whole")?.firstChild as Text;
    node.data = "untouched";
    board.ticker(ticker({ q: 2, b: "5" }));
    last.paint(board, row, board.quotes.take().get(row) ?? 0);
    expect(node.data).toBe("untouched");
  });

  test("widens its column to the most places there are", () => {
    const last = cell("last");
    board.ticker(snapshot({ p: "1.12345678" }));
    last.paint(board, row, Field.all);
    expect(widths).toEqual([9]);
  });
});

describe("the other columns", () => {
  test.each([
    { id: "change", want: "+123.40" },
    { id: "percent", want: "+0.18%" },
    { id: "bid", want: "67,123.39" },
    { id: "ask", want: "–" },
    { id: "spread", want: "–" },
    { id: "size", want: "1" },
    { id: "volume", want: "12.50" },
    { id: "high", want: "68,000" },
    { id: "low", want: "66,000" },
    { id: "age", want: "–" },
  ])("$id is $want", ({ id, want }) => {
    board.ticker(snapshot({}));
    board.stats(stats({}));
    expect(drawn(id)).toBe(want);
  });

  test.each([
    { ms: 400, want: "< 1s" },
    { ms: 59_900, want: "59s" },
    { ms: 90_000, want: "1m" },
    { ms: 7_300_000, want: "2h" },
    { ms: 400_000_000, want: "4d" },
  ])("an age of $ms ms is $want", ({ ms, want }) => {
    const clock = new ManualClock();
    board = boardOf(clock);
    clock.pass(1000);
    board.ticker(snapshot({ t: 1_000_000 }));
    clock.pass(ms);
    expect(drawn("age")).toBe(want);
  });
});

describe("an order", () => {
  const key = columns.find((c) => c.id === "last")?.key;
  const sorted = (descending: boolean) =>
    [0, 1, 2, 3]
      .sort((a, b) => (descending ? -1 : 1) * order(board.quotes, (row) => key?.(board, row), a as Row, b as Row, descending))
      .map((r) => board.quotes.symbol(r as Row));

  beforeEach(() => board.ticker(snapshot({ s: "A", p: "9" }, { s: "B", p: "" }, { s: "C", p: "10" }, { s: "D", p: "9.0" })));

  test("goes by the exact value, then by name, with what has none last", () => {
    expect(sorted(false)).toEqual(["A", "D", "C", "B"]);
  });

  test("has what has no value last the other way round too", () => {
    expect(sorted(true)).toEqual(["C", "A", "D", "B"]);
  });
});

describe("rendered cells", () => {
  test("are drawn with what changed of their row, dimmed when it is not of now, and only while they are there", () => {
    const cells = new RenderedCells();
    let changes = 0;
    cells.onChange = () => void changes++;
    const [last, bid] = [cell("last"), cell("bid")];
    board.ticker(snapshot({}));
    cells.add("last", row, last);
    cells.add("bid", row, bid);
    cells.paint(board, row, Field.all);
    expect([last.element.dataset["fresh"], [...cells.rows()], changes]).toEqual(["live", [row], 1]);
    board.state({ symbol: board.quotes.symbol(row), state: "stale" });
    cells.paint(board, row, board.quotes.take().get(row) ?? 0);
    expect([last.element.dataset["fresh"], bid.element.dataset["fresh"]]).toEqual(["stale", "stale"]);
    cells.remove(row, last);
    cells.remove(row, bid);
    expect([[...cells.rows()], changes]).toEqual([[], 2]);
  });

  test("keep the most places of a column as a property of the table", () => {
    const element = document.createElement("div");
    const widen = new RenderedCells().alignment(element);
    for (const characters of [3, 5, 2]) widen("last", characters);
    expect(element.style.getPropertyValue("--places-last")).toBe("5");
  });
});

test("a flash is bright, then pale, then gone, and begins anew with every move", () => {
  const flashes = new Flashes();
  const element = document.createElement("div");
  const look = (now: number) => [flashes.paint(now), element.dataset["flash"]];
  flashes.begin(element, 0);
  expect([look(100), look(200)]).toEqual([[true, "bright"], [true, "pale"]]);
  flashes.begin(element, 300);
  expect([look(400), look(500), look(800), look(900)]).toEqual([[true, "bright"], [true, "pale"], [false, undefined], [false, undefined]]);
});
