import { beforeEach, describe, expect, test } from "vitest";
import type { Bar, Gap, SymbolName, Trade } from "../feed/index.ts";
import { Detail } from "./detail.ts";
import { settled } from "./fake.ts";

const trade = (q: number, s = "A"): Trade => ({ s, q, t: q, p: "1", z: "1", d: "b" }) as unknown as Trade;
const bar = (t: number, s = "A"): Bar => ({ s, t, q: t, k: 1, o: "1", h: "1", l: "1", c: "1", v: "1", x: false }) as unknown as Bar;
const a = "A" as SymbolName;

interface Question {
  readonly what: string;
  answer(list: readonly unknown[]): void;
  fail(): void;
}

let asked: Question[];
let detail: Detail;

beforeEach(() => {
  asked = [];
  const ask = <T>(what: string) => new Promise<T>((resolve, reject) => asked.push({ what, answer: (list) => resolve(list as T), fail: () => reject(new Error("no")) }));
  detail = new Detail({ bars: (symbol, channel) => ask(`${channel} ${symbol}`), trades: (symbol) => ask(`trades ${symbol}`) }, () => {});
});

const tape = () => detail.tape.entries.map((e) => ("q" in e ? e.q : `gap ${e.from}-${e.to}`));
const candles = () => detail.candles.bars.map(({ t }) => t);

describe("the detail of a symbol", () => {
  test("asks for the history of what is opened, and inspects it", () => {
    detail.open(a, "5m");
    expect(asked.map(({ what }) => what)).toEqual(["bars_5m A", "trades A"]);
    expect(detail.inspected).toEqual({ symbol: "A", channel: "bars_5m" });
    detail.open(undefined, "5m");
    expect(detail.inspected).toBeUndefined();
  });

  test("puts history and live values together, whichever comes first, each once", async () => {
    detail.open(a, "1m");
    detail.trades({ type: "trades", data: [trade(5), trade(6)] });
    detail.bars({ type: "bars_1m", data: [bar(3)] }, "bars_1m");
    asked[0]?.answer([bar(1), bar(2), bar(3)]);
    asked[1]?.answer([trade(4), trade(5)]);
    await settled();
    detail.trades({ type: "trades", data: [trade(7)] });
    expect([candles(), tape()]).toEqual([[1, 2, 3], [7, 6, 5, 4]]);
  });

  test("passes over what is of another symbol, or of another interval", () => {
    detail.open(a, "1m");
    detail.trades({ type: "trades", data: [trade(1, "B")] });
    detail.bars({ type: "bars_1m", data: [bar(1, "B")] }, "bars_1m");
    detail.bars({ type: "bars_1s", data: [bar(1)] }, "bars_1s");
    detail.gap({ type: "gap", channel: "trades", symbol: "B", from: 1, to: 2 } as unknown as Gap);
    expect([candles(), tape()]).toEqual([[], []]);
  });

  test("does not take an answer for one that it has left", async () => {
    detail.open(a, "1m");
    detail.open("B" as SymbolName, "1m");
    asked[0]?.answer([bar(1)]);
    asked[1]?.answer([trade(1)]);
    await settled();
    expect([candles(), tape()]).toEqual([[], []]);
  });

  test("keeps the trades when the interval changes", () => {
    detail.open(a, "1m");
    detail.trades({ type: "trades", data: [trade(1)] });
    detail.open(a, "1s");
    expect([tape(), detail.inspected?.channel]).toEqual([[1], "bars_1s"]);
  });

  test("shows a gap in its place", () => {
    detail.open(a, "1m");
    detail.trades({ type: "trades", data: [trade(1)] });
    detail.gap({ type: "gap", channel: "trades", symbol: "A", from: 2, to: 8 } as unknown as Gap);
    detail.trades({ type: "trades", data: [trade(9)] });
    expect(tape()).toEqual([9, "gap 2-8", 1]);
  });

  test("says when there is no history, and not any more when there is", async () => {
    detail.open(a, "1m");
    asked[0]?.fail();
    await settled();
    expect(detail.problem).toBe("The history could not be loaded: what is drawn begins now.");
    detail.refresh();
    expect(detail.problem).toBeUndefined();
  });

  test("keeps the last sixty trades", () => {
    detail.open(a, "1m");
    for (let q = 1; q <= 500; q++) detail.trades({ type: "trades", data: [trade(q)] });
    expect([tape().length, tape()[0], tape().at(-1)]).toEqual([60, 500, 441]);
  });
});
