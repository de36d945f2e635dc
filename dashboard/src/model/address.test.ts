import { describe, expect, test } from "vitest";
import type { SymbolName } from "../feed/index.ts";
import type { Address } from "./address.ts";
import { formatAddress, parseAddress } from "./address.ts";

const plain: Address = { list: undefined, favourites: false, search: "", only: "all", sort: undefined, symbol: undefined, interval: "1m", flow: false, server: false };

describe("an address", () => {
  test.each<{ query: string; address: Partial<Address> }>([
    { query: "", address: {} },
    { query: "q=btc", address: { search: "btc" } },
    { query: "list=*", address: { favourites: true } },
    { query: "list=My%20list%20%26%20more", address: { list: "My list & more" } },
    { query: "only=falling&sort=percent.desc", address: { only: "falling", sort: { column: "percent", descending: true } } },
    { query: "symbol=BTC-USD&interval=5m&flow=1", address: { symbol: "BTC-USD" as SymbolName, interval: "5m", flow: true } },
    { query: "flow=1&server=1", address: { flow: true, server: true } },
  ])("$query is read and written alike", ({ query, address }) => {
    expect(parseAddress(`?${query}`)).toEqual({ ...plain, ...address });
    expect(formatAddress({ ...plain, ...address })).toBe(query);
  });

  test.each(["?only=x", "?sort=last", "?sort=last.up", "?interval=2m", "?flow=yes", "?server=0", "?q=%E0%A4%A", "?x=1", "?=&&", "?symbol=", "?list="])(
    "what %s says and nobody understands is as if it were not there",
    (query) => {
      expect(parseAddress(query)).toEqual(plain);
    },
  );

  test("reads a plus as the space that a form writes", () => {
    expect(parseAddress("?q=a+b").search).toBe("a b");
  });
});
