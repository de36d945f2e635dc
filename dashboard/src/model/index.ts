// What the page knows, without a DOM: values, what has changed, what of it is
// subscribed, and how the connection is.

export type { Address, Movement } from "./address.ts";
export { formatAddress, parseAddress } from "./address.ts";
export type { Answers, Events, Source } from "./board.ts";
export { Board } from "./board.ts";
export type { BarsChange, Candles } from "./candles.ts";
export type { Connection } from "./connection.ts";
export type { Sign } from "./decimal.ts";
export { compare, sign } from "./decimal.ts";
export type { Detail, Interval } from "./detail.ts";
export { intervals } from "./detail.ts";
export { filterOf } from "./filter.ts";
export type { Flow } from "./flow.ts";
export type { Interest } from "./interest.ts";
export type { ColumnPreference, Theme } from "./preferences.ts";
export { Preferences } from "./preferences.ts";
export type { Change, Fields, Freshness, Row } from "./quotes.ts";
export { Field, Quotes } from "./quotes.ts";
export type { Pace, Server } from "./server.ts";
export type { Spark } from "./spark.ts";
export type { Vault, Want } from "./token.ts";
export { Token } from "./token.ts";
export type { Watchlists } from "./watchlists.ts";
// What is held of the server's is told in its words.
export type { Partition, ServerReport, SlowClient } from "../rest/index.ts";
// The values that are held are the feed's.
export type { Bar, Decimal, Gap, MaybeDecimal, Micros, Stat, State, SymbolName, Trade } from "../feed/index.ts";
