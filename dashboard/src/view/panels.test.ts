// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ManualClock } from "../model/fake.ts";
import type { ColumnPreference } from "../model/index.ts";
import { Preferences } from "../model/index.ts";
import { columnsAtFirst } from "./columns.ts";
import { DetailPanel } from "./detail-panel.ts";
import { boardOf, connected, loadPage, name, snapshot, stats, text, ticker } from "./fake.ts";
import { FlowPanel } from "./flow-panel.ts";
import { ListChoice } from "./list-choice.ts";
import { ListsDialog } from "./lists-dialog.ts";
import { SettingsDialog } from "./settings-dialog.ts";

// It draws on a canvas, which there is none of here: the browser tests look at it.
vi.mock("./chart.ts", () => ({ Chart: class { restyle() {} draw() {} reset() {} } }));

beforeEach(() => loadPage());

const get = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector) as E;
const noStore = { getItem: () => null, setItem: () => {} };

function slide(id: string, value: string): void {
  get<HTMLInputElement>(`#${id}`).value = value;
  get(`#${id}`).dispatchEvent(new Event("input"));
}

describe("the flow panel", () => {
  test("shows what comes in, twice a second at most", () => {
    const clock = new ManualClock();
    const board = boardOf(clock);
    const panel = new FlowPanel(document, { rate: () => {}, budget: () => {} }, 5, 0);
    panel.open = true;
    board.ticker(snapshot({ n: 1 }));
    board.flow.wire(100);
    for (let i = 1; i <= 10; i++) {
      board.flow.frame(1000);
      board.ticker(ticker({ q: 1 + i, n: 1 + 5 * i }));
      clock.pass(100);
    }
    board.flow.wire(4100);
    panel.paint(board, 12);
    const shown = ["updates", "ticks", "ratio", "merged", "frames", "bytes", "compression", "subscribed"].map((id) => text(`#flow-${id}`));
    expect(shown).toEqual(["11", "51", "4.6", "40", "10", "10", "2.5 : 1", "12"]);
    board.flow.frame(1000);
    clock.pass(100);
    panel.paint(board, 99);
    expect(text("#flow-subscribed")).toBe("12");
  });

  test("has sliders that say their value and change the subscription", () => {
    const moved: (string | number)[][] = [];
    new FlowPanel(document, { rate: (r) => moved.push(["rate", r]), budget: (b) => moved.push(["budget", b]) }, 5, 0);
    expect([text("#rate-text"), text("#budget-text")]).toEqual(["5 a second", "no budget"]);
    slide("rate", "0");
    slide("rate", "8");
    slide("budget", "3");
    expect(moved).toEqual([["rate", 0.2], ["rate", 0], ["budget", 8000]]);
    expect([text("#rate-text"), get("#budget").getAttribute("aria-valuetext")]).toEqual(["every change", "8 KB a second"]);
  });
});

describe("the detail", () => {
  const owner = { close: () => {}, interval: () => {}, toggleFavourite: () => {}, isFavourite: () => false, lists: () => {} };

  test("shows the quote of its symbol, and changes with it", () => {
    const board = boardOf();
    board.link(connected);
    board.ack({ type: "ack", op: "subscribe" });
    board.ticker(snapshot({ a: "67123.50" }));
    board.stats(stats({}));
    board.detail.open(name("BTC-USD"), "1m");
    const panel = new DetailPanel(document, owner);
    panel.paint(board, board.quotes.take());
    expect([get("#detail").hidden, text("#detail-name"), text("#detail-last"), text("#detail-change")]).toEqual([false, "BTC-USD", "67,123.40", "+123.40 (+0.18%)"]);
    expect(text("#detail-quote")).toContain("Spread0.11");
    expect(text("#detail-state")).toBe("Live");
    board.ticker(ticker({ q: 2, p: "67123.50" }));
    panel.paint(board, board.quotes.take());
    expect(text("#detail-last")).toBe("67,123.50");
  });

  test("says of a symbol that nobody knows that it is not known, and goes when it is closed", () => {
    const board = boardOf();
    board.detail.open(name("NONE"), "1m");
    const panel = new DetailPanel(document, owner);
    panel.paint(board, new Map());
    expect(text("#detail-state")).toBe("This symbol is not known here, yet.");
    board.detail.open(undefined, "1m");
    panel.paint(board, new Map());
    expect(get("#detail").hidden).toBe(true);
  });

  test("lists the last trades with their side in words, and gaps between them", () => {
    const board = boardOf();
    board.detail.open(name("A"), "1m");
    const trade = (q: number, d: string) => ({ s: "A", q, t: 0, p: "1.50", z: "2", d });
    board.trades({ type: "trades", data: [trade(1, "b"), trade(5, "s")] } as never);
    board.gap({ type: "gap", channel: "trades", symbol: "A", from: 2, to: 4 } as never);
    new DetailPanel(document, owner).paint(board, new Map());
    const rows = [...document.querySelectorAll("#tape tr")].map((r) => [...r.children].map((c) => c.textContent).slice(-3).join(" "));
    expect(rows).toEqual(["1.50 2 ▼ Sell", "Gap: up to 3 ticks were not told", "1.50 2 ▲ Buy"]);
  });
});

describe("the watchlists", () => {
  test("are made, filled and deleted in the dialog, and chosen beside the table", () => {
    const { watchlists } = new Preferences(noStore);
    let changes = 0;
    const lists = new ListsDialog(document, watchlists, () => void changes++);
    lists.open(name("BTC-USD"));
    get<HTMLInputElement>("#lists-new").value = " Mine ";
    get("#lists-add").click();
    expect([watchlists.names, [...(watchlists.get("Mine") ?? [])], changes]).toEqual([["Mine"], ["BTC-USD"], 1]);
    get<HTMLInputElement>("#lists-new").value = "Mine";
    get("#lists-add").click();
    expect(text("#lists-problem")).toBe("There is a list of that name already.");
    get<HTMLInputElement>("#lists-items input").click();
    expect(watchlists.get("Mine")?.size).toBe(0);
    const choice = new ListChoice(document, watchlists, () => {});
    choice.show({ list: "Mine", favourites: false });
    expect([...get<HTMLSelectElement>("#list").options].map((o) => o.text)).toEqual(["All symbols", "★ Favourites", "Mine"]);
    get("#lists-items button").click();
    expect([watchlists.names, text("#lists-none:not([hidden])")]).toEqual([[], "There is no list yet."]);
  });

  test("have one of an address that is not theirs in the choice, too", () => {
    const chosen: unknown[] = [];
    const choice = new ListChoice(document, new Preferences(noStore).watchlists, (c) => chosen.push(c));
    choice.show({ list: "Theirs", favourites: false });
    const select = get<HTMLSelectElement>("#list");
    expect([select.value, select.options.length]).toEqual(["list Theirs", 3]);
    for (const value of ["favourites", "all", "list Theirs"]) {
      select.value = value;
      select.dispatchEvent(new Event("change"));
    }
    expect(chosen).toEqual([{ favourites: true }, { favourites: false }, { list: "Theirs", favourites: false }]);
  });
});

describe("the columns", () => {
  const arranged = () => {
    let now: readonly ColumnPreference[] = [{ id: "symbol", hidden: false }, ...columnsAtFirst()];
    const owner = { theme: () => {}, arrange: (to: readonly ColumnPreference[]) => void (now = to), resetColumns: () => void (now = [{ id: "symbol", hidden: false }, ...columnsAtFirst()]), token: () => {} };
    new SettingsDialog(document, owner, "auto", () => now).open(false);
    return () => now.map(({ id, hidden }) => (hidden ? `(${id})` : id)).slice(0, 4);
  };

  test("are hidden and shown by boxes, and moved by buttons that keep the focus", () => {
    const now = arranged();
    const before = now();
    get<HTMLInputElement>("#columns input").click();
    expect(now()).toEqual([before[0], "(last)", ...before.slice(2)]);
    get('#columns [aria-label="Last price: later"]').click();
    expect(now()).toEqual([before[0], before[2], "(last)", before[3]]);
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Last price: later");
    get("#columns-reset").click();
    expect(now()).toEqual(before);
  });

  test("cannot be moved before the symbol or after the last", () => {
    arranged();
    const disabled = [...document.querySelectorAll("#columns button:disabled")].map((b) => b.getAttribute("aria-label"));
    expect(disabled).toEqual(["Last price: earlier", "Age of the last tick: later"]);
  });
});
