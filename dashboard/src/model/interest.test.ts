import { beforeEach, describe, expect, test } from "vitest";
import type { Channel, SubscribeOptions, SymbolName } from "../feed/index.ts";
import { ManualClock } from "./fake.ts";
import { Interest } from "./interest.ts";

const names = (...of: string[]): SymbolName[] => of as SymbolName[];
const set = (...of: string[]): Set<SymbolName> => new Set(names(...of));

let clock: ManualClock;
let asked: string[];
let doubted: string[];
let interest: Interest;

/** The server's side: what is subscribed on a channel, with its rate. */
let held: Map<string, number>;

beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  doubted = [];
  held = new Map();
  const feed = {
    subscribe(terms: readonly string[], options: SubscribeOptions) {
      const { channel = "ticker", rate = 0 } = options;
      asked.push(`+${channel} ${terms.join()} @${rate}`);
      for (const term of terms) held.set(`${channel} ${term}`, rate);
    },
    unsubscribe(terms: readonly string[], channel: Channel) {
      asked.push(`-${channel} ${terms.join()}`);
      for (const term of terms) held.delete(`${channel} ${term}`);
    },
  };
  interest = new Interest(feed, clock, 5, (symbols) => doubted.push(...symbols));
  interest.offer(names("A", "B", "C", "D"));
});

const tickers = () => [...held.keys()].filter((key) => key.startsWith("ticker ")).map((key) => key.slice(7)).sort();
const forget = () => void ((asked = []), (doubted = []));

describe("what is on screen", () => {
  test("is subscribed on ticker and stats, in one request each", () => {
    interest.see(set("A", "B"));
    clock.pass(100);
    expect(asked).toEqual(["+ticker A,B @5", "+stats A,B @1"]);
    expect(doubted).toEqual(["A", "B"]);
  });

  test("is subscribed together with what is kept, and what the server does not have is not", () => {
    interest.see(set("A", "X"));
    interest.keep(set("D", "Y"));
    clock.pass(100);
    expect(tickers()).toEqual(["A", "D"]);
    interest.offer(names("X"));
    clock.pass(100);
    expect(tickers()).toEqual(["A", "D", "X"]);
  });

  test("changes the subscription once for many moves in a short time", () => {
    for (const symbol of ["A", "B", "C"]) interest.see(set(symbol));
    clock.pass(100);
    expect(tickers()).toEqual(["C"]);
    expect(asked).toHaveLength(2);
  });

  test("stays subscribed for a while after it has left, and comes back without a request", () => {
    interest.see(set("A", "B"));
    clock.pass(100);
    interest.see(set("B", "C"));
    clock.pass(1000);
    expect(tickers()).toEqual(["A", "B", "C"]);
    forget();
    interest.see(set("A", "B"));
    clock.pass(1000);
    expect([asked, doubted]).toEqual([[], []]);
  });

  test("is let go when it does not come back", () => {
    interest.see(set("A", "B"));
    clock.pass(100);
    interest.see(set("B"));
    forget();
    clock.pass(10_000);
    expect(asked).toEqual(["-ticker A", "-stats A"]);
    expect([doubted, tickers(), interest.size]).toEqual([["A"], ["B"], 1]);
  });

  test("does not leave more than 200 symbols behind that wait to be let go", () => {
    const many = Array.from({ length: 1000 }, (_, i) => `S${i}`);
    interest.offer(names(...many));
    interest.see(set(...many));
    clock.pass(100);
    interest.see(set("A"));
    clock.pass(100);
    expect(tickers()).toHaveLength(201);
  });
});

test("another rate is asked for at once, for what is subscribed already", () => {
  interest.see(set("A", "B"));
  clock.pass(100);
  forget();
  interest.rate(0.5);
  expect(asked).toEqual(["+ticker A,B @0.5", "+stats A,B @1"]);
  expect(doubted).toEqual([]);
});

describe("a survey", () => {
  test("takes all symbols slowly, and those on screen as before", () => {
    interest.see(set("A"));
    interest.survey(true);
    clock.pass(100);
    expect([...held]).toEqual([
      ["ticker *", 0.2],
      ["stats *", 0.2],
      ["ticker A", 5],
      ["stats A", 1],
    ]);
  });

  test("leaves what is not on screen in doubt when it ends", () => {
    interest.see(set("A"));
    interest.survey(true);
    clock.pass(100);
    forget();
    interest.survey(false);
    clock.pass(100);
    expect(asked).toEqual(["-ticker *", "-stats *"]);
    expect(doubted).toEqual(["B", "C", "D"]);
  });

  test("does not leave a symbol in doubt that leaves the screen", () => {
    interest.survey(true);
    interest.see(set("A"));
    clock.pass(100);
    interest.see(set());
    clock.pass(10_000);
    expect(doubted).toEqual([]);
  });
});

describe("a survey of a page that is not granted all symbols", () => {
  beforeEach(() => {
    interest.see(set("A"));
    interest.survey(true);
    clock.pass(100);
    interest.restrict();
    clock.pass(100);
  });

  test("is by name, and what is on screen stays as it was", () => {
    expect([...held.keys()].filter((key) => key.endsWith(" *"))).toEqual([]);
    expect(tickers()).toEqual(["A", "B", "C", "D"]);
    expect([held.get("ticker A"), held.get("ticker B"), held.get("stats D")]).toEqual([5, 0.2, 0.2]);
  });

  test("goes with the screen", () => {
    interest.see(set("B"));
    clock.pass(5000);
    expect(tickers()).toEqual(["A", "B", "C", "D"]);
    expect([held.get("ticker A"), held.get("ticker B")]).toEqual([0.2, 5]);
  });

  test("takes what is offered later, and lets go of what is denied", () => {
    interest.offer(names("E"));
    clock.pass(100);
    interest.denied(names("C")[0] as SymbolName);
    clock.pass(100);
    expect(tickers()).toEqual(["A", "B", "D", "E"]);
  });

  test("ends as it began", () => {
    forget();
    interest.survey(false);
    clock.pass(100);
    expect(tickers()).toEqual(["A"]);
    expect(doubted).toEqual(["B", "C", "D"]);
    interest.survey(true);
    clock.pass(100);
    expect(tickers()).toEqual(["A", "B", "C", "D"]);
  });
});

describe("a hidden page", () => {
  test("goes on slowly, and without what is inspected", () => {
    interest.see(set("A"));
    interest.survey(true);
    interest.inspect({ symbol: "B" as SymbolName, channel: "bars_1m" });
    clock.pass(100);
    interest.hide(true);
    const slow = ["ticker A", "ticker B", "stats A", "stats B"].map((key) => [key, 0.2]);
    expect([...held]).toEqual(slow);
  });

  test("comes back with a snapshot of everything: it is taken back and asked for anew", () => {
    interest.see(set("A"));
    clock.pass(100);
    interest.hide(true);
    forget();
    interest.hide(false);
    expect(asked).toEqual(["-ticker A", "-stats A", "+ticker A @5", "+stats A @1"]);
  });
});

describe("an inspected symbol", () => {
  const inspect = (symbol: string, channel: "bars_1s" | "bars_1m") => {
    interest.inspect({ symbol: symbol as SymbolName, channel });
    clock.pass(100);
  };

  test("is subscribed wherever the screen is, with its trades and bars", () => {
    inspect("A", "bars_1m");
    expect(asked).toEqual(["+ticker A @5", "+stats A @1", "+bars_1m A @5", "+trades A @0"]);
  });

  test("keeps its trades when the interval changes", () => {
    inspect("A", "bars_1m");
    forget();
    inspect("A", "bars_1s");
    expect(asked).toEqual(["-bars_1m A", "+bars_1s A @5"]);
  });

  test("is let go of when it is closed", () => {
    inspect("A", "bars_1m");
    forget();
    interest.inspect(undefined);
    clock.pass(100);
    expect(asked).toEqual(["-bars_1m A", "-trades A"]);
  });
});

test("a symbol that the server does not know is asked for again only when it is offered", () => {
  interest.see(set("A", "B"));
  clock.pass(100);
  interest.denied("A" as SymbolName);
  clock.pass(10_000);
  expect(tickers()).toEqual(["B"]);
  interest.offer(names("A"));
  clock.pass(100);
  expect(tickers()).toEqual(["A", "B"]);
});
