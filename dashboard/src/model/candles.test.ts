import { describe, expect, test } from "vitest";
import type { Bar } from "../feed/index.ts";
import { Candles } from "./candles.ts";

const bar = (t: number, k = 1, q = k): Bar => ({ s: "A", t, q, k, o: "1", h: "1", l: "1", c: "1", v: "1", x: false }) as unknown as Bar;
const times = (candles: Candles) => candles.bars.map(({ t, k }) => `${t}:${k}`);

/** Candles of the bars at 1, 2 and 4, drawn. */
function drawn(): Candles {
  const candles = new Candles();
  for (const t of [1, 2, 4]) candles.put(bar(t));
  candles.take();
  return candles;
}

describe("candles", () => {
  test("are drawn as a whole at first, and then not again", () => {
    const candles = new Candles();
    candles.put(bar(1));
    expect([candles.take(), candles.take()]).toEqual([{ kind: "all" }, undefined]);
  });

  test.each([
    { scenario: "the next one is added", put: [bar(5)], want: ["1:1", "2:1", "4:1", "5:1"], change: { kind: "last", bars: [bar(5)] } },
    { scenario: "the last one goes on", put: [bar(4, 2)], want: ["1:1", "2:1", "4:2"], change: { kind: "last", bars: [bar(4, 2)] } },
    { scenario: "one that is older than what there is changes nothing", put: [bar(4, 0)], want: ["1:1", "2:1", "4:1"], change: undefined },
    { scenario: "a late trade changes one of before", put: [bar(2, 2)], want: ["1:1", "2:2", "4:1"], change: { kind: "all" } },
    { scenario: "a late trade makes one of before", put: [bar(3)], want: ["1:1", "2:1", "3:1", "4:1"], change: { kind: "all" } },
    { scenario: "one before all others is the first", put: [bar(0)], want: ["0:1", "1:1", "2:1", "4:1"], change: { kind: "all" } },
    { scenario: "many between two paints are told together", put: [bar(4, 2), bar(5), bar(5, 2)], want: ["1:1", "2:1", "4:2", "5:2"], change: { kind: "last", bars: [bar(4, 2), bar(5), bar(5, 2)] } },
  ])("$scenario", ({ put, want, change }) => {
    const candles = drawn();
    for (const b of put) candles.put(b);
    expect([times(candles), candles.take()]).toEqual([want, change]);
  });

  test("are drawn as a whole when nobody has drawn them for long", () => {
    const candles = drawn();
    for (let k = 2; k < 10_000; k++) candles.put(bar(4, k));
    expect([candles.take(), times(candles)]).toEqual([{ kind: "all" }, ["1:1", "2:1", "4:9999"]]);
  });

  test("stay bounded, however long the page is open", () => {
    const candles = new Candles();
    for (let t = 0; t < 100_000; t++) candles.put(bar(t));
    expect(candles.bars.length).toBeLessThanOrEqual(2000);
    expect(candles.bars.at(-1)?.t).toBe(99_999);
  });
});
