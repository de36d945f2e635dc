// What the page knows, without a DOM: values, what has changed, and how the
// connection is.

export { Board } from "./board.ts";
export type { Connection } from "./connection.ts";
export type { Sign } from "./decimal.ts";
export { sign } from "./decimal.ts";
export type { Change, Fields, Row } from "./quotes.ts";
export { Field, Quotes } from "./quotes.ts";
// The values that a Quotes holds are the feed's.
export type { Decimal, MaybeDecimal, Micros, State, SymbolName } from "../feed/index.ts";
