import { describe, expect, test, vi } from "vitest";
import { connected, FakeSocket, fakeTime, hello, opened, reconnect } from "./fake.ts";
import type { FeedListener } from "./feed.ts";
import type { MaybeToken } from "./token.ts";

fakeTime();

const expires = { type: "notice", code: "expires", in_ms: 60_000 };

/** A function that gives t1, t2 and so on, as it does so. */
function tokens(give: (token: string) => MaybeToken | Promise<MaybeToken> = (token) => token) {
  let asked = 0;
  return () => give(`t${++asked}`);
}

/** Lets what waits for a promise go on. */
const settle = () => vi.advanceTimersByTimeAsync(0);

describe("a token", () => {
  test("is the first request after hello, before the budget and what is subscribed", () => {
    const { feed } = opened({ token: "secret", bytesPerS: 5000 });
    feed.subscribe(["*"]);
    expect([FakeSocket.newest.url, FakeSocket.newest.sent]).toEqual(["ws://test/v1/ws", []]);
    FakeSocket.newest.say(hello);
    expect(FakeSocket.newest.sent).toEqual([
      { op: "auth", id: 1, token: "secret" },
      { op: "subscribe", id: 2, bytes_per_s: 5000 },
      { op: "subscribe", id: 3, channel: "ticker", symbols: ["*"] },
    ]);
  });

  test("is acknowledged like any other request", () => {
    const { answers } = connected({ token: "secret" });
    const ack = { type: "ack", id: 1, op: "auth" };
    FakeSocket.newest.say(ack);
    expect(answers).toEqual([ack]);
  });

  test("of a function is asked for at every connect", () => {
    connected({ token: tokens() });
    expect(FakeSocket.newest.sent).toMatchObject([{ op: "auth", token: "t1" }]);
    expect(reconnect()).toMatchObject([{ op: "auth", token: "t2" }]);
  });

  test("is not sent while its function has none", () => {
    connected({ token: tokens((token) => (token === "t1" ? undefined : token)) });
    expect(FakeSocket.newest.sent).toEqual([]);
    expect(reconnect()).toMatchObject([{ op: "auth", token: "t2" }]);
  });

  test("that takes a while is waited for before the server is", async () => {
    const token = tokens((token) => new Promise((give) => setTimeout(() => give(token), 3000)));
    opened({ token });
    expect(FakeSocket.made).toEqual([]);
    await vi.advanceTimersByTimeAsync(3000);
    FakeSocket.newest.say(hello);
    expect(FakeSocket.newest.sent).toMatchObject([{ op: "auth", token: "t1" }]);
  });

  test("that comes too late is not used any more", async () => {
    let give = (_: string): void => {};
    const { links } = opened({ token: () => new Promise((resolve) => (give = resolve)) });
    const late = give;
    vi.advanceTimersByTime(10_000);
    expect(links.at(-1)).toMatchObject({ kind: "lost", reason: "no token came in time" });
    vi.advanceTimersByTime(500);
    late("old");
    await settle();
    expect(FakeSocket.made).toEqual([]);
    give("new");
    await settle();
    FakeSocket.newest.say(hello);
    expect(FakeSocket.newest.sent).toMatchObject([{ token: "new" }]);
  });

  test.each([
    {
      scenario: "throws",
      token: (): string => {
        throw new Error("secret");
      },
    },
    { scenario: "rejects", token: () => Promise.reject(new Error("secret")) },
  ])("of a function that $scenario is a connection that failed, and why is not told", async ({ token }) => {
    const { links } = opened({ token });
    await settle();
    expect(links.at(-1)).toEqual({ kind: "lost", code: 1006, reason: "no token could be had", retryInMs: 500 });
    expect(FakeSocket.made).toEqual([]);
  });

  test("is not waited for after the feed is closed", async () => {
    const { feed } = opened({ token: tokens((token) => Promise.resolve(token)) });
    feed.close();
    await settle();
    expect(FakeSocket.made).toEqual([]);
  });
});

describe("when the token expires", () => {
  test("a fresh one is sent on the live connection, and nothing else", async () => {
    const { feed, notices } = opened({ token: tokens((token) => Promise.resolve(token)) });
    await settle();
    feed.subscribe(["*"]);
    FakeSocket.newest.say(hello);
    FakeSocket.newest.say(expires);
    await settle();
    expect(notices).toEqual([expires]);
    expect(FakeSocket.newest.sent).toMatchObject([{ op: "auth", token: "t1" }, { op: "subscribe" }, { op: "auth", token: "t2" }]);
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("a fixed one is not sent again", () => {
    connected({ token: "secret" });
    FakeSocket.newest.say(expires);
    expect(FakeSocket.newest.sent).toHaveLength(1);
  });

  test("that there is no fresh one is a fault, which does not tell why", async () => {
    const token = tokens((token) => (token === "t1" ? token : Promise.reject(new Error("secret"))));
    const { faults, links } = connected({ token });
    FakeSocket.newest.say(expires);
    await settle();
    expect(faults).toEqual([{ kind: "token", reason: "no fresh token could be had", count: 1 }]);
    expect(links.at(-1)).toMatchObject({ kind: "connected" });
  });

  test.each([
    { scenario: "none", again: undefined },
    { scenario: "the same", again: "t1" },
  ])("a function that has $scenario is a fault, and nothing is sent", ({ again }) => {
    const { faults } = connected({ token: tokens((token) => (token === "t1" ? token : again)) });
    FakeSocket.newest.say(expires);
    expect(faults).toEqual([{ kind: "token", reason: "no fresh token could be had", count: 1 }]);
    expect(FakeSocket.newest.sent).toHaveLength(1);
  });

  test("one that comes when the connection is gone is not sent on the next", async () => {
    const gives: ((token: string) => void)[] = [];
    const { links } = opened({ token: () => new Promise((give) => gives.push(give)) });
    gives[0]?.("t1");
    await settle();
    FakeSocket.newest.say(hello);
    FakeSocket.newest.say(expires);
    FakeSocket.newest.end(1006);
    vi.advanceTimersByTime(500);
    gives[2]?.("t3");
    await settle();
    FakeSocket.newest.say(hello);
    gives[1]?.("t2");
    await settle();
    expect(FakeSocket.newest.sent).toMatchObject([{ op: "auth", token: "t3" }]);
    expect(links.at(-1)).toMatchObject({ kind: "connected" });
  });
});

describe("a feed that is opened again", () => {
  const kinds = (links: readonly { readonly kind: string }[]) => links.map(({ kind }) => kind);

  test("has another token, and what was subscribed", () => {
    const { feed, links } = opened({ token: tokens() });
    feed.subscribe(["*"]);
    FakeSocket.newest.say(hello);
    const before = FakeSocket.newest;
    feed.reopen();
    expect([before.closed, kinds(links)]).toEqual([true, ["connecting", "connected"]]);
    vi.advanceTimersByTime(1);
    FakeSocket.newest.say(hello);
    expect(FakeSocket.newest.sent).toMatchObject([{ op: "auth", token: "t2" }, { op: "subscribe", symbols: ["*"] }]);
    expect(kinds(links)).toEqual(["connecting", "connected", "lost", "connecting", "connected"]);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("comes back after an end, and instead of the try that was planned", () => {
    const { feed, links } = connected({ token: tokens() });
    FakeSocket.newest.end(4502, "the key is not known here");
    feed.reopen();
    vi.advanceTimersByTime(1);
    FakeSocket.newest.end(1006);
    feed.reopen();
    vi.advanceTimersByTime(5000); // more than the planned one would have taken
    expect(kinds(links).slice(2)).toEqual(["ended", "lost", "connecting", "lost", "lost", "connecting"]);
    expect(FakeSocket.made).toHaveLength(3);
  });

  test("stays closed when its listener closes it meanwhile", () => {
    const { feed } = connected({ token: tokens() });
    feed.reopen();
    feed.close();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.made).toHaveLength(1);
  });
});

describe("a token that the server refuses", () => {
  const refusal = { type: "error", id: 1, code: "unavailable", message: "the keys cannot be had", retry: true };

  test("for now is a connection that failed", () => {
    const { answers, links } = connected({ token: tokens() });
    FakeSocket.newest.say(refusal);
    expect(answers).toEqual([refusal]);
    expect(links.at(-1)).toMatchObject({ kind: "lost", reason: "the server could not check the token", retryInMs: 500 });
    vi.advanceTimersByTime(500);
    FakeSocket.newest.say(hello);
    expect(FakeSocket.newest.sent).toMatchObject([{ op: "auth", token: "t2" }]);
  });

  test("for now ends a feed that its listener closes when it hears that", () => {
    const listener: FeedListener = { link() {}, refused: () => feed.close() };
    const { feed } = connected({ token: tokens(), listener });
    FakeSocket.newest.say(refusal);
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("for good is told, and the server decides what becomes of the connection", () => {
    const { answers, links } = connected({ token: tokens() });
    FakeSocket.newest.say({ ...refusal, retry: false });
    expect([answers.length, links.at(-1)?.kind]).toEqual([1, "connected"]);
    FakeSocket.newest.end(4502, "the token is not valid");
    expect(links.at(-1)).toEqual({ kind: "ended", code: 4502, reason: "the token is not valid" });
  });
});
