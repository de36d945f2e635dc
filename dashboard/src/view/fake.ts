// What the tests of this folder have in common. No part of the view.
import { readFileSync } from "node:fs";
import type { Hello, LinkEvent, Stat, StatsSnapshot, SymbolName, Ticker, TickerSnapshot, Update } from "../feed/index.ts";
import { ManualClock, tokenless } from "../model/fake.ts";
import type { Answers } from "../model/index.ts";
import { Board } from "../model/index.ts";

/** The page as it is served. */
export const html = readFileSync("index.html", "utf8");

/** Its elements, in the document of a test. */
export function loadPage(): void {
  document.body.innerHTML = /<body>(.*)<\/body>/s.exec(html)?.[1] ?? "";
}

export const connected: LinkEvent = { kind: "connected", hello: { node: "n1" } as Hello };

export const connectedAsOperator: LinkEvent = { kind: "connected", hello: { node: "n1", operator: true } as Hello };

const update = (change: object): Update =>
  ({ s: "BTC-USD", q: 1, n: 1, t: 0, p: "67123.40", z: "1", b: "67123.39", a: "", v: "1", ...change }) as unknown as Update;
export const snapshot = (...changes: object[]): TickerSnapshot => ({ type: "snapshot", channel: "ticker", data: changes.map(update) });
export const ticker = (...changes: object[]): Ticker => ({ type: "ticker", data: changes.map(update) });
export const stats = (change: object): StatsSnapshot => ({
  type: "snapshot",
  channel: "stats",
  data: [{ s: "BTC-USD", q: 1, t: 1, o: "67000.00", h: "68000", l: "66000", p: "67000", v: "12.50", w: "67001", c: "0", cp: "0", k: 1200, ...change } as unknown as Stat],
});

/** A board at the time 0 whose source answers nothing but what is given. */
export function boardOf(clock = new ManualClock(), answers: Partial<Answers> = {}): Board {
  const nothing = () => new Promise<never>(() => {});
  return new Board({ answers: { symbols: nothing, bars: nothing, trades: nothing, server: nothing, ...answers }, token: tokenless(), clock, wall: () => clock.now(), changed: () => {} });
}

export const name = (symbol: string): SymbolName => symbol as SymbolName;

/** What can be read in an element. */
export const text = (selector: string): string | undefined => document.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim();
