import { describe, expect, test } from "vitest";
import type { StatsSnapshot, SymbolName, TickerSnapshot } from "../feed/index.ts";
import { parseAddress } from "./address.ts";
import { filterOf } from "./filter.ts";
import type { Row } from "./quotes.ts";
import { Quotes } from "./quotes.ts";
import { Watchlists } from "./watchlists.ts";

const names = ["BTC-USD", "BTC-EUR", "ETH-USD", "ADA-USD"] as SymbolName[];
const prices = ["101", "99", "100", "100"];

const quotes = new Quotes();
quotes.apply({ type: "snapshot", channel: "ticker", data: names.map((s, i) => ({ s, q: 1, n: 1, t: 1, p: prices[i], z: "", b: "", a: "", v: "0" })) } as unknown as TickerSnapshot);
quotes.applyStats({ type: "snapshot", channel: "stats", data: names.map((s) => ({ s, o: "100" })) } as unknown as StatsSnapshot);
quotes.judge("ETH-USD" as SymbolName, "stale");
quotes.doubt(["ADA-USD" as SymbolName]);
const watchlists = new Watchlists(["ADA-USD" as SymbolName], [["Mine", ["BTC-USD", "ETH-USD"] as SymbolName[]]]);

describe("a filter", () => {
  test.each([
    { query: "?q=btc", want: ["BTC-USD", "BTC-EUR"] },
    { query: "?q=+usd+", want: ["BTC-USD", "ETH-USD", "ADA-USD"] },
    { query: "?list=*", want: ["ADA-USD"] },
    { query: "?list=Mine&q=eth", want: ["ETH-USD"] },
    { query: "?list=Gone", want: [] },
    { query: "?only=rising", want: ["BTC-USD"] },
    { query: "?only=falling", want: ["BTC-EUR"] },
    { query: "?only=stale", want: ["ETH-USD"] },
  ])("of $query leaves $want", ({ query, want }) => {
    const passes = filterOf(parseAddress(query), quotes, watchlists);
    expect(names.filter((_, row) => passes?.(row as Row))).toEqual(want);
  });

  test("is none where the address asks for none", () => {
    expect(filterOf(parseAddress("?sort=last.asc&flow=1"), quotes, watchlists)).toBeUndefined();
  });
});
