import type { Address } from "./address.ts";
import type { Quotes, Row } from "./quotes.ts";
import type { Watchlists } from "./watchlists.ts";

/** Which rows an address asks for; undefined: all of them. */
export function filterOf(address: Address, quotes: Quotes, watchlists: Watchlists): ((row: Row) => boolean) | undefined {
  const { favourites, list, search, only } = address;
  const text = search.trim().toUpperCase();
  const among = favourites ? watchlists.favourites : list === undefined ? undefined : (watchlists.get(list) ?? new Set());
  if (text === "" && among === undefined && only === "all") return undefined;
  return (row) => {
    const symbol = quotes.symbol(row);
    if (text !== "" && !symbol.toUpperCase().includes(text)) return false;
    if (among !== undefined && !among.has(symbol)) return false;
    switch (only) {
      case "all":
        return true;
      case "rising":
        return quotes.trend(row) > 0;
      case "falling":
        return quotes.trend(row) < 0;
      case "stale":
        return quotes.freshness(row) !== "live" && quotes.freshness(row) !== "waiting";
    }
  };
}
