import { beforeEach, describe, expect, test } from "vitest";
import type { Ack, Hello, LinkEvent, Pong, SymbolName, Ticker, TickerSnapshot } from "../feed/index.ts";
import { Board } from "./board.ts";
import { ManualClock, settled, tokenless } from "./fake.ts";
import type { Token } from "./token.ts";

const hello: LinkEvent = { kind: "connected", hello: { node: "n1" } as Hello };
const lost: LinkEvent = { kind: "lost", code: 1006, reason: "", retryInMs: 500 };
const wallAtStart = 1_000_000;

let clock: ManualClock;
let board: Board;
let token: Token;
let lists: (readonly string[] | "fail")[];
let asked: number;
let subscribed: string[];

beforeEach(() => {
  clock = new ManualClock();
  token = tokenless();
  lists = [["A", "B"]];
  asked = 0;
  subscribed = [];
  const answers = {
    symbols: () => {
      const list = lists[Math.min(asked++, lists.length - 1)] ?? [];
      return list === "fail" ? Promise.reject(new Error("no")) : Promise.resolve(list as SymbolName[]);
    },
    bars: () => Promise.resolve([]),
    trades: () => Promise.resolve([]),
    server: () => new Promise<never>(() => {}),
  };
  board = new Board({ answers, token, clock, wall: () => wallAtStart + clock.now(), changed: () => {} });
});

function start() {
  let id = 0;
  const source = {
    subscribe: (terms: readonly string[], { channel = "ticker" }: { channel?: string }) => channel === "ticker" && subscribed.push(...terms),
    unsubscribe: () => {},
    ping: () => ++id,
    budget: () => {},
  };
  return board.start(source, 5);
}

/** Lets time pass in small steps, so that answers come in between. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.pass(100);
    await settled();
  }
}

const update = (change: object) => ({ s: "A", q: 1, n: 1, t: wallAtStart * 1000, p: "1", z: "1", b: "", a: "", v: "1", ...change });
const ticker = (...changes: object[]) => ({ type: "ticker", data: changes.map(update) }) as unknown as Ticker;
const snapshot = (...changes: object[]) => ({ type: "snapshot", channel: "ticker", data: changes.map(update) }) as unknown as TickerSnapshot;

describe("the list of symbols", () => {
  test("is asked for at once, soon again while it grows, and then now and then", async () => {
    lists = [[], ["A"], ["A", "B"], ["A", "B"]];
    start();
    await pass(3300);
    expect([asked, board.quotes.size]).toEqual([4, 2]);
    await pass(18_000);
    expect(asked).toBe(4);
    await pass(3000);
    expect(asked).toBe(5);
  });

  test("is asked for again when there was no answer", async () => {
    lists = ["fail", ["A"]];
    start();
    await pass(1200);
    expect([asked, board.quotes.size]).toEqual([2, 1]);
  });

  test("is asked for again after a reconnect, and a symbol that was denied is subscribed when it is there", async () => {
    const interest = start();
    await pass(2000);
    interest.see(new Set(["A" as SymbolName]));
    await pass(200);
    expect(subscribed).toEqual(["A"]);
    board.link(hello);
    board.link(lost);
    board.link(hello);
    board.ack({ type: "ack", op: "subscribe", denied: [{ symbol: "A", code: "unknown_symbol" }] } as Ack);
    await pass(2000);
    expect(subscribed).toEqual(["A", "A"]);
    expect(board.problem).toBeUndefined();
  });
});

describe("what is shown as of now", () => {
  test("is so from the first answer of a connection until it is lost", () => {
    start();
    const seen = [board.live];
    const step = (act: () => void) => (act(), seen.push(board.live));
    step(() => board.link(hello));
    step(() => board.ack({ type: "ack", op: "subscribe" } as Ack));
    step(() => board.state({ state: "stale", ageMs: 11_000 }));
    step(() => board.state({ state: "live" }));
    step(() => board.link(lost));
    step(() => board.link(hello));
    expect(seen).toEqual([false, false, true, false, true, false, false]);
  });

  test("grows old while the feed is stale", () => {
    start();
    board.state({ state: "stale", ageMs: 11_000 });
    clock.pass(5000);
    expect(board.newestAgeMs).toBe(16_000);
  });
});

describe("events", () => {
  test("count reconnects, gaps and problems", () => {
    start();
    board.link(hello);
    board.link(lost);
    board.link(hello);
    board.gap({ type: "gap", channel: "trades", symbol: "A" as SymbolName, from: 1 as never, to: 2 as never });
    board.fault({ kind: "frame", reason: "not JSON", count: 1 });
    expect(board.events).toEqual({ reconnects: 1, gaps: 1, problems: 1 });
    expect(board.problem).toBe("a message was passed over: not JSON");
  });

  test.each([
    { code: "not_entitled", problem: "the server denied A: not_entitled" },
    { code: "not_subscribed", problem: undefined }, // it was taken back twice, around a reconnect
  ])("a denial with $code is a problem: $problem", ({ code, problem }) => {
    start();
    board.ack({ type: "ack", op: "subscribe", denied: [{ symbol: "A", code }] } as Ack);
    expect(board.problem).toBe(problem);
  });
});

test("a denial of all symbols at once is no problem: they are surveyed by name", () => {
  start();
  board.ack({ type: "ack", op: "subscribe", denied: [{ symbol: "*", code: "not_entitled" }] } as unknown as Ack);
  expect(board.problem).toBeUndefined();
});

describe("ages", () => {
  test("go by the server's clock", () => {
    start();
    board.link(hello); // pings: the answer comes after 100 ms
    clock.pass(100);
    board.pong({ type: "pong", id: 2, t: (wallAtStart + 50 + 7000) * 1000, lag_ms: 0, conflated: 0, bytes: 0 } as Pong);
    expect([board.serverNow, board.tripMs]).toEqual([wallAtStart + 100 + 7000, 100]);
    board.ticker(ticker({ t: (wallAtStart + 7000) * 1000 }));
    expect(board.flow.ageQuantile(0.5)).toBe(100);
  });

  test("are not of what a snapshot tells", () => {
    start();
    board.ticker(snapshot({ t: 0 }));
    expect(board.flow.ageQuantile(0.5)).toBeUndefined();
  });
});

test("a connection that is never silent tells by pongs how it does", () => {
  start();
  const pong = (id: number, change: object) => board.pong({ type: "pong", id, t: wallAtStart * 1000, lag_ms: 0, conflated: 0, bytes: 0, ...change } as Pong);
  board.link(hello);
  pong(2, { lag_ms: 40, conflated: 7, bytes: 1000 });
  expect([board.lagMs, board.flow.serverConflated, board.flow.compression]).toEqual([40, 7, undefined]);
  board.flow.frame(6000);
  clock.pass(5000);
  pong(3, { conflated: 9, bytes: 3000 });
  expect([board.lagMs, board.flow.serverConflated, board.flow.compression]).toEqual([0, 9, 3]);
});

test("ticks that an update stands for are counted as merged", () => {
  start();
  board.ticker(snapshot({ n: 100 }));
  board.ticker(ticker({ q: 2, n: 110 }));
  expect(board.flow.merged).toBe(9);
});

describe("a server that asks for a token", () => {
  const unauthorized = { type: "error", code: "unauthorized", message: "send op auth with a token first", retry: false } as const;
  const ended = (reason: string): LinkEvent => ({ kind: "ended", code: 4502, reason });

  test("and has none is known before it closes, is no problem, and is asked nothing more", async () => {
    lists = ["fail"];
    start();
    await pass(100);
    board.link(hello);
    board.refused(unauthorized);
    expect([board.locked, token.want, board.problem]).toEqual([true, { kind: "missing" }, undefined]);
    await pass(5000);
    board.link(ended("no token came in time"));
    await pass(60_000);
    expect([token.want, asked]).toEqual([{ kind: "missing" }, 1]);
    token.take("good", false);
    board.link({ ...lost, code: 1006 } as LinkEvent);
    board.link(hello);
    await pass(100);
    board.ack({ type: "ack", op: "auth" });
    expect([board.locked, token.want, asked]).toEqual([false, undefined, 2]);
  });

  test("tells why the one that it got is not good", () => {
    token.take("bad", true);
    start();
    board.link(hello);
    board.link(ended("the token is not yet valid"));
    expect([board.locked, token.want, token.current]).toEqual([true, { kind: "refused", reason: "the token is not yet valid" }, undefined]);
  });

  test("says that it expires while all goes on, and that it has when it closes", () => {
    token.take("good", false);
    start();
    board.link(hello);
    board.ack({ type: "ack", op: "auth" });
    board.notice({ type: "notice", code: "expires", in_ms: 30_000 });
    board.fault({ kind: "token", reason: "no fresh token could be had", count: 1 });
    expect([board.locked, board.live, token.want, board.problem]).toEqual([false, true, { kind: "expires", at: wallAtStart + 30_000 }, undefined]);
    board.link({ kind: "lost", code: 4103, reason: "the token has expired, come with a new one", retryInMs: 500 });
    expect([board.locked, token.want]).toEqual([true, { kind: "refused", reason: "the token has expired" }]);
    board.link(ended("no token came in time"));
    expect(token.want).toEqual({ kind: "refused", reason: "the token has expired" });
  });

  test("that merely goes away wants no token", () => {
    token.take("good", false);
    start();
    board.link(hello);
    board.link(lost);
    board.link({ kind: "ended", code: 4501, reason: "" });
    expect([board.locked, token.want, token.current]).toEqual([false, undefined, "good"]);
  });
});

describe("an operator", () => {
  const operator: LinkEvent = { kind: "connected", hello: { node: "n1", operator: true } as Hello };

  test.each<{ scenario: string; events: () => void; allowed: boolean }>([
    { scenario: "hello says so", events: () => board.link(operator), allowed: true },
    { scenario: "hello does not", events: () => board.link(hello), allowed: false },
    { scenario: "the ack of auth does, which comes after hello", events: () => (board.link(hello), board.ack({ type: "ack", op: "auth", operator: true })), allowed: true },
    { scenario: "the token is of none", events: () => (board.link(hello), board.ack({ type: "ack", op: "auth" })), allowed: false },
    { scenario: "hello said so, and acks do not repeat it", events: () => (board.link(operator), board.ack({ type: "ack", op: "subscribe" })), allowed: true },
    { scenario: "the connection is lost meanwhile", events: () => (board.link(operator), board.link(lost), board.link(hello)), allowed: true },
    { scenario: "it comes back as none", events: () => (board.link(operator), board.link(lost), board.link(hello), board.ack({ type: "ack", op: "subscribe" })), allowed: false },
    { scenario: "the server does not want it back", events: () => (board.link(operator), board.link({ kind: "ended", code: 4502, reason: "" })), allowed: false },
  ])("is one or not: $scenario", ({ events, allowed }) => {
    start();
    events();
    expect(board.server.allowed).toBe(allowed);
  });
});
