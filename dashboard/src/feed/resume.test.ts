import { describe, expect, test } from "vitest";
import { connected, FakeSocket, fakeTime, hello, reconnect, seqs, snapshot, ticker, trades } from "./fake.ts";
import type { Gap } from "./protocol.ts";

fakeTime();

interface Asked {
  readonly op: string;
  readonly symbols: readonly string[];
  readonly since?: Readonly<Record<string, number>>;
  readonly position?: string;
}

const say = (...messages: object[]): void => messages.forEach((message) => FakeSocket.newest.say(message));
const gap = (from: number, to: number) => ({ type: "gap", channel: "trades", symbol: "BTC-USD", from, to });
const ack = (position: string, ...symbols: string[]) => ({ type: "ack", op: "subscribe", channel: "trades", symbols, position });
const sizes = (requests: readonly unknown[]) => requests.map((request) => JSON.stringify(request).length);

describe("ticker after a reconnect", () => {
  test("goes on from the last q of every symbol that is still wanted", () => {
    const { feed } = connected();
    feed.subscribe(["BTC-USD", "SOL-USD"]);
    feed.subscribe(["ETH-*"], { rate: 2 });
    say(snapshot({ q: 7 }, { s: "SOL-USD", q: 3 }, { s: "ETH-USD", q: 4 }, { s: "ETH-EUR", q: 5 }), ticker({ q: 9, n: 4 }));
    feed.unsubscribe(["SOL-USD"]);
    expect(reconnect()).toMatchObject([
      { symbols: ["BTC-USD"], since: { "BTC-USD": 9 } },
      { symbols: ["ETH-*"], rate: 2, since: { "ETH-USD": 4, "ETH-EUR": 5 } },
    ]);
  });

  test("asks for a symbol once, by the term that the server goes by", () => {
    const { feed } = connected();
    feed.subscribe(["*"]);
    feed.subscribe(["ETH-*"]);
    feed.subscribe(["ETH-USD"]);
    say(snapshot({ s: "ETH-USD", q: 1 }, { s: "ETH-EUR", q: 2 }, { s: "SOL-USD", q: 3 }));
    expect(reconnect()).toMatchObject([
      { symbols: ["ETH-USD"], since: { "ETH-USD": 1 } },
      { symbols: ["ETH-*"], since: { "ETH-EUR": 2 } },
      { symbols: ["*"], since: { "SOL-USD": 3 } },
    ]);
  });

  test("takes an n that starts anew without a snapshot, as another node counts it", () => {
    const { feed, ticker: heard, faults } = connected();
    feed.subscribe(["BTC-USD"]);
    say(snapshot({ q: 7, n: 3000 }));
    reconnect({ node: "n2" });
    say(ticker({ q: 8, n: 1 }), ticker({ q: 9, n: 2 }));
    expect([seqs(heard), faults]).toEqual([[7, 8, 9], []]);
  });

  test("does not take a q that does not rise, also across connections", () => {
    const { feed, ticker: heard, faults } = connected();
    feed.subscribe(["BTC-USD"]);
    say(snapshot({ q: 7 }));
    reconnect();
    say(ticker({ q: 7, n: 1 }), ticker({ q: 8, n: 2 }));
    expect(seqs(heard)).toEqual([7, 8]);
    expect(faults).toEqual([{ kind: "order", reason: "ticker of BTC-USD: q is 7 after 7: it must rise", count: 1 }]);
  });

  test("goes on from what the second connection told", () => {
    const { feed } = connected();
    feed.subscribe(["*"]);
    say(snapshot({ q: 7 }, { s: "ETH-USD", q: 4 }));
    reconnect();
    say(ticker({ q: 8, n: 1 }));
    expect(reconnect()).toMatchObject([{ since: { "BTC-USD": 8, "ETH-USD": 4 } }]);
  });

  test.each([
    { scenario: "on the connection", offline: false },
    { scenario: "without a connection", offline: true },
  ])("asks for the whole of a term that was subscribed anew $scenario", ({ offline }) => {
    const { feed } = connected();
    feed.subscribe(["BTC-USD", "ETH-*"]);
    say(snapshot({ q: 7 }, { s: "ETH-USD", q: 4 }));
    if (offline) FakeSocket.newest.end(4000);
    feed.unsubscribe(["BTC-USD", "ETH-*"]);
    feed.subscribe(["BTC-USD", "ETH-*"]);
    const sent = reconnect();
    expect(sent).toHaveLength(2);
    for (const request of sent) expect(request).not.toHaveProperty("since");
  });

  test("goes on with a symbol that another term covers all the time", () => {
    const { feed } = connected();
    feed.subscribe(["BTC-*", "BTC-USD"]);
    say(snapshot({ q: 7 }));
    feed.unsubscribe(["BTC-USD"]);
    feed.subscribe(["BTC-USD"]);
    expect(reconnect()).toMatchObject([{ symbols: ["BTC-USD"], since: { "BTC-USD": 7 } }, { symbols: ["BTC-*"] }]);
  });

  test("does not ask to go on while it is connected", () => {
    const { feed } = connected();
    feed.subscribe(["*"]);
    say(snapshot({ q: 7 }));
    feed.subscribe(["BTC-USD"], { rate: 1 });
    expect(FakeSocket.newest.sent[1]).toEqual({ op: "subscribe", id: 2, channel: "ticker", symbols: ["BTC-USD"], rate: 1 });
  });

  test("is the whole of other channels", () => {
    const { feed } = connected();
    feed.subscribe(["*"], { channel: "stats" });
    feed.subscribe(["*"], { channel: "bars_1s" });
    say({ type: "stats", data: [] }, snapshot({}));
    for (const request of reconnect()) expect(request).not.toHaveProperty("since");
  });
});

describe("the size of requests", () => {
  const limits = { ...hello.limits, message_bytes: 1024 };
  const symbols = Array.from({ length: 200 }, (_, i) => `SYMBOL-${i}`);
  const rows = symbols.map((s, i) => ({ s, q: 1_000_000 + i }));

  test("leaves room for the place of every name", () => {
    const { feed } = connected();
    feed.subscribe(symbols, { rate: 10 });
    say(snapshot(...rows));
    const sent = reconnect({ limits }) as Asked[];
    expect(sent.flatMap((r) => r.symbols)).toEqual(symbols);
    for (const { symbols, since } of sent) expect(Object.keys(since ?? {})).toEqual(symbols);
    expect(Math.max(...sizes(sent))).toBeLessThanOrEqual(1024);
    expect(sent.length).toBeLessThan(12);
  });

  test("leaves out the symbols of a pattern that there is no room for, and takes them from a snapshot", () => {
    const { feed, ticker: heard, faults } = connected();
    feed.subscribe(["SYMBOL-*", "*"]);
    say(snapshot(...rows));
    const sent = reconnect({ limits }) as Asked[];
    expect(sent.map((r) => r.symbols)).toEqual([["SYMBOL-*"], ["*"]]);
    const asked = Object.keys(sent[0]?.since ?? {});
    expect(asked).toEqual(symbols.slice(0, asked.length));
    expect(asked.length).toBeGreaterThan(30);
    expect(sent[1]).not.toHaveProperty("since");
    expect(Math.max(...sizes(sent))).toBeLessThanOrEqual(1024);
    say(snapshot({ s: "SYMBOL-199", q: 5, n: 1 }), ticker({ s: "SYMBOL-199", q: 6, n: 2 }), ticker({ s: "SYMBOL-0", q: 1_000_001, n: 1 }));
    expect([seqs(heard.slice(1)), faults]).toEqual([[5, 6, 1_000_001], []]);
  });

  test("counts a name that is not of ASCII by its bytes", () => {
    const { feed } = connected();
    feed.subscribe(Array.from({ length: 100 }, (_, i) => `€€€€€€€€${i}`));
    for (const request of reconnect({ limits })) expect(Buffer.byteLength(JSON.stringify(request))).toBeLessThanOrEqual(1024);
  });
});

describe("the order of ticker", () => {
  test.each([
    { scenario: "a q that falls", update: { q: 6, n: 9 }, reason: "q is 6 after 7: it must rise" },
    { scenario: "a q that stands still", update: { q: 7, n: 9 }, reason: "q is 7 after 7: it must rise" },
    { scenario: "an n that stands still", update: { q: 8, n: 3 }, reason: "n is 3 after 3: it must rise" },
  ])("$scenario is counted, told, and not delivered, though what is beside it is", ({ update, reason }) => {
    const { ticker: heard, faults } = connected();
    say(snapshot({ q: 7, n: 3 }, { s: "ETH-USD", q: 1, n: 1 }), ticker(update, { s: "ETH-USD", q: 2, n: 2 }), ticker(update));
    expect(heard.slice(1)).toEqual([ticker({ s: "ETH-USD", q: 2, n: 2 })]);
    const fault = { kind: "order", reason: `ticker of BTC-USD: ${reason}` };
    expect(faults).toEqual([
      { ...fault, count: 1 },
      { ...fault, count: 2 },
    ]);
  });

  test("may be broken by a snapshot", () => {
    const { ticker: heard, faults } = connected();
    say(snapshot({ q: 500, n: 70 }), snapshot({ q: 3, n: 2 }), ticker({ q: 4, n: 3 }));
    expect([seqs(heard), faults]).toEqual([[500, 3, 4], []]);
  });

  test("begins with a snapshot: an update before it is told, and delivered", () => {
    const { ticker: heard, faults } = connected();
    say(ticker({ q: 7, n: 3 }), ticker({ q: 8, n: 4 }));
    expect(seqs(heard)).toEqual([7, 8]);
    expect(faults).toEqual([{ kind: "order", reason: "ticker of BTC-USD: an update came before the snapshot", count: 1 }]);
  });
});

describe("trades", () => {
  test("whose q does not rise are counted, told, and not delivered", () => {
    const { trades: heard, faults } = connected();
    say(trades({ q: 7 }, { q: 7 }, { q: 8 }, { s: "ETH-USD", q: 1 }), trades({ q: 6 }));
    expect(heard).toEqual([trades({ q: 7 }, { q: 8 }, { s: "ETH-USD", q: 1 })]);
    expect(faults.map((f) => f.reason)).toEqual(["trades of BTC-USD: q is 7 after 7: it must rise", "trades of BTC-USD: q is 6 after 8: it must rise"]);
  });

  test("go on after a reconnect from the last q, apart from those of ticker", () => {
    const { feed, trades: heard, faults } = connected();
    feed.subscribe(["*"]);
    feed.subscribe(["BTC-USD", "ETH-*"], { channel: "trades" });
    say(snapshot({ q: 9 }), trades({ q: 7 }, { s: "ETH-USD", q: 4 }));
    expect(reconnect()).toMatchObject([
      { channel: "ticker", symbols: ["*"], since: { "BTC-USD": 9 } },
      { channel: "trades", symbols: ["BTC-USD"], since: { "BTC-USD": 7 } },
      { channel: "trades", symbols: ["ETH-*"], since: { "ETH-USD": 4 } },
    ]);
    say(trades({ q: 7 }, { q: 8 }));
    expect([heard.at(-1), faults.length]).toEqual([trades({ q: 8 }), 1]);
  });

  test("after a gap go on behind it", () => {
    const { feed, trades: heard, faults } = connected();
    feed.subscribe(["BTC-USD"], { channel: "trades" });
    say(trades({ q: 7 }), gap(8, 4711));
    expect(reconnect()).toMatchObject([{ since: { "BTC-USD": 4711 } }]);
    say(trades({ q: 4711 }), trades({ q: 4712 }));
    expect([heard, faults.length]).toEqual([[trades({ q: 7 }), gap(8, 4711), trades({ q: 4712 })], 1]);
  });

  test("may start q anew after a gap that ends before it begins", () => {
    const { feed, trades: heard, faults } = connected();
    feed.subscribe(["BTC-USD"], { channel: "trades" });
    say(trades({ q: 7000 }), gap(7001, 2), trades({ q: 3 }));
    expect([heard.at(-1), faults]).toEqual([trades({ q: 3 }), []]);
    expect(reconnect()).toMatchObject([{ since: { "BTC-USD": 3 } }]);
  });

  test("that there was no room to ask for leave a gap, which the feed says", () => {
    const { feed, trades: heard, faults } = connected();
    const rows = Array.from({ length: 200 }, (_, i) => ({ s: `SYMBOL-${i}`, q: 1000 + i }));
    feed.subscribe(["*"], { channel: "trades" });
    say(trades(...rows));
    const [request] = reconnect({ limits: { ...hello.limits, message_bytes: 1024 } }) as Asked[];
    expect(request?.since).toHaveProperty("SYMBOL-0");
    expect(request?.since).not.toHaveProperty("SYMBOL-199");
    const last = { s: "SYMBOL-199" };
    say(trades({ s: "SYMBOL-0", q: 5000 }, { ...last, q: 5001 }), trades({ ...last, q: 5003 }), trades({ s: "SYMBOL-198", q: 1199 }));
    const missed: Partial<Gap>[] = [{ type: "gap", channel: "trades", symbol: "SYMBOL-199", from: 1200, to: 5000 } as Gap];
    expect(heard.slice(1)).toEqual([
      ...missed,
      trades({ s: "SYMBOL-0", q: 5000 }, { ...last, q: 5001 }),
      trades({ ...last, q: 5003 }),
      trades({ s: "SYMBOL-198", q: 1199 }),
    ]);
    expect(faults).toEqual([]);
  });

  test("that were not wanted for a while leave no gap", () => {
    const { feed, trades: heard } = connected();
    feed.subscribe(["BTC-USD"], { channel: "trades" });
    say(trades({ q: 7 }));
    feed.unsubscribe(["BTC-USD"], "trades");
    feed.subscribe(["BTC-USD"], { channel: "trades" });
    expect(reconnect()[0]).not.toHaveProperty("since");
    say(trades({ q: 900 }));
    expect(heard).toEqual([trades({ q: 7 }), trades({ q: 900 })]);
  });
});

describe("where trades begin", () => {
  const limits = { ...hello.limits, message_bytes: 1024 };
  const trading = (...terms: string[]) => {
    const it = connected();
    it.feed.subscribe(terms, { channel: "trades" });
    return it;
  };
  const begun = (requests: readonly unknown[]) => (requests as Asked[]).map(({ symbols, position }) => [symbols.join(" "), position]);

  test("before the first trade is the position of the ack, also when the connection breaks while what was missed is told", () => {
    const { trades: heard, faults } = trading("BTC-USD", "ETH-*");
    say(ack("0-4", "BTC-USD", "ETH-*"));
    expect(reconnect()).toMatchObject([
      { symbols: ["BTC-USD"], position: "0-4" },
      { symbols: ["ETH-*"], position: "0-4" },
    ]);
    say(ack("0-4", "BTC-USD"), ack("0-4", "ETH-*"), trades({ s: "ETH-USD", q: 5 }));
    const third = reconnect();
    expect(begun(third)).toEqual([
      ["BTC-USD", "0-4"],
      ["ETH-*", "0-4"],
    ]);
    expect(third).toMatchObject([{}, { since: { "ETH-USD": 5 } }]);
    say(ack("0-9", "BTC-USD"), ack("0-9", "ETH-*"), trades({ q: 12 }));
    expect(begun(reconnect())).toEqual([
      ["BTC-USD", undefined],
      ["ETH-*", "0-9"],
    ]);
    expect([seqs(heard as never), faults]).toEqual([[5, 12], []]);
  });

  test.each([
    { scenario: "the first ack of a connection counts", terms: ["A"], acks: [ack("0-1", "A"), ack("0-2", "A")], want: [["A", "0-1"]] },
    { scenario: "terms apart that begin apart", terms: ["A", "B"], acks: [ack("0-1", "B"), ack("0-2", "A")], want: [["B", "0-1"], ["A", "0-2"]] },
    { scenario: "a name of a pattern begins with it", terms: ["A1", "A*"], acks: [ack("0-1", "A*"), ack("0-2", "A1")], want: [["A1", "0-1"], ["A*", "0-1"]] },
    { scenario: "also when it was not acked", terms: ["A1", "B", "A*"], acks: [ack("0-1", "A*")], want: [["A1", "0-1"], ["B", undefined], ["A*", "0-1"]] },
    {
      scenario: "in no more than so many requests",
      terms: [..."ABCDEFGHIJ"],
      acks: [..."ABCDEFGHIJ"].map((term, i) => ack(`0-${i}`, term)),
      want: [["A B C", "0-0"], ...[..."DEFGHIJ"].map((term, i) => [term, `0-${i + 3}`])],
    },
  ])("$scenario", ({ terms, acks, want }) => {
    trading(...terms);
    say(...acks);
    expect(begun(reconnect())).toEqual(want);
  });

  test("is forgotten with what is unsubscribed", () => {
    const { feed } = trading("A", "B*");
    say(ack("0-1", "A", "B*"));
    feed.unsubscribe(["A", "B*"], "trades");
    say({ type: "ack", op: "unsubscribe", channel: "trades", symbols: ["A", "B*"] });
    feed.subscribe(["A", "B*"], { channel: "trades" });
    for (const request of reconnect()) expect(request).not.toHaveProperty("position");
  });

  test("stands for symbols that there was no room to ask for: what was told of them is passed over", () => {
    const { trades: heard, faults } = trading("*");
    say(ack("0-7", "*"), trades(...Array.from({ length: 200 }, (_, i) => ({ s: `SYMBOL-${i}`, q: 1000 + i }))));
    const sent = reconnect({ limits }) as Asked[];
    expect(begun(sent)).toEqual([["*", "0-7"]]);
    expect(sent[0]?.since).not.toHaveProperty("SYMBOL-198");
    expect(Math.max(...sizes(sent))).toBeLessThanOrEqual(1024);
    const last = { s: "SYMBOL-199" };
    const before = { ...gap(8, 1300), symbol: "SYMBOL-198" };
    say({ ...before, to: 900 }, trades({ ...last, q: 950 }, { ...last, q: 1199 }, { ...last, q: 1203 }), before, trades({ s: "SYMBOL-198", q: 1301 }));
    expect(heard.slice(1)).toEqual([trades({ ...last, q: 1203 }), { ...before, from: 1199 }, trades({ s: "SYMBOL-198", q: 1301 })]);
    expect(faults).toEqual([]);
  });
});
