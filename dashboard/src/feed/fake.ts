// What the tests of this folder have in common. No part of the client.
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { Fault, FeedListener, FeedOptions, StateChange } from "./feed.ts";
import { Feed } from "./feed.ts";
import type { LinkEvent } from "./link.ts";
import type { Clock, Socket } from "./platform.ts";
import type {
  Ack,
  Bars,
  BarsChannel,
  BarsSnapshot,
  Gap,
  Notice,
  Pong,
  Seq,
  ServerError,
  Stats,
  StatsSnapshot,
  Ticker,
  TickerSnapshot,
  Trades,
} from "./protocol.ts";

/** A WebSocket whose other side is the test. Every one that a feed made is in `made`. */
export class FakeSocket implements Socket {
  static made: FakeSocket[] = [];

  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  readonly url: string;
  readonly protocol: string;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
    FakeSocket.made.push(this);
  }

  static get newest(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (socket === undefined) throw new Error("the feed has made no socket yet");
    return socket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  frame(data: unknown): void {
    this.onmessage?.({ data });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

/** The clock that the test can turn. */
const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const hello = {
  type: "hello",
  v: 1,
  conn: "c1",
  node: "n1",
  heartbeat_ms: 5000,
  limits: { message_bytes: 65536, terms: 10000, rates: 8, idle_ms: 30000 },
  channels: ["ticker", "trades", "stats", "bars_1s", "bars_1m", "bars_5m", "bars_1h"],
  state: "live",
};
export const heartbeat = { type: "heartbeat", t: 1732242000123456, lag_ms: 0, conflated: 0, state: "live", age_ms: 35 };

const update = (change: object) => ({ s: "BTC-USD", q: 7, n: 3, t: 1732242000123456, p: "67123.45", z: "", b: "", a: "", v: "0", ...change });
export const ticker = (...changes: object[]) => ({ type: "ticker", data: changes.map(update) });
export const snapshot = (...changes: object[]) => ({ type: "snapshot", channel: "ticker", data: changes.map(update) });
export const trades = (...changes: object[]) => ({
  type: "trades",
  data: changes.map((change) => ({ s: "BTC-USD", q: 7, t: 1732242000123456, p: "67123.45", z: "1", d: "b", ...change })),
});

const feeds: Feed[] = [];

/** Gives every test of a file its own time and sockets, and ends the feeds that it opened. */
export function fakeTime(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
  });
  afterEach(() => {
    for (const feed of feeds.splice(0)) feed.close();
    expect(vi.getTimerCount(), "timers of closed feeds").toBe(0);
    vi.useRealTimers();
  });
}

/** A feed that dials, with everything that its listener hears. Its jitter makes every wait as long as it can be. */
export function opened(options: Partial<FeedOptions> = {}) {
  const heard = {
    links: [] as LinkEvent[],
    ticker: [] as (TickerSnapshot | Ticker)[],
    trades: [] as (Trades | Gap)[], // gaps in their place
    stats: [] as (StatsSnapshot | Stats)[],
    bars: [] as [BarsChannel, BarsSnapshot | Bars][],
    states: [] as StateChange[],
    notices: [] as Notice[],
    answers: [] as (Ack | Pong | ServerError)[],
    faults: [] as Fault[],
  };
  const listener: FeedListener = {
    link: (event) => void heard.links.push(event),
    ticker: (message) => void heard.ticker.push(message),
    trades: (message) => void heard.trades.push(message),
    gap: (gap) => void heard.trades.push(gap),
    stats: (message) => void heard.stats.push(message),
    bars: (message, channel) => void heard.bars.push([channel, message]),
    state: (change) => void heard.states.push(change),
    notice: (notice) => void heard.notices.push(notice),
    ack: (ack) => void heard.answers.push(ack),
    pong: (pong) => void heard.answers.push(pong),
    refused: (error) => void heard.answers.push(error),
    fault: (fault) => void heard.faults.push(fault),
  };
  const feed = new Feed({ url: "ws://test/v1/ws", socket: FakeSocket, clock, random: () => 1, listener, ...options });
  feeds.push(feed);
  feed.open();
  vi.advanceTimersByTime(0);
  return { feed, ...heard };
}

/** A feed that is connected. */
export function connected(options: Partial<FeedOptions> = {}) {
  const it = opened(options);
  FakeSocket.newest.say(hello);
  return it;
}

/** Breaks the connection; the next one begins with a hello that is so changed. What was sent on it is returned. */
export function reconnect(change: object = {}): FakeSocket["sent"] {
  FakeSocket.newest.end(1006);
  vi.advanceTimersToNextTimer();
  FakeSocket.newest.say({ ...hello, ...change });
  return FakeSocket.newest.sent;
}

/** The q of every row of a message that was heard. */
export const seqs = (messages: readonly { readonly data: readonly { readonly q: Seq }[] }[]) => messages.flatMap((m) => m.data.map((row) => row.q));
