import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeSocket } from "./fake.ts";
import type { Fault, LinkEvent } from "./feed.ts";
import { Feed } from "./feed.ts";
import type { Clock } from "./platform.ts";
import type { TickerSnapshot, Ticker } from "./protocol.ts";

const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const hello = {
  type: "hello",
  v: 1,
  conn: "c1",
  node: "n1",
  heartbeat_ms: 5000,
  limits: { message_bytes: 65536, terms: 10000, rates: 8, idle_ms: 30000 },
  channels: ["ticker"],
  state: "live",
};
const heartbeat = { type: "heartbeat", t: 1732242000123456, lag_ms: 0, conflated: 0, state: "live", age_ms: 35 };
const ticker = {
  type: "ticker",
  data: [{ s: "BTC-USD", q: 7, n: 3, t: 1732242000123456, p: "67123.45", z: "", b: "", a: "", v: "0" }],
};

/** A feed with everything that its listener heard. random is the jitter: 1 makes every wait as long as it can be. */
function opened({ random = 1 } = {}) {
  const links: LinkEvent[] = [];
  const data: (TickerSnapshot | Ticker)[] = [];
  const faults: Fault[] = [];
  const feed = new Feed({
    url: "ws://test/v1/ws",
    socket: FakeSocket,
    clock,
    random: () => random,
    listener: {
      link: (event) => void links.push(event),
      data: (message) => void data.push(message),
      fault: (fault) => void faults.push(fault),
    },
  });
  feeds.push(feed);
  feed.open();
  vi.advanceTimersByTime(0);
  return { feed, links, data, faults };
}

const feeds: Feed[] = [];

const waits = (links: readonly LinkEvent[]) => links.flatMap((e) => (e.kind === "lost" ? [e.retryInMs] : []));
const kinds = (links: readonly LinkEvent[]) => links.map((e) => e.kind);

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
  expect(vi.getTimerCount(), "timers of closed feeds").toBe(0);
  vi.useRealTimers();
});

describe("a feed", () => {
  test("asks for the subprotocol and subscribes with an id after hello, not before", () => {
    const { feed, links } = opened();
    feed.subscribe(["*"], 10);
    const socket = FakeSocket.newest;
    expect([socket.url, socket.protocol, socket.sent]).toEqual(["ws://test/v1/ws", "tickwire.v1", []]);
    socket.say(hello);
    expect(socket.sent).toEqual([{ op: "subscribe", id: 1, channel: "ticker", symbols: ["*"], rate: 10 }]);
    expect(kinds(links)).toEqual(["connecting", "connected"]);
  });

  test("hands data on as it came", () => {
    const { data } = opened();
    FakeSocket.newest.say(hello);
    FakeSocket.newest.say(ticker);
    expect(data).toEqual([ticker]);
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
    feed.subscribe(["BTC-USD", "ETH-*"], 10);
    feed.subscribe(["SOL-USD"], 1);
    feed.unsubscribe(["BTC-USD"]);
    FakeSocket.newest.end(1006);
    vi.advanceTimersByTime(500);
    FakeSocket.newest.say(hello);
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.newest.sent).toEqual([
      { op: "subscribe", id: 4, channel: "ticker", symbols: ["ETH-*"], rate: 10 },
      { op: "subscribe", id: 5, channel: "ticker", symbols: ["SOL-USD"], rate: 1 },
    ]);
  });

  test("splits a subscription that is over the server's limit for one message", () => {
    const { feed } = opened();
    FakeSocket.newest.say({ ...hello, limits: { ...hello.limits, message_bytes: 1024 } });
    const symbols = Array.from({ length: 200 }, (_, i) => `SYMBOL-${i}`);
    feed.subscribe(symbols, 10);
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
    const { links } = opened({ random: 0.25 });
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
      FakeSocket.newest.say(i % 2 ? heartbeat : ticker);
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
    const { data, faults, links } = opened();
    FakeSocket.newest.say(hello);
    FakeSocket.newest.frame(frame);
    FakeSocket.newest.frame(frame);
    FakeSocket.newest.say(ticker);
    expect(faults).toEqual([
      { reason, count: 1 },
      { reason, count: 2 },
    ]);
    expect(data).toEqual([ticker]);
    expect(kinds(links)).toEqual(["connecting", "connected"]);
  });

  test("one that comes before hello is counted, reported and passed over", () => {
    const { data, faults } = opened();
    FakeSocket.newest.say(ticker);
    expect(faults).toEqual([{ reason: "ticker before hello", count: 1 }]);
    expect(data).toEqual([]);
  });
});
