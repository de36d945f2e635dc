import { describe, expect, test } from "vitest";
import type { Stat, StatsSnapshot, SymbolName, Ticker, TickerSnapshot, Update } from "../feed/index.ts";
import type { Row } from "./quotes.ts";
import { Field, Quotes } from "./quotes.ts";

const btc = "BTC-USD" as SymbolName;
const update = (change: object): Update =>
  ({ s: "BTC-USD", q: 1, n: 1, t: 1_000_000, p: "100.00", z: "1", b: "99.99", a: "100.01", v: "1", ...change }) as unknown as Update;
const snapshot = (...changes: object[]): TickerSnapshot => ({ type: "snapshot", channel: "ticker", data: changes.map(update) });
const ticker = (...changes: object[]): Ticker => ({ type: "ticker", data: changes.map(update) });
const stats = (change: object): StatsSnapshot => ({
  type: "snapshot",
  channel: "stats",
  data: [{ s: "BTC-USD", q: 1, t: 1, o: "100.00", h: "101", l: "99", p: "100.00", v: "5", w: "100", c: "0.00", cp: "0", k: 2, ...change } as unknown as Stat],
});

const first = 0 as Row;
const second = 1 as Row;

/** Quotes with BTC-USD at 100.00, nothing marked. */
function known(): Quotes {
  const quotes = new Quotes();
  quotes.apply(snapshot({}));
  quotes.take();
  return quotes;
}

describe("rows", () => {
  test("are made by a list of names, without values, and once for each name", () => {
    const quotes = new Quotes();
    quotes.list([btc, "ETH-USD" as SymbolName, btc]);
    expect([quotes.size, quotes.find("ETH-USD"), quotes.find("XRP-USD")]).toEqual([2, second, undefined]);
    expect([quotes.last(first), quotes.time(first), quotes.freshness(first)]).toEqual(["", 0, "waiting"]);
  });

  test("keep their place when values come", () => {
    const quotes = new Quotes();
    quotes.list(["ETH-USD" as SymbolName, btc]);
    quotes.apply(snapshot({}));
    expect([quotes.size, quotes.last(second)]).toEqual([2, "100.00"]);
  });
});

describe("marks", () => {
  test("a new symbol has changed in every field", () => {
    const quotes = new Quotes();
    quotes.apply(snapshot({}, { s: "ETH-USD" }));
    expect([...quotes.take()]).toEqual([
      [first, Field.all],
      [second, Field.all],
    ]);
  });

  test("many updates between two paints are one mark with all that changed", () => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, b: "99.98" }));
    quotes.apply(ticker({ q: 3, b: "99.98", p: "100.02", z: "3" }));
    expect([...quotes.take()]).toEqual([[first, Field.bid | Field.last | Field.size]]);
    expect(quotes.take().size).toBe(0);
  });

  test("an update that changes nothing visible marks nothing", () => {
    const quotes = known();
    quotes.apply(ticker({ q: 2, n: 2, v: "2" }));
    expect(quotes.take().size).toBe(0);
  });

  test("a snapshot is marked as no step from what was before", () => {
    const quotes = known();
    quotes.apply(snapshot({ p: "200.00" }));
    expect(quotes.take().get(first)).toBe(Field.last | Field.anew);
  });
});

describe("change in 24 hours", () => {
  test.each([
    { price: "100.05", amount: "0.05", percent: "0.05", trend: 1 },
    { price: "99.5", amount: "-0.50", percent: "-0.50", trend: -1 },
    { price: "100.000", amount: "0.000", percent: "0.00", trend: 0 },
    { price: "-20", amount: "-120.00", percent: "-120.00", trend: -1 },
  ])("from 100.00 to $price is $amount", ({ price, amount, percent, trend }) => {
    const quotes = known();
    quotes.applyStats(stats({}));
    quotes.apply(ticker({ q: 2, p: price }));
    expect(quotes.change(first)).toEqual({ amount, percent });
    expect(quotes.trend(first)).toBe(trend);
  });

  test("is not known without the day's open or without a price", () => {
    const quotes = new Quotes();
    quotes.apply(snapshot({ p: "" }));
    expect(quotes.change(first)).toBeUndefined();
    quotes.applyStats(stats({}));
    expect([quotes.change(first), quotes.trend(first)]).toEqual([undefined, 0]);
  });
});

describe("the spread", () => {
  test.each([
    { bid: "99.9", ask: "100.01", want: "0.11" },
    { bid: "", ask: "100.01", want: "" },
    { bid: "0.00000001", ask: "0.00000003", want: "0.00000002" },
  ])("of $bid and $ask is $want", ({ bid, ask, want }) => {
    const quotes = new Quotes();
    quotes.apply(snapshot({ b: bid, a: ask }));
    expect(quotes.spread(first)).toBe(want);
  });
});

describe("ticks that a message stands for", () => {
  test("come from the differences of n, not from the number of updates", () => {
    expect(known().apply(ticker({ q: 2, n: 21 }, { q: 3, n: 41 }))).toBe(40);
  });

  test("leave out what a snapshot stands for, and start from it", () => {
    const quotes = known();
    expect(quotes.apply(snapshot({ q: 9, n: 1_000_000 }))).toBe(0);
    expect(quotes.apply(ticker({ q: 10, n: 1_000_010 }))).toBe(10);
  });

  test.each([3, 1_000_000])("leave out what another node counted before: the first n is %i", (n) => {
    const quotes = known();
    quotes.reconnected();
    expect(quotes.apply(ticker({ q: 2, n }))).toBe(0);
    expect(quotes.apply(ticker({ q: 3, n: n + 10 }))).toBe(10);
  });
});

describe("freshness", () => {
  test("is what the server says after a snapshot, and live again with an update", () => {
    const quotes = known();
    expect(quotes.freshness(first)).toBe("live");
    quotes.judge(btc, "stale");
    expect([quotes.freshness(first), quotes.take().get(first)]).toEqual(["stale", Field.state]);
    quotes.apply(ticker({ q: 2, p: "101" }));
    expect(quotes.freshness(first)).toBe("live");
  });

  test("waits, with the old values, from when nothing is heard until something is", () => {
    const quotes = known();
    quotes.doubt([btc]);
    expect([quotes.freshness(first), quotes.last(first)]).toEqual(["waiting", "100.00"]);
    quotes.apply(snapshot({}));
    expect(quotes.freshness(first)).toBe("live");
  });
});
