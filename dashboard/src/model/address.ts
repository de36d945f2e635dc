import type { SymbolName } from "../feed/index.ts";
import type { Interval } from "./detail.ts";
import { intervals } from "./detail.ts";

/** Which rows a person wants to see, beside a list and a search. */
export type Movement = "all" | "rising" | "falling" | "stale";

/** The view, as the query of the page's address holds it. */
export interface Address {
  /** A watchlist's name; undefined: all symbols. */
  readonly list: string | undefined;
  /** The favourites are the list. */
  readonly favourites: boolean;
  readonly search: string;
  readonly only: Movement;
  readonly sort: { readonly column: string; readonly descending: boolean } | undefined;
  readonly symbol: SymbolName | undefined;
  readonly interval: Interval;
  /** Whether the flow panel is open. */
  readonly flow: boolean;
  /** Whether the server panel is, for who may see it. */
  readonly server: boolean;
}

const movements: readonly string[] = ["rising", "falling", "stale"] satisfies Movement[];
const FAVOURITES = "*";

/** Reads a query. What it does not understand is as if it were not there. */
export function parseAddress(query: string): Address {
  const params = new Map(query.replace(/^\?/, "").split("&").map(pair));
  const list = params.get("list");
  const only = params.get("only") ?? "";
  const interval = params.get("interval") ?? "";
  const sort = /^(?<column>[a-z]+)\.(?<way>asc|desc)$/.exec(params.get("sort") ?? "")?.groups;
  return {
    list: list === FAVOURITES ? undefined : list || undefined,
    favourites: list === FAVOURITES,
    search: params.get("q") ?? "",
    only: movements.includes(only) ? (only as Movement) : "all",
    sort: sort === undefined ? undefined : { column: sort["column"] ?? "", descending: sort["way"] === "desc" },
    symbol: (params.get("symbol") || undefined) as SymbolName | undefined,
    interval: interval in intervals ? (interval as Interval) : "1m",
    flow: params.get("flow") === "1",
    server: params.get("server") === "1",
  };
}

/** The query of an address, without a question mark; empty if all is as a new page has it. */
export function formatAddress(address: Address): string {
  const { list, favourites, search, only, sort, symbol, interval, flow, server } = address;
  const params: readonly (readonly [string, string])[] = [
    ["list", favourites ? FAVOURITES : (list ?? "")],
    ["q", search],
    ["only", only === "all" ? "" : only],
    ["sort", sort === undefined ? "" : `${sort.column}.${sort.descending ? "desc" : "asc"}`],
    ["symbol", symbol ?? ""],
    ["interval", symbol === undefined || interval === "1m" ? "" : interval],
    ["flow", flow ? "1" : ""],
    ["server", server ? "1" : ""],
  ];
  return params.filter(([, value]) => value !== "").map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
}

function pair(text: string): readonly [string, string] {
  const [key = "", value = ""] = text.split("=", 2);
  try {
    return [key, decodeURIComponent(value.replaceAll("+", " "))];
  } catch {
    return [key, ""]; // a stray percent sign
  }
}
