import { describe, expect, test } from "vitest";
import type { Bar, Decimal, SymbolName } from "../feed/index.ts";
import { settled } from "./fake.ts";
import { Spark, Sparks } from "./spark.ts";

describe("a spark", () => {
  test("has the newest price of each second, and the one before where there was none", () => {
    const spark = new Spark();
    const drawn = [spark.add(1, 100), spark.add(2, 100), spark.add(5, 103), spark.add(4, 102)];
    expect([...spark.points()]).toEqual([2, 2, 2, 5]);
    expect(drawn).toEqual([true, false, true, false]);
  });

  test("forgets what is older than two minutes", () => {
    const spark = new Spark();
    for (let second = 0; second < 500; second++) spark.add(second, 1000 + second);
    expect([...spark.points()]).toEqual(Array.from({ length: 120 }, (_, i) => 380 + i));
  });

  test("is one price all along after a long silence", () => {
    const spark = new Spark();
    spark.add(1, 100);
    spark.add(2, 10_000);
    expect([...spark.points()]).toEqual([...Array(119).fill(1), 2]);
  });
});

describe("sparks", () => {
  const bar = (t: number, c: string) => ({ t: t * 1e6, c }) as unknown as Bar;
  const names = (...of: string[]) => new Set(of as SymbolName[]);

  /** A source that answers when the test says so. */
  function source() {
    const asked: { symbol: string; answer: (bars: readonly Bar[]) => void; fail: () => void }[] = [];
    const bars = (symbol: SymbolName) => new Promise<readonly Bar[]>((answer, reject) => asked.push({ symbol, answer, fail: () => reject(new Error("no")) }));
    return { asked, bars };
  }

  test("begin with the history and go on live", async () => {
    const { asked, bars } = source();
    const changed: string[] = [];
    const sparks = new Sparks({ bars }, (symbol) => changed.push(symbol));
    sparks.want(names("A"));
    asked[0]?.answer([bar(10, "1.5"), bar(11, "2.5")]);
    await settled();
    expect(sparks.add("A" as SymbolName, "3.5" as Decimal, 12)).toBe(true);
    expect([...(sparks.get("A" as SymbolName)?.points() ?? [])]).toEqual([1.5, 2.5, 3.5]);
    expect(changed).toEqual(["A"]);
  });

  test("ask for four at once, and not for what has left the screen", async () => {
    const { asked, bars } = source();
    const sparks = new Sparks({ bars }, () => {});
    sparks.want(names("A", "B", "C", "D", "E", "F"));
    expect(asked.map((a) => a.symbol)).toEqual(["A", "B", "C", "D"]);
    sparks.want(names("B", "F"));
    asked[0]?.answer([bar(1, "1")]);
    asked[1]?.fail();
    await settled();
    expect(sparks.get("A" as SymbolName)).toBeUndefined();
    expect(sparks.get("B" as SymbolName)?.length).toBe(0);
    expect(asked.map((a) => a.symbol)).toEqual(["A", "B", "C", "D", "F"]);
  });
});
