import { describe, expect, test } from "vitest";
import type { TickerSnapshot, Ticker, Update } from "../feed/index.ts";
import type { Row } from "./quotes.ts";
import { Field, Quotes } from "./quotes.ts";

const update = (change: object): Update =>
  ({ s: "BTC-USD", q: 1, n: 1, t: 1_000_000, p: "100.00", z: "1", b: "99.99", a: "100.01", v: "1", ...change }) as unknown as Update;
const snapshot = (...changes: object[]): TickerSnapshot => ({ type: "snapshot", channel: "ticker", data: changes.map(update) });
const ticker = (...changes: object[]): Ticker => ({ type: "ticker", data: changes.map(update) });

const first = 0 as Row;
const second = 1 as Row;

/** Quotes with BTC-USD at 100.00, nothing marked. */
function known(): Quotes {
  const quotes = new Quotes(0);
  quotes.apply(snapshot({}), 0);
  quotes.take();
  return quotes;
}

describe("marks", () => {
  test("a new symbol has changed in every field", () => {
    const quotes = new Quotes(0);
    quotes.apply(snapshot({}, { s: "ETH-USD" }), 0);
    expect([...quotes.take()]).toEqual([
      [first, Field.all],
      [second, Field.all],
    ]);
  });

  test("many updates between two paints are one mark with all that changed", () => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, b: "99.98" }), 0);
    quotes.apply(ticker({ q: 3, b: "99.98", p: "100.02" }), 0);
    expect([...quotes.take()]).toEqual([[first, Field.bid | Field.last]]);
    expect(quotes.take().size).toBe(0);
  });

  test("an update that changes nothing visible marks nothing", () => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, n: 2, v: "2" }), 0);
    expect(quotes.take().size).toBe(0);
  });
});

describe("change since the page opened", () => {
  test.each([
    { price: "100.05", amount: "0.05", percent: "0.05" },
    { price: "99.5", amount: "-0.50", percent: "-0.50" },
    { price: "100.000", amount: "0.000", percent: "0.00" },
    { price: "-20", amount: "-120.00", percent: "-120.00" },
  ])("from 100.00 to $price is $amount", ({ price, amount, percent }) => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, p: price }), 0);
    expect(quotes.change(first)).toEqual({ amount, percent });
  });

  test("is not known before there is a price, and counts from the first one", () => {
    const quotes = new Quotes(0);
    quotes.apply(snapshot({ p: "" }), 0);
    expect(quotes.change(first)).toBeUndefined();
    quotes.apply(ticker({ q: 2, p: "5.00" }, { q: 3, p: "5.10" }), 0);
    expect(quotes.change(first)).toEqual({ amount: "0.10", percent: "2.00" });
  });

  test("outlives a reconnect: the next snapshot is no new beginning", () => {
    const quotes = known();
    quotes.apply(snapshot({ q: 900, p: "101.00" }), 60_000);
    expect(quotes.change(first)).toEqual({ amount: "1.00", percent: "1.00" });
  });
});

describe("the last move", () => {
  test("keeps its direction while the price stands still, whatever its zeros", () => {
    const quotes = known();
    const moves = ["100.00", "100.01", "100.010", "100.00"].map((p, i) => {
      quotes.apply(ticker({ q: 2 + i, p }), 0);
      return quotes.move(first);
    });
    expect(moves).toEqual([0, 1, 1, -1]);
  });
});

describe("ticks per second", () => {
  test("come from the differences of n, not from the number of updates", () => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, n: 21 }, { q: 3, n: 41 }), 500);
    quotes.beat(2000);
    expect(quotes.ticks(first)).toBe(20); // 40 ticks in 2 s
    expect(quotes.allTicks(2000)).toBe(20);
    expect(quotes.updates(2000)).toBe(1.5); // with the one of the snapshot
  });

  test("leave out what a snapshot stands for, and start from it", () => {
    const quotes = known();
    quotes.apply(snapshot({ q: 9, n: 1_000_000 }), 500);
    quotes.apply(ticker({ q: 10, n: 1_000_010 }), 600);
    quotes.beat(1000);
    expect(quotes.ticks(first)).toBe(10);
  });

  test.each([3, 1_000_000])("leave out what another node counted before: the first n is %i", (n) => {
    const quotes = known();
    quotes.reconnected();
    quotes.apply(ticker({ q: 2, n }), 500);
    quotes.apply(ticker({ q: 3, n: n + 10 }), 600);
    quotes.beat(1000);
    expect(quotes.ticks(first)).toBe(10);
  });

  test("fall back to nothing, and each fall is marked until it has", () => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, n: 11 }), 0);
    quotes.beat(1000);
    expect([...quotes.take()]).toEqual([[first, Field.ticks]]);
    quotes.beat(9000);
    expect([...quotes.take()]).toEqual([[first, Field.ticks]]);
    expect(quotes.ticks(first)).toBe(0);
    quotes.beat(9500);
    expect(quotes.take().size).toBe(0);
  });
});
