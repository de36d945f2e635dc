// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../model/fake.ts";
import type { Board } from "../model/index.ts";
import { boardOf, connected, html, loadPage, text } from "./fake.ts";
import { Header } from "./header.ts";

let clock: ManualClock;
let board: Board;
let header: Header;

beforeEach(() => {
  loadPage();
  clock = new ManualClock();
  board = boardOf(clock);
  header = new Header(document);
});

/** What is drawn of the connection after an event. */
function link(act: () => void): string | undefined {
  act();
  header.paint(board);
  return text("#link");
}

describe("the connection", () => {
  test("is told in words and shapes", () => {
    expect(link(() => {})).toBe("◌ Connecting");
    expect(link(() => board.link(connected))).toBe("● Live");
    expect(link(() => board.state({ state: "lagging", ageMs: 5400 }))).toBe("▲ Connected, but the feed is lagging newest tick 5s old");
    expect(link(() => board.link({ kind: "ended", code: 4501, reason: "" }))).toBe("■ Disconnected: nothing was subscribed. Reload to try again.");
  });

  test("that waits for a token says so, and not that it is live", () => {
    link(() => board.link(connected));
    expect(link(() => board.refused({ type: "error", code: "unauthorized", message: "", retry: false }))).toBe("▲ Waiting for a token");
    expect(link(() => board.link({ kind: "ended", code: 4502, reason: "no token came in time" }))).toBe("▲ Waiting for a token");
    expect(text("#problem:not([hidden])")).toBeUndefined();
  });

  test("keeps the countdown and the age out of what is spoken", () => {
    link(() => board.link({ kind: "lost", code: 1006, reason: "", retryInMs: 3000 }));
    expect([text("#link [role=status]"), text("#retry")]).toEqual(["Reconnecting", "the connection broke, next try in 3 s"]);
    clock.pass(1500);
    link(() => {});
    expect([text("#link [role=status]"), text("#retry")]).toEqual(["Reconnecting", "the connection broke, next try in 2 s"]);
  });

  test("tells node, feed, lag, reconnects and gaps at the foot", () => {
    link(() => board.link(connected));
    board.heartbeat({ type: "heartbeat", t: 0 as never, lag_ms: 12, conflated: 3, state: "live", age_ms: 1 });
    header.paint(board);
    expect([text("#health"), text("#events")]).toEqual(["Node n1 · Feed live · Lag 12ms", "Reconnects 0 · Gaps 0"]);
  });

  test("reports what went wrong, with how often", () => {
    link(() => {});
    expect(document.querySelector("#problem")?.hasAttribute("hidden")).toBe(true);
    for (const count of [1, 2]) board.fault({ kind: "frame", reason: "not JSON", count });
    header.paint(board);
    expect(text("#problem:not([hidden])")).toBe("2 × a message was passed over: not JSON");
  });
});

describe("index.html", () => {
  test("has nothing inline that its content security policy would block", () => {
    expect(html).not.toMatch(/\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)/);
  });

  test("has live regions for the connection, what happened to it, the matches of a search and what a dialog refuses, and no others", () => {
    const live = [...document.querySelectorAll("[role=status], [role=alert], [role=log], [aria-live]")].map(({ id }) => id);
    expect(live).toEqual(["link-text", "matches", "events", "lists-problem"]);
  });

  test("names everything that can be used", () => {
    const unnamed = [...document.querySelectorAll("button, select, input")].filter((e) => {
      const labelled = e.id !== "" && document.querySelector(`label[for=${e.id}]`) !== null;
      return !labelled && e.textContent?.trim() === "" && !e.hasAttribute("aria-label");
    });
    expect(unnamed.map(({ id }) => id)).toEqual([]);
  });
});
