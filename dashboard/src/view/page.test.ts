// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import type { Clock, Hello, LinkEvent, TickerSnapshot, Ticker, Update } from "../feed/index.ts";
import { Board } from "../model/index.ts";
import { Page } from "./page.ts";

const html = readFileSync("index.html", "utf8");
const body = /<body>(.*)<\/body>/s.exec(html)?.[1] ?? "";

let frames: (() => void)[] = [];
let now = 0;
const clock: Clock = { now: () => now, after: () => () => {} };

const connected: LinkEvent = { kind: "connected", hello: { node: "n1" } as Hello };
const update = (change: object): Update =>
  ({ s: "BTC-USD", q: 1, n: 1, t: Date.UTC(2020, 1, 2, 12) * 1000, p: "67123.40", z: "1", b: "67123.39", a: "", v: "1", ...change }) as unknown as Update;
const snapshot = (...changes: object[]): TickerSnapshot => ({ type: "snapshot", channel: "ticker", data: changes.map(update) });
const ticker = (...changes: object[]): Ticker => ({ type: "ticker", data: changes.map(update) });

beforeEach(() => {
  document.body.innerHTML = body;
  frames = [];
  now = 0;
  globalThis.requestAnimationFrame = (draw) => frames.push(() => draw(now));
});

function shown(): Board {
  const page = new Page(document);
  const board = new Board(clock, () => page.invalidate());
  page.show(board);
  return board;
}

function paint(): void {
  for (const draw of frames.splice(0)) draw();
}

const text = (selector: string) => document.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim();
const row = (n: number) => [...(document.querySelectorAll("#quotes tr")[n]?.children ?? [])].map((c) => c.textContent);
const visible = () =>
  [...document.querySelectorAll<HTMLElement>("#quotes tr")].filter((tr) => !tr.hidden).map((tr) => tr.firstChild?.textContent);

describe("the page", () => {
  test("plans one paint however many messages come", () => {
    const board = shown();
    paint();
    board.ticker(snapshot({}));
    for (let q = 2; q < 100; q++) board.ticker(ticker({ q }));
    expect(frames).toHaveLength(1);
  });

  test("shows the digits as they came, the change with its sign and the move with its glyph", () => {
    const board = shown();
    board.ticker(snapshot({}));
    paint();
    expect(row(0)).toEqual(["BTC-USD", "67,123.40", "67,123.39", "–", "0.00", "0.00%", "0", "Feb 2, 2020"]);
    board.ticker(ticker({ q: 2, p: "67056.270", a: "67123.40" }));
    paint();
    expect(row(0).slice(0, 6)).toEqual(["BTC-USD", "▼67,056.270", "67,123.39", "67,123.40", "−67.130", "−0.10%"]);
    expect(document.querySelector("#quotes .last")?.classList.contains("down")).toBe(true);
  });

  test("touches only the cells that changed", () => {
    const board = shown();
    board.ticker(snapshot({}));
    paint();
    const bid = document.querySelector("#quotes .bid .whole")?.firstChild;
    const records: MutationRecord[] = [];
    const observer = new MutationObserver((r) => records.push(...r));
    observer.observe(document.querySelector("#quotes") as Node, { subtree: true, characterData: true, childList: true });
    board.ticker(ticker({ q: 2, b: "67124.39" }));
    paint();
    records.push(...observer.takeRecords());
    expect(records.map((r) => r.target)).toEqual([bid]);
  });

  test("puts symbols in the order of their names, late ones too", () => {
    const board = shown();
    board.ticker(snapshot({ s: "XRP-USD" }, { s: "ADA-USD" }));
    paint();
    board.ticker(snapshot({ s: "BTC-USD" }));
    paint();
    expect(visible()).toEqual(["ADA-USD", "BTC-USD", "XRP-USD"]);
  });

  test("filters by what the box holds, also symbols that come later", () => {
    const board = shown();
    board.ticker(snapshot({ s: "ADA-USD" }, { s: "BTC-USD" }));
    paint();
    const box = document.querySelector("#search") as HTMLInputElement;
    box.value = "btc";
    box.dispatchEvent(new Event("input"));
    board.ticker(snapshot({ s: "BTC-EUR" }, { s: "SOL-EUR" }));
    paint();
    expect(visible()).toEqual(["BTC-EUR", "BTC-USD"]);
    box.value = "none";
    box.dispatchEvent(new Event("input"));
    paint();
    expect([visible(), text("#empty")]).toEqual([[], "No symbol matches “none”"]);
  });

  test("says in words how the connection is, and keeps the countdown out of what is spoken", () => {
    const board = shown();
    paint();
    expect(text("#link")).toBe("◌ Connecting");
    board.link(connected);
    paint();
    expect(text("#link")).toBe("● Live");
    board.state({ state: "lagging", ageMs: 5400 });
    paint();
    expect(text("#link")).toBe("▲ Connected, but the feed is lagging");
    board.link({ kind: "lost", code: 1006, reason: "", retryInMs: 3000 });
    paint();
    expect([text("#link [role=status]"), text("#retry")]).toEqual(["Reconnecting", "the connection broke, next try in 3 s"]);
    expect((document.querySelector("#board") as HTMLElement).dataset["live"]).toBe("false");
    board.link({ kind: "ended", code: 4501, reason: "" });
    paint();
    expect(text("#link")).toBe("■ Disconnected: nothing was subscribed. Reload to try again.");
  });

  test("reports what went wrong, with how often", () => {
    const board = shown();
    paint();
    expect(document.querySelector("#problem")?.hasAttribute("hidden")).toBe(true);
    board.fault({ kind: "frame", reason: "not JSON", count: 1 });
    board.fault({ kind: "frame", reason: "not JSON", count: 2 });
    paint();
    expect(text("#problem:not([hidden])")).toBe("2 × a message was passed over: not JSON");
  });

  test("has nothing inline that its content security policy would block", () => {
    expect(html).not.toMatch(/\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)/);
  });
});
