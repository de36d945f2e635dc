import { describe, expect, test, vi } from "vitest";
import { connected, FakeSocket, fakeTime, heartbeat, hello, opened, reconnect, snapshot, ticker, trades } from "./fake.ts";
import type { FeedListener } from "./feed.ts";
import { Feed } from "./feed.ts";
import type { LinkEvent } from "./link.ts";

fakeTime();

const waits = (links: readonly LinkEvent[]) => links.flatMap((e) => (e.kind === "lost" ? [e.retryInMs] : []));
const kinds = (links: readonly LinkEvent[]) => links.map((e) => e.kind);

describe("a feed", () => {
  test("asks for the subprotocol and subscribes with an id after hello, not before", () => {
    const { feed, links } = opened();
    feed.subscribe(["*"], { rate: 10 });
    const socket = FakeSocket.newest;
    expect([socket.url, socket.protocol, socket.sent]).toEqual(["ws://test/v1/ws", "tickwire.v1", []]);
    socket.say(hello);
    expect(socket.sent).toEqual([{ op: "subscribe", id: 1, channel: "ticker", symbols: ["*"], rate: 10 }]);
    expect(kinds(links)).toEqual(["connecting", "connected"]);
  });

  test("hands data on as it came", () => {
    const { ticker: heard } = connected();
    FakeSocket.newest.say(snapshot({}));
    FakeSocket.newest.say(ticker({ q: 8, n: 4 }));
    expect(heard).toEqual([snapshot({}), ticker({ q: 8, n: 4 })]);
  });

  test("subscribes and unsubscribes at once while it is connected, each with an id of its own", () => {
    const { feed } = opened();
    FakeSocket.newest.say(hello);
    feed.subscribe(["BTC-USD"]);
    feed.unsubscribe(["BTC-USD"]);
    expect(FakeSocket.newest.sent).toEqual([
      { op: "subscribe", id: 1, channel: "ticker", symbols: ["BTC-USD"] },
      { op: "unsubscribe", id: 2, channel: "ticker", symbols: ["BTC-USD"] },
    ]);
  });

  test("after a reconnect asks again for what is subscribed, by rate, and for nothing else", () => {
    const { feed } = opened();
    FakeSocket.newest.say(hello);
    feed.subscribe(["BTC-USD", "ETH-*"], { rate: 10 });
    feed.subscribe(["SOL-USD"], { rate: 1 });
    feed.unsubscribe(["BTC-USD"]);
    FakeSocket.newest.end(1006);
    vi.advanceTimersByTime(500);
    FakeSocket.newest.say(hello);
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.newest.sent).toEqual([
      { op: "subscribe", id: 4, channel: "ticker", symbols: ["SOL-USD"], rate: 1 },
      { op: "subscribe", id: 5, channel: "ticker", symbols: ["ETH-*"], rate: 10 },
    ]);
  });

  test("splits a subscription that is over the server's limit for one message", () => {
    const { feed } = opened();
    FakeSocket.newest.say({ ...hello, limits: { ...hello.limits, message_bytes: 1024 } });
    const symbols = Array.from({ length: 200 }, (_, i) => `SYMBOL-${i}`);
    feed.subscribe(symbols, { rate: 10 });
    const sent = FakeSocket.newest.sent as { id: number; symbols: string[] }[];
    expect(sent.flatMap((r) => r.symbols)).toEqual(symbols);
    expect(Math.max(...sent.map((r) => JSON.stringify(r).length))).toBeLessThanOrEqual(1024);
    expect(new Set(sent.map((r) => r.id)).size).toBe(sent.length);
  });

  test("does not come back after it was closed", () => {
    const { feed } = opened();
    const socket = FakeSocket.newest;
    feed.close();
    expect(socket.closed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("ends when the server speaks another version", () => {
    const { links } = opened();
    FakeSocket.newest.say({ ...hello, v: 2 });
    vi.advanceTimersByTime(60_000);
    expect(links.at(-1)).toMatchObject({ kind: "ended" });
    expect(FakeSocket.made).toHaveLength(1);
  });
});

const bar = { s: "BTC-USD", t: 1732242000000000, q: 7, o: "1", h: "2", l: "1", c: "2", v: "3", k: 2, x: false };
const stat = { s: "BTC-USD", q: 7, t: 1, o: "1", h: "2", l: "1", p: "2", v: "3", w: "1.5", c: "1", cp: "100.0000", k: 2 };

describe("channels", () => {
  test("are subscribed with their rate and stamps, each with a watchlist of its own", () => {
    const { feed } = connected();
    feed.subscribe(["BTC-USD"], { rate: 5, stamps: true });
    feed.subscribe(["BTC-USD"], { channel: "trades", stamps: true });
    feed.subscribe(["BTC-USD", "ETH-*"], { channel: "bars_1m" });
    feed.unsubscribe(["BTC-USD"], "bars_1m");
    feed.unsubscribe(["BTC-USD"], "trades");
    const before = FakeSocket.newest.sent;
    expect(before).toEqual([
      { op: "subscribe", id: 1, channel: "ticker", symbols: ["BTC-USD"], rate: 5, stamps: true },
      { op: "subscribe", id: 2, channel: "trades", symbols: ["BTC-USD"], stamps: true },
      { op: "subscribe", id: 3, channel: "bars_1m", symbols: ["BTC-USD", "ETH-*"] },
      { op: "unsubscribe", id: 4, channel: "bars_1m", symbols: ["BTC-USD"] },
      { op: "unsubscribe", id: 5, channel: "trades", symbols: ["BTC-USD"] },
    ]);
    expect(reconnect()).toEqual([
      { op: "subscribe", id: 6, channel: "ticker", symbols: ["BTC-USD"], rate: 5, stamps: true },
      { op: "subscribe", id: 7, channel: "bars_1m", symbols: ["ETH-*"] },
    ]);
  });

  test("get the newest rate of a term after a reconnect", () => {
    const { feed } = connected();
    feed.subscribe(["A", "B"], { rate: 5, stamps: true });
    feed.subscribe(["B"], { rate: 1 });
    expect(reconnect()).toMatchObject([
      { symbols: ["A"], rate: 5, stamps: true },
      { symbols: ["B"], rate: 1 },
    ]);
    expect(FakeSocket.newest.sent[1]).not.toHaveProperty("stamps");
  });

  test("have a callback each", () => {
    const it = connected();
    const messages = {
      ticker: [snapshot({}), ticker({ q: 8, n: 4 })],
      trades: [trades({ q: 7 }, { q: 8 }), { type: "gap", channel: "trades", symbol: "BTC-USD", from: 9, to: 12 }, trades({ q: 13 })],
      stats: [{ type: "snapshot", channel: "stats", data: [stat] }, { type: "stats", data: [stat] }],
      bars: [{ type: "snapshot", channel: "bars_1h", data: [bar] }, ...["bars_1s", "bars_1m", "bars_5m", "bars_1h"].map((type) => ({ type, data: [bar] }))],
    };
    for (const message of Object.values(messages).flat()) FakeSocket.newest.say(message);
    const { bars, ...others } = messages;
    expect(it).toMatchObject({ ...others, faults: [] });
    expect(it.bars).toEqual([
      ["bars_1h", bars[0]],
      ["bars_1s", bars[1]],
      ["bars_1m", bars[2]],
      ["bars_5m", bars[3]],
      ["bars_1h", bars[4]],
    ]);
  });

  test("that nobody listens to are no fault", () => {
    const faults: unknown[] = [];
    const listener: FeedListener = { link() {}, fault: (fault) => void faults.push(fault) };
    connected({ listener });
    FakeSocket.newest.say(snapshot({}));
    FakeSocket.newest.say(trades({ q: 7 }));
    FakeSocket.newest.say({ type: "stats", data: [stat] });
    FakeSocket.newest.say({ type: "bars_1s", data: [bar] });
    FakeSocket.newest.say({ type: "gap", channel: "trades", symbol: "BTC-USD", from: 9, to: 12 });
    expect(faults).toEqual([]);
  });
});

describe("a budget", () => {
  test("is set before anything is subscribed, on every connection", () => {
    const { feed } = opened({ bytesPerS: 20_000 });
    feed.subscribe(["*"]);
    FakeSocket.newest.say(hello);
    const want = [{ op: "subscribe", bytes_per_s: 20_000 }, { op: "subscribe", symbols: ["*"] }];
    expect(FakeSocket.newest.sent).toMatchObject(want);
    expect(reconnect()).toMatchObject(want);
  });

  test("can be changed, and taken away for good", () => {
    const { feed } = connected();
    feed.budget(5000);
    feed.budget(0);
    expect(FakeSocket.newest.sent).toEqual([
      { op: "subscribe", id: 1, bytes_per_s: 5000 },
      { op: "subscribe", id: 2, bytes_per_s: 0 },
    ]);
    expect(reconnect()).toEqual([]);
  });
});

describe("questions", () => {
  test("are answered by their ids", () => {
    const { feed, answers } = connected();
    expect([feed.list(), feed.ping()]).toEqual([1, 2]);
    expect(FakeSocket.newest.sent).toEqual([
      { op: "list", id: 1 },
      { op: "ping", id: 2 },
    ]);
    const want = [
      { type: "ack", id: 1, op: "list", subscriptions: [] },
      { type: "pong", id: 2, t: 1, lag_ms: 0, conflated: 0, bytes: 0 },
    ];
    for (const answer of want) FakeSocket.newest.say(answer);
    expect(answers).toEqual(want);
  });

  test("are not asked without a connection", () => {
    const { feed } = opened();
    expect([feed.list(), feed.ping(), FakeSocket.newest.sent]).toEqual([undefined, undefined, []]);
  });
});

describe("the state", () => {
  test("of the feed is told when it changes, by whatever says so", () => {
    const { feed, states } = opened();
    expect(feed.state).toBe("stale");
    FakeSocket.newest.say({ ...hello, state: "lagging" });
    expect(feed.state).toBe("lagging");
    FakeSocket.newest.say({ ...heartbeat, state: "lagging" });
    FakeSocket.newest.say(heartbeat);
    FakeSocket.newest.say(heartbeat);
    FakeSocket.newest.say({ type: "status", scope: "feed", state: "down", age_ms: 61000 });
    FakeSocket.newest.say({ ...heartbeat, state: "stale", age_ms: 62000 });
    expect(states).toEqual([
      { state: "lagging" },
      { state: "live", ageMs: 35 },
      { state: "down", ageMs: 61000 },
      { state: "stale", ageMs: 62000 },
    ]);
  });

  test("of the feed is stale without a connection, and what hello says after it", () => {
    const { feed, states } = connected();
    FakeSocket.newest.end(1006);
    expect([feed.state, states]).toEqual(["stale", [{ state: "live" }, { state: "stale" }]]);
    vi.advanceTimersByTime(500);
    FakeSocket.newest.say(hello);
    expect([feed.state, states.length]).toEqual(["live", 3]);
    vi.advanceTimersByTime(12_500); // of silence
    expect([feed.state, states.length]).toEqual(["stale", 4]);
  });

  test("of a symbol is told as the server says it, and is not that of the feed", () => {
    const { feed, states } = connected();
    FakeSocket.newest.say({ type: "status", scope: "symbol", symbol: "BTC-USD", state: "stale", age_ms: 61000 });
    expect([feed.state, states.at(-1)]).toEqual(["live", { symbol: "BTC-USD", state: "stale", ageMs: 61000 }]);
  });
});

describe("reconnecting", () => {
  test.each([
    { code: 4000, wait: 0 },
    { code: 4099, wait: 0 },
    { code: 4100, wait: 500 },
    { code: 4101, wait: 500 },
    { code: 4199, wait: 500 },
    { code: 4499, wait: 500 },
    { code: 1001, wait: 500 },
    { code: 1006, wait: 500 },
    { code: 1012, wait: 500 },
    { code: 4600, wait: 500 },
  ])("code $code waits at most $wait ms", ({ code, wait }) => {
    const { links } = opened();
    FakeSocket.newest.say(hello);
    FakeSocket.newest.end(code);
    expect(waits(links)).toEqual([wait]);
    vi.advanceTimersByTime(wait);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test.each([4500, 4501, 4599])("code %i is for good", (code) => {
    const { links } = opened();
    FakeSocket.newest.say(hello);
    FakeSocket.newest.end(code, "why");
    vi.advanceTimersByTime(600_000);
    expect(links.at(-1)).toEqual({ kind: "ended", code, reason: "why" });
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("doubles the ceiling of the wait up to 15 s", () => {
    const { links } = opened();
    const want = [500, 1000, 2000, 4000, 8000, 15000, 15000];
    for (const wait of want) {
      FakeSocket.newest.end(1006);
      vi.advanceTimersByTime(wait);
    }
    expect(waits(links)).toEqual(want);
  });

  test("takes all of the wait from the jitter", () => {
    const { links } = opened({ random: () => 0.25 });
    FakeSocket.newest.end(1006);
    vi.advanceTimersByTime(125);
    FakeSocket.newest.end(1006);
    vi.advanceTimersByTime(250);
    expect(waits(links)).toEqual([125, 250]);
  });

  test("begins with the short wait again after a healthy while, not after hello alone", () => {
    const { links } = opened();
    for (const { lived, wait } of [
      { lived: 10, wait: 500 },
      { lived: 9999, wait: 1000 },
      { lived: 10_000, wait: 500 },
    ]) {
      FakeSocket.newest.say(hello);
      vi.advanceTimersByTime(lived);
      FakeSocket.newest.end(1006);
      expect(waits(links).at(-1)).toBe(wait);
      vi.advanceTimersByTime(wait);
    }
  });

  test("does not answer code 4000 at every hello with a tight loop", () => {
    const { links } = opened();
    for (const wait of [0, 500, 1000]) {
      FakeSocket.newest.say(hello);
      FakeSocket.newest.end(4000);
      vi.advanceTimersByTime(wait);
    }
    expect(waits(links)).toEqual([0, 500, 1000]);
  });
});

describe("a server that drains", () => {
  const drain = { type: "notice", code: "drain", in_ms: 7300 };

  test("is left when it closes, not before, and after a random wait", () => {
    const { links, notices } = connected({ random: () => 0.5 });
    FakeSocket.newest.say(drain);
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(2500);
      FakeSocket.newest.say(heartbeat);
    }
    expect([notices, kinds(links), FakeSocket.made.length]).toEqual([[drain], ["connecting", "connected"], 1]);
    FakeSocket.newest.end(1012);
    expect(waits(links)).toEqual([250]);
  });

  test("is not answered in a hurry by a code that says so, but the next one is", () => {
    const { links } = connected();
    FakeSocket.newest.say(drain);
    vi.advanceTimersByTime(10_000);
    FakeSocket.newest.end(4000);
    expect(waits(links)).toEqual([500]);
    vi.advanceTimersByTime(500);
    FakeSocket.newest.say(hello);
    vi.advanceTimersByTime(10_000);
    FakeSocket.newest.end(4000);
    expect(waits(links)).toEqual([500, 0]);
  });
});

describe("a feed that its listener closes", () => {
  test.each(["connecting", "connected", "lost"])("at %s stays closed and says no more", (kind) => {
    const heard: string[] = [];
    const hear = (event: string): void => {
      heard.push(event);
      if (event === kind) feed.close();
    };
    const listener: FeedListener = { link: (event) => hear(event.kind), state: ({ state }) => hear(state) };
    const feed = new Feed({ url: "ws://test/v1/ws", socket: FakeSocket, listener });
    feed.open();
    vi.advanceTimersByTime(0);
    FakeSocket.made.at(-1)?.say(hello);
    FakeSocket.made.at(-1)?.end(1006);
    const made = FakeSocket.made.length;
    vi.advanceTimersByTime(60_000);
    expect([heard.at(-1), FakeSocket.made.length]).toEqual([kind, made]);
    expect(FakeSocket.made.every((socket) => socket.closed)).toBe(true);
  });
});

describe("silence", () => {
  test("of two and a half heartbeat intervals is a dead connection", () => {
    const { links } = opened();
    const dead = FakeSocket.newest;
    dead.say(hello);
    vi.advanceTimersByTime(12_499);
    expect(kinds(links)).toEqual(["connecting", "connected"]);
    vi.advanceTimersByTime(1);
    expect(links.at(-1)).toMatchObject({ kind: "lost", code: 1006, reason: "the server fell silent" });
    expect(dead.closed).toBe(true);
    dead.end(1006); // the late close of a socket that was given up must not count again
    vi.advanceTimersByTime(500);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("does not come about while heartbeats or ticks do", () => {
    const { links } = opened();
    FakeSocket.newest.say(hello);
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(12_000);
      FakeSocket.newest.say(i % 2 ? heartbeat : ticker({}));
    }
    expect(kinds(links)).toEqual(["connecting", "connected"]);
  });

  test("before hello is a connection that failed", () => {
    const { links } = opened();
    vi.advanceTimersByTime(10_000);
    expect(links.at(-1)).toMatchObject({ kind: "lost", reason: "the server did not answer" });
  });
});

describe("of frames that are not as the protocol says", () => {
  test.each([
    { scenario: "text that is not JSON", frame: "{", reason: "not JSON" },
    { scenario: "a binary frame", frame: new ArrayBuffer(4), reason: "a binary frame" },
    { scenario: "a second hello", frame: JSON.stringify(hello), reason: "a second hello" },
    { scenario: "an unknown type", frame: `{"type":"noise"}`, reason: `unknown type "noise"` },
  ])("$scenario is counted, reported and passed over", ({ frame, reason }) => {
    const { ticker: heard, faults, links } = connected();
    FakeSocket.newest.frame(frame);
    FakeSocket.newest.frame(frame);
    FakeSocket.newest.say(snapshot({}));
    expect(faults).toEqual([
      { kind: "frame", reason, count: 1 },
      { kind: "frame", reason, count: 2 },
    ]);
    expect(heard).toEqual([snapshot({})]);
    expect(kinds(links)).toEqual(["connecting", "connected"]);
  });

  test("one that comes before hello is counted, reported and passed over", () => {
    const { ticker: heard, faults } = opened();
    FakeSocket.newest.say(ticker({}));
    expect(faults).toEqual([{ kind: "frame", reason: "ticker before hello", count: 1 }]);
    expect(heard).toEqual([]);
  });
});
