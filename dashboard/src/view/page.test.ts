// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ManualClock, settled } from "../model/fake.ts";
import type { Board, ColumnPreference, Row, SymbolName } from "../model/index.ts";
import { Preferences } from "../model/index.ts";
import { boardOf, connected, connectedAsOperator, loadPage, name, snapshot, text } from "./fake.ts";
import { Page } from "./page.ts";
import { Place } from "./place.ts";

// The table is AG Grid's, the chart is drawn on a canvas: neither is here.
const grid = vi.hoisted(() => ({ made: undefined as unknown }));

vi.mock("./chart.ts", () => ({ Chart: class { restyle() {} draw() {} reset() {} } }));
vi.mock("./grid.ts", () => ({
  Grid: class {
    owner: unknown;
    columns: readonly ColumnPreference[] = [];
    sort: unknown;
    focused: unknown;
    matches = 3;
    size = 0;
    rendered: ReadonlySet<unknown> = new Set();
    ordersByValue = false;
    passes: unknown;
    done: unknown[][] = [];
    constructor(...[, , owner, , sort]: unknown[]) {
      Object.assign(this, { owner, sort });
      grid.made = this;
    }
    filter(passes: unknown) { this.passes = passes; }
    focus(...to: unknown[]) { this.done.push(["focus", ...to]); }
    toTop() { this.done.push(["toTop"]); }
    orderBy(sort: unknown) { this.sort = sort; this.done.push(["orderBy", sort]); }
    pin(symbols: Iterable<unknown>) { this.done.push(["pin", ...symbols]); }
    arrange(columns: readonly ColumnPreference[]) { this.columns = columns; }
    repaint() {}
    paint() { return undefined; }
  },
}));

interface FakeGrid {
  readonly owner: { open(symbol: SymbolName): void; key(event: KeyboardEvent, symbol: SymbolName): void; sorted(): void; rendered(): void };
  sort: unknown;
  matches: number;
  rendered: ReadonlySet<SymbolName>;
  ordersByValue: boolean;
  passes: ((row: Row) => boolean) | undefined;
  done: unknown[][];
}

const get = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const table = () => grid.made as FakeGrid;

let clock: ManualClock;
let board: Board;
let preferences: Preferences;
let subscribed: unknown[][];
let done: unknown[][];
let hidden: boolean;

/** The page at an address, with a list Mine of S0. */
function pageAt(query = ""): void {
  window.history.replaceState(null, "", `/${query}`);
  let ids = 0;
  const source = {
    subscribe: (terms: readonly string[], { rate = 0, channel = "ticker" }: { rate?: number; channel?: string }) => void (channel === "ticker" && subscribed.push([channel, rate, ...terms])),
    unsubscribe: () => {},
    ping: () => ++ids,
    budget: () => {},
  };
  const interest = board.start(source, preferences.rate);
  const page = new Page({
    document, board, interest, preferences, place: new Place(window),
    budget: (bytes) => done.push(["budget", bytes]),
    reconnect: () => done.push(["reconnect", board.token.current]),
  });
  paint = async () => {
    page.invalidate();
    await new Promise((drawn) => requestAnimationFrame(drawn));
  };
}

let paint = async (): Promise<void> => {};

/** What the page of one test listens to on what all of them share. */
const leaving: (() => void)[] = [];

beforeEach(() => {
  for (const target of [document, window] as EventTarget[]) {
    const listen = target.addEventListener.bind(target);
    vi.spyOn(target, "addEventListener").mockImplementation((type, listener, options) => {
      listen(type, listener, options);
      leaving.push(() => target.removeEventListener(type, listener));
    });
  }
  loadPage();
  clock = new ManualClock();
  board = boardOf(clock);
  preferences = new Preferences({ getItem: () => null, setItem: () => {} });
  preferences.watchlists.create("Mine");
  preferences.watchlists.toggle("Mine", name("S0"));
  subscribed = [];
  done = [];
  hidden = false;
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
});

afterEach(() => {
  for (const leave of leaving.splice(0)) leave();
  vi.restoreAllMocks();
});

function hide(is: boolean): void {
  hidden = is;
  document.dispatchEvent(new Event("visibilitychange"));
}

function press(key: string): void {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

function choose(id: string, value: string): void {
  get<HTMLSelectElement>(id).value = value;
  get(id).dispatchEvent(new Event("change"));
}

describe("the address", () => {
  test("holds what a person does, and one step back closes the symbol", () => {
    pageAt();
    const steps = window.history.length;
    choose("only", "rising");
    get("flow-open").click();
    get("server-open").click();
    expect([window.location.search, window.history.length - steps]).toEqual(["?only=rising&flow=1&server=1", 0]);
    table().owner.open(name("S0"));
    expect([window.location.search, window.history.length - steps]).toEqual(["?only=rising&symbol=S0&flow=1&server=1", 1]);
  });

  test("is shown when the page is opened with it", async () => {
    pageAt("?q=s0&only=falling&sort=last.desc&symbol=S0&interval=5m&flow=1");
    await paint();
    expect([get<HTMLInputElement>("search").value, get<HTMLSelectElement>("only").value, get("flow").hidden, get("flow-open").ariaExpanded]).toEqual(["s0", "falling", false, "true"]);
    expect([table().sort, text("#detail-name"), board.detail.interval, text("#matches")]).toEqual([{ column: "last", descending: true }, "S0", "5m", "3 symbols"]);
  });

  test("holds the order that a person gives the table, and orders it when they go back", () => {
    pageAt();
    table().sort = { column: "last", descending: true };
    table().owner.sorted();
    expect(window.location.search).toBe("?sort=last.desc");
    window.history.replaceState(null, "", "/?sort=bid.asc");
    window.dispatchEvent(new PopStateEvent("popstate"));
    expect(table().done.at(-1)).toEqual(["orderBy", { column: "bid", descending: false }]);
  });

  test("of a list that is deleted falls back to all symbols", () => {
    pageAt("?list=Mine");
    expect(table().passes).toBeDefined();
    get("lists-open").click();
    document.querySelector<HTMLElement>("#lists-items button")?.click();
    expect([window.location.search, table().passes]).toEqual(["", undefined]);
  });
});

describe("the keyboard", () => {
  test("closes the symbol, and the focus is where it was opened from", async () => {
    pageAt();
    table().owner.open(name("S0"));
    expect(document.activeElement?.id).toBe("detail-name");
    press("Escape");
    expect([window.location.search, table().done.at(-1), get("detail").hidden]).toEqual(["", ["focus", "S0"], true]);
  });

  test("changes the interval by number", () => {
    pageAt("?symbol=S0");
    press("1");
    expect([board.detail.interval, window.location.search]).toEqual(["1s", "?symbol=S0&interval=1s"]);
  });

  test("makes a favourite of a row, which is pinned and kept", () => {
    pageAt();
    const pressed = (change: KeyboardEventInit) => table().owner.key(new KeyboardEvent("keydown", { key: "f", ...change }), name("S0"));
    pressed({ ctrlKey: true });
    expect([...preferences.watchlists.favourites]).toEqual([]);
    pressed({});
    expect([[...preferences.watchlists.favourites], table().done.at(-1)]).toEqual([["S0"], ["pin", "S0"]]);
  });
});

describe("what is subscribed", () => {
  /** A live page with two symbols, of which S0 is on screen. */
  async function show(query = ""): Promise<void> {
    board = boardOf(clock, { symbols: () => Promise.resolve([name("S0"), name("S1")]) });
    pageAt(query);
    board.link(connected);
    board.ack({ type: "ack", op: "subscribe" });
    clock.pass(0);
    await settled();
    table().rendered = new Set([name("S0")]);
    table().owner.rendered();
    await paint();
    clock.pass(1000);
  }

  test("is what is on screen, and all of it slowly while the order or the filter goes by values", async () => {
    await show("?only=rising");
    expect(subscribed).toEqual([["ticker", 0.2, "*"], ["ticker", 5, "S0"]]);
  });

  test("is not all when rows are in the order of their names", async () => {
    await show();
    expect(subscribed).toEqual([["ticker", 5, "S0"]]);
  });

  test("is slow while the page is hidden", async () => {
    await show();
    subscribed = [];
    hide(true);
    clock.pass(1000);
    expect(subscribed).toEqual([["ticker", 0.2, "S0"]]);
    hide(false);
    clock.pass(1000);
    expect(subscribed.at(-1)).toEqual(["ticker", 5, "S0"]);
  });

  test("changes with the sliders, which are kept", () => {
    pageAt();
    const slide = (id: string, value: string): void => {
      get<HTMLInputElement>(id).value = value;
      get(id).dispatchEvent(new Event("input"));
    };
    slide("rate", "0");
    slide("budget", "0");
    expect([preferences.rate, preferences.bytesPerS, done]).toEqual([0.2, 1000, [["budget", 1000]]]);
  });
});

describe("an empty table says why it is", () => {
  test.each<{ scenario: string; query?: string; events: () => void; says: string }>([
    { scenario: "there is no connection", events: () => {}, says: "No prices yet" },
    { scenario: "nothing has come", events: () => board.link(connected), says: "Waiting for the first prices" },
    { scenario: "nothing matches", query: "?q=zzz", events: () => board.ticker(snapshot({})), says: "No symbol matches “zzz”" },
    { scenario: "the list is empty", query: "?list=*", events: () => board.ticker(snapshot({})), says: "No symbol is in this view" },
    {
      scenario: "a token is wanted",
      events: () => {
        board.link(connected);
        board.refused({ type: "error", code: "unauthorized", message: "", retry: false });
      },
      says: "No prices without a token: View is where you can give one",
    },
  ])("$scenario", async ({ query = "", events, says }) => {
    pageAt(query);
    events();
    table().matches = 0;
    await paint();
    expect(text("#empty:not([hidden])")).toBe(says);
  });
});

describe("the server panel", () => {
  test("is asked for by the address and shown to operators alone", async () => {
    pageAt("?server=1");
    board.link(connected);
    await paint();
    expect([get("server").hidden, get("server-open").hidden]).toEqual([true, true]);
    board.link(connectedAsOperator);
    await paint();
    expect([get("server").hidden, get("server-open").hidden]).toEqual([false, false]);
  });

  test("asks nothing in a tab that was opened behind another, until it is seen", () => {
    let asked = 0;
    board = boardOf(clock, { server: () => (asked++, new Promise(() => {})) });
    hidden = true;
    pageAt("?server=1");
    board.link(connectedAsOperator);
    clock.pass(10_000);
    expect(asked).toBe(0);
    hide(false);
    clock.pass(0);
    expect(asked).toBe(1);
  });
});

describe("the token", () => {
  test("is asked for, taken, and brought to the server by a new connection", async () => {
    pageAt();
    board.link(connected);
    board.refused({ type: "error", code: "unauthorized", message: "", retry: false });
    await paint();
    expect(get<HTMLDialogElement>("token").open).toBe(true);
    get<HTMLInputElement>("token-text").value = "secret";
    get("token-form").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    expect(done).toEqual([["reconnect", "secret"]]);
    expect(window.location.href + document.title + document.body.innerHTML).not.toContain("secret");
  });

  test("has its place under View on a server that wants one, and is forgotten there", () => {
    pageAt();
    get("settings-open").click();
    expect(get("settings-token").hidden).toBe(true);
    get<HTMLDialogElement>("settings").close();
    board.token.take("secret", false);
    get("settings-open").click();
    expect(get("settings-token").hidden).toBe(false);
    get("token-open").click();
    get("token-forget").click();
    expect([done, board.token.current]).toEqual([[["reconnect", undefined]], undefined]);
  });
});

test("the colours are as the person chose, or else the system's", () => {
  pageAt();
  choose("theme", "light");
  expect([document.documentElement.dataset["theme"], preferences.theme]).toEqual(["light", "light"]);
  choose("theme", "auto");
  expect([document.documentElement.dataset["theme"], preferences.theme]).toEqual([undefined, "auto"]);
});
