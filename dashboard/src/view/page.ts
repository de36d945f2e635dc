import type { Address, Board, ColumnPreference, Interest, Interval, Movement, Preferences, SymbolName, Theme } from "../model/index.ts";
import { filterOf, intervals } from "../model/index.ts";
import { DetailPanel } from "./detail-panel.ts";
import { FlowPanel } from "./flow-panel.ts";
import { count } from "./format.ts";
import { Frame } from "./frame.ts";
import { Grid } from "./grid.ts";
import { Header } from "./header.ts";
import { columnsAtFirst } from "./columns.ts";
import { onKeys } from "./keys.ts";
import { ListChoice } from "./list-choice.ts";
import { ListsDialog } from "./lists-dialog.ts";
import type { Place } from "./place.ts";
import { Search } from "./search.ts";
import { ServerPanel } from "./server-panel.ts";
import { SettingsDialog } from "./settings-dialog.ts";
import { takeSparkColours } from "./spark-line.ts";
import { dialog, element, select, Text, textOf } from "./text.ts";
import { TokenDialog } from "./token-dialog.ts";

export interface PageOptions {
  readonly document: Document;
  readonly board: Board;
  readonly interest: Interest;
  readonly preferences: Preferences;
  readonly place: Place;
  readonly budget: (bytesPerS: number) => void;
  /** The feed connects anew, with the token of now. */
  readonly reconnect: () => void;
}

/**
 * The whole page. It draws the board once per animation frame in which
 * something changed, and does what a person asks for.
 */
export class Page {
  readonly #frame = new Frame(() => this.#paint());
  readonly #document: Document;
  readonly #board: Board;
  readonly #interest: Interest;
  readonly #preferences: Preferences;
  readonly #place: Place;
  readonly #header: Header;
  readonly #grid: Grid;
  readonly #search: Search;
  readonly #listChoice: ListChoice;
  readonly #lists: ListsDialog;
  readonly #settings: SettingsDialog;
  readonly #flow: FlowPanel;
  readonly #server: ServerPanel;
  readonly #token: TokenDialog;
  readonly #detail: DetailPanel;
  readonly #stage: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #emptyText: Text;
  readonly #matches: Text;
  readonly #rows: Text;
  #renderedChanged = true;

  constructor({ document, board, interest, preferences, place, budget, reconnect }: PageOptions) {
    this.#document = document;
    this.#board = board;
    this.#interest = interest;
    this.#preferences = preferences;
    this.#place = place;
    this.#stage = element(document, "stage");
    this.#empty = element(document, "empty");
    this.#emptyText = new Text(this.#empty);
    this.#matches = textOf(document, "matches");
    this.#rows = textOf(document, "rows");
    this.#header = new Header(document);
    this.#search = new Search(document, {
      searched: (search) => {
        this.#go({ search });
        this.#grid.toTop();
      },
      leave: () => this.#grid.focus(),
      choose: () => this.#openFirst(),
    });
    const favourites = {
      toggleFavourite: (symbol: SymbolName) => this.#toggleFavourite(symbol),
      isFavourite: (symbol: SymbolName) => preferences.watchlists.favourites.has(symbol),
    };
    this.#grid = new Grid(element(document, "board"), board, {
      ...favourites,
      open: (symbol) => this.#open(symbol),
      key: (event, symbol) => this.#rowKey(event, symbol),
      sorted: () => this.#go({ sort: this.#grid.sort }),
      columnsChanged: () => this.#keepColumns(),
      rendered: () => {
        this.#renderedChanged = true;
        this.invalidate();
      },
    }, preferences.columns, place.address.sort);
    this.#listChoice = new ListChoice(document, preferences.watchlists, (list) => this.#go(list));
    this.#lists = new ListsDialog(document, preferences.watchlists, () => this.#listsChanged());
    this.#settings = new SettingsDialog(document, {
      theme: (theme) => this.#setTheme(theme),
      arrange: (columns) => this.#arrange(columns),
      resetColumns: () => this.#resetColumns(),
      token: () => this.#token.open(),
    }, preferences.theme, () => this.#grid.columns);
    this.#flow = new FlowPanel(document, {
      rate: (rate) => this.#setRate(rate),
      budget: (bytesPerS) => this.#setBudget(bytesPerS, budget),
    }, preferences.rate, preferences.bytesPerS);
    this.#server = new ServerPanel(document);
    this.#token = new TokenDialog(document, board.token, {
      give: (token, keep) => {
        board.token.take(token, keep);
        reconnect();
      },
      forget: () => {
        board.token.forget();
        reconnect();
      },
    });
    this.#detail = new DetailPanel(document, {
      ...favourites,
      close: () => this.#close(),
      interval: (interval) => this.#go({ interval }),
      lists: (symbol) => this.#lists.open(symbol),
    });
    this.#listen();
    this.#setTheme(preferences.theme);
    this.#favouritesChanged();
    this.#show(place.address);
  }

  /** Something changed: draw it with the next frame. */
  invalidate(): void {
    this.#frame.request();
  }

  #listen(): void {
    const document = this.#document;
    const clicked = (id: string, act: () => void): void => element(document, id).addEventListener("click", act);
    clicked("lists-open", () => this.#lists.open(this.#grid.focused));
    clicked("settings-open", () => this.#settings.open(this.#board.token.concerns));
    clicked("flow-open", () => this.#go({ flow: !this.#place.address.flow }));
    clicked("server-open", () => this.#go({ server: !this.#place.address.server }));
    clicked("help-open", () => dialog(document, "help").showModal());
    const only = select(document, "only");
    only.addEventListener("change", () => this.#go({ only: only.value as Movement }));
    document.addEventListener("visibilitychange", () => {
      this.#hide(document.hidden);
      if (!document.hidden) this.#board.detail.refresh();
    });
    this.#hide(document.hidden); // a tab may be opened behind another
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#restyle());
    this.#place.onLeave = () => this.#show(this.#place.address);
    onKeys(document, {
      "/": () => this.#search.focus(),
      "?": () => dialog(document, "help").showModal(),
      Escape: () => this.#close(),
      ...Object.fromEntries((Object.keys(intervals) as Interval[]).map((interval, i) => [String(i + 1), () => this.#go({ interval })])),
    });
  }

  #hide(hidden: boolean): void {
    this.#interest.hide(hidden);
    this.#board.server.visible = !hidden;
  }

  /** Changes the view, and the page's address with it. */
  #go(change: Partial<Address>, asNew = false): void {
    this.#place.go(change, asNew);
    this.#show(this.#place.address);
  }

  #show(address: Address): void {
    this.#search.text = address.search;
    select(this.#document, "only").value = address.only;
    this.#listChoice.show(address);
    this.#flow.open = address.flow;
    this.#board.server.open = address.server;
    element(this.#document, "flow-open").ariaExpanded = String(address.flow);
    if (address.sort?.column !== this.#grid.sort?.column || address.sort?.descending !== this.#grid.sort?.descending) this.#grid.orderBy(address.sort);
    this.#board.detail.open(address.symbol, address.interval);
    this.#interest.inspect(this.#board.detail.inspected);
    this.#stage.classList.toggle("with-detail", address.symbol !== undefined);
    this.#filter();
  }

  #filter(): void {
    const { address } = this.#place;
    this.#grid.filter(filterOf(address, this.#board.quotes, this.#preferences.watchlists));
    this.#interest.survey(this.#grid.ordersByValue || address.only !== "all");
    const { matches } = this.#grid;
    this.#matches.set(address.search === "" ? "" : `${count(matches)} ${matches === 1 ? "symbol" : "symbols"}`);
    this.invalidate();
  }

  #open(symbol: SymbolName): void {
    this.#go({ symbol }, true);
    this.#paint(); // what gets the focus must be there
    this.#detail.focus();
  }

  #openFirst(): void {
    this.#grid.focus();
    const symbol = this.#grid.focused;
    if (symbol !== undefined) this.#open(symbol);
  }

  #close(): void {
    const { symbol } = this.#place.address;
    if (symbol === undefined) return;
    const focused = this.#detail.focused;
    this.#go({ symbol: undefined });
    this.#paint();
    if (focused) this.#grid.focus(symbol);
  }

  #rowKey(event: KeyboardEvent, symbol: SymbolName): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f") this.#toggleFavourite(symbol);
    else if (event.key === "l") this.#lists.open(symbol);
  }

  #toggleFavourite(symbol: SymbolName): void {
    this.#preferences.watchlists.toggleFavourite(symbol);
    this.#listsChanged();
    this.#favouritesChanged();
  }

  #favouritesChanged(): void {
    const { favourites } = this.#preferences.watchlists;
    this.#interest.keep(favourites);
    this.#grid.pin(favourites);
    this.#detail.favouriteChanged();
  }

  #listsChanged(): void {
    this.#preferences.save();
    const { list } = this.#place.address;
    if (list !== undefined && this.#preferences.watchlists.get(list) === undefined) this.#place.go({ list: undefined }, false);
    this.#show(this.#place.address);
  }

  #arrange(columns: readonly ColumnPreference[]): void {
    this.#grid.arrange(columns);
    this.#keepColumns();
  }

  #keepColumns(): void {
    this.#preferences.columns = this.#grid.columns;
    this.#preferences.save();
  }

  #resetColumns(): void {
    this.#grid.arrange(columnsAtFirst());
    this.#preferences.columns = [];
    this.#preferences.save();
  }

  #setTheme(theme: Theme): void {
    this.#preferences.theme = theme;
    this.#preferences.save();
    const { documentElement } = this.#document;
    if (theme === "auto") delete documentElement.dataset["theme"];
    else documentElement.dataset["theme"] = theme;
    this.#restyle();
  }

  #restyle(): void {
    takeSparkColours(getComputedStyle(this.#document.documentElement));
    this.#grid.repaint();
    this.#detail.restyle();
  }

  #setRate(rate: number): void {
    this.#preferences.rate = rate;
    this.#preferences.save();
    this.#interest.rate(rate);
    this.#board.flow.forgetAges();
  }

  #setBudget(bytesPerS: number, budget: (bytesPerS: number) => void): void {
    this.#preferences.bytesPerS = bytesPerS;
    this.#preferences.save();
    budget(bytesPerS);
    this.#board.flow.forgetAges();
  }

  #paint(): void {
    const board = this.#board;
    const changed = board.quotes.take();
    const before = this.#grid.size;
    this.#header.paint(board);
    const fadesInMs = this.#grid.paint(changed, board.now);
    if (fadesInMs !== undefined) this.#frame.requestIn(fadesInMs);
    if (this.#grid.size > before) this.#favouritesChanged();
    this.#detail.paint(board, changed);
    this.#flow.paint(board, this.#interest.size);
    this.#server.paint(board, this.#place.address.server);
    this.#token.paint();
    this.#stage.dataset["live"] = String(board.live);
    this.#see();
    const { matches } = this.#grid;
    this.#rows.set(`${count(matches)} of ${count(board.quotes.size)} symbols`);
    this.#empty.hidden = matches > 0;
    if (matches === 0) this.#emptyText.set(this.#emptiness());
  }

  /** Tells what is on screen now. */
  #see(): void {
    if (!this.#renderedChanged) return;
    this.#renderedChanged = false;
    const { rendered } = this.#grid;
    this.#interest.see(rendered);
    this.#board.sparks.want(rendered);
  }

  #emptiness(): string {
    if (this.#board.locked) return "No prices without a token: View is where you can give one";
    if (this.#board.quotes.size === 0) return this.#board.connection.state === "live" ? "Waiting for the first prices" : "No prices yet";
    return this.#place.address.search === "" ? "No symbol is in this view" : `No symbol matches “${this.#place.address.search}”`;
  }
}
