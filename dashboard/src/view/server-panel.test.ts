// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock, settled } from "../model/fake.ts";
import type { Board, ServerReport } from "../model/index.ts";
import { report } from "../rest/fake.ts";
import { boardOf, connected, connectedAsOperator, loadPage, text } from "./fake.ts";
import { ServerPanel } from "./server-panel.ts";

const start = 1_700_000_000_000_000;
const partition = { partition: 3, next: 1_000_005, end: 1_000_009, lag: 4, ticks: 9, behind_ms: 120, down_ms: 0 };
const client = { conn: "1k8s", kind: "deflate", subject: "desk-7", delay_ms: 0, since: start, blocked_ms: 2300, pending: 12, conflated: 3400, bytes: 81_500 };

let clock: ManualClock;
let board: Board;
let panel: ServerPanel;
let answers: (ServerReport | Error)[];

beforeEach(() => {
  loadPage();
  clock = new ManualClock();
  answers = [];
  board = boardOf(clock, {
    server: () => {
      const answer = answers.shift() ?? new Error("/v1/server: status 503");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  panel = new ServerPanel(document);
});

const told = (change: object) => void answers.push(report(change) as never);

/** Opens the panel for an operator, and lets so many seconds pass. */
async function look(seconds = 0): Promise<void> {
  board.link(connectedAsOperator);
  board.server.open = true;
  for (let passed = 0; passed <= seconds; passed++) {
    clock.pass(passed === 0 ? 0 : 1000);
    await settled();
  }
  panel.paint(board, true);
}

const hidden = (id: string) => document.querySelector(`#${id}`)?.hasAttribute("hidden");
const figure = (name: string) => [...document.querySelectorAll("#server-figures div")].find((pair) => pair.firstChild?.textContent === name)?.lastChild?.textContent;
const rows = (id: string) => [...document.querySelectorAll(`#${id} tr`)].map((row) => [...row.children].map((cell) => cell.textContent));

describe("the server panel", () => {
  test("is not there for who is no operator, whatever the address says", () => {
    board.link(connected);
    panel.paint(board, true);
    expect([hidden("server-open"), hidden("server")]).toEqual([true, true]);
  });

  test("has a button that tells whether it is open", async () => {
    await look();
    expect([hidden("server-open"), hidden("server"), document.querySelector("#server-open")?.ariaExpanded]).toEqual([false, false, "true"]);
    panel.paint(board, false);
    expect([hidden("server-open"), hidden("server"), document.querySelector("#server-open")?.ariaExpanded]).toEqual([false, true, "false"]);
    board.link({ kind: "ended", code: 4502, reason: "" });
    panel.paint(board, true);
    expect([hidden("server-open"), hidden("server")]).toEqual([true, true]);
  });

  test("shows what is so at once, and rates from the second report on", async () => {
    told({ symbols: 500, heap_bytes: 12_340_000, up_ms: 65_000, connections: { all: 1234, plain: 1, deflate: 2, events: 3, waiting: 4, delayed: 5 } });
    told({ time: start + 2e6, up_ms: 67_000, ticks: 8000, frames: 30, text_bytes: 9000, bytes: 3000, pulses: 100, pulse_us: 8000 });
    await look();
    expect(["Connections", "Compressed", "Delayed", "Symbols", "Heap", "Up", "Ticks/s", "Mean pulse"].map(figure)).toEqual(["1,234", "2", "5", "500", "12.3MB", "1m", "–", "–"]);
    expect(text("#server-asked")).toBe("Node n1 · Version v1 · Rates are of the time between the last two answers.");
    await look(2);
    expect(["Ticks/s", "Frames/s", "Wire KB/s", "Compression", "Mean pulse", "Shards busy"].map(figure)).toEqual(["4,000", "15", "1.5", "3.0 : 1", "0.08ms", "0.2% of 2"]);
  });

  test("stands for half a second at least", async () => {
    told({ symbols: 1 });
    told({ symbols: 2, time: start + 2e6 });
    await look();
    clock.pass(2000);
    panel.paint(board, true);
    await settled();
    clock.pass(400);
    panel.paint(board, true);
    expect(figure("Symbols")).toBe("1");
    clock.pass(100);
    panel.paint(board, true);
    expect(figure("Symbols")).toBe("2");
  });

  test("has a row for each partition and each slow client, begun by its heading", async () => {
    told({ partitions: [{ ...partition, partition: 2, behind_ms: 0, lag: 0 }, partition, { ...partition, partition: 4, down_ms: 12_000 }], slowest: [client, { ...client, kind: "events", subject: undefined, blocked_ms: 0, delay_ms: 900_000 }] });
    await look();
    expect(rows("server-partitions-rows")).toEqual([
      ["2", "1,000,005", "1,000,009", "0", "–", "At the end"],
      ["3", "1,000,005", "1,000,009", "4", "120ms", "Behind"],
      ["4", "1,000,005", "1,000,009", "4", "120ms", "Down for 12s"],
    ]);
    expect(rows("server-slowest-rows")).toEqual([
      ["1k8s", "Compressed", "desk-7", "–", "2,300ms", "12", "3,400", "82"],
      ["1k8s", "Events", "–", "15m", "–", "12", "3,400", "82"],
    ]);
    expect([...document.querySelectorAll("#server tbody th")].every((th) => th.getAttribute("scope") === "row")).toBe(true);
  });

  test("says in a sentence that a table has no rows, and what had some before has none left", async () => {
    told({ partitions: [partition], slowest: [client, client] });
    told({ time: start + 2e6 });
    await look();
    expect(["server-partitions", "server-slowest", "server-partitions-none", "server-slowest-none"].map(hidden)).toEqual([false, false, true, true]);
    await look(2);
    expect([text("#server-partitions-none:not([hidden])"), text("#server-slowest-none:not([hidden])")]).toEqual(["This node reads no partition.", "No client is slow: each gets all that it asked for."]);
    expect([rows("server-slowest-rows"), hidden("server-slowest")]).toEqual([[], true]);
  });

  test("says that a question failed, and how old is what is shown", async () => {
    told({ symbols: 500 });
    await look();
    await look(3);
    expect(text("#server-asked")).toBe("The last question was not answered (/v1/server: status 503): what is shown is 3s old.");
    expect([figure("Symbols"), document.querySelector<HTMLElement>("#server")?.dataset["fresh"]]).toEqual(["500", "stale"]);
  });

  test("has nothing that speaks", () => {
    expect(document.querySelectorAll("#server :is([role=status], [role=alert], [role=log], [aria-live])")).toHaveLength(0);
  });
});
