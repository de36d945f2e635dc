import type { Board } from "../model/index.ts";
import { count, timeOfDay } from "./format.ts";
import { Frame } from "./frame.ts";
import { Header } from "./header.ts";
import { Search } from "./search.ts";
import { QuoteTable } from "./table.ts";
import { element, Text } from "./text.ts";

/** The whole page. It draws a Board once per animation frame in which something changed. */
export class Page {
  readonly #frame = new Frame(() => this.#paint());
  readonly #header: Header;
  readonly #table: QuoteTable;
  readonly #search: Search;
  readonly #main: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #emptyText: Text;
  readonly #matches: Text;
  readonly #problem: HTMLElement;
  readonly #problemText: Text;
  #board: Board | undefined;

  constructor(document: Document) {
    this.#header = new Header(document);
    this.#table = new QuoteTable(element(document, "quotes"));
    this.#search = new Search(document, () => this.#filter());
    this.#main = element(document, "board");
    this.#empty = element(document, "empty");
    this.#emptyText = new Text(this.#empty);
    this.#matches = new Text(element(document, "matches"));
    this.#problem = element(document, "problem");
    this.#problemText = new Text(this.#problem);
    const opened = timeOfDay(Date.now());
    new Text(element(document, "note")).set(`Change is since ${opened}, when this page opened.`);
  }

  show(board: Board): void {
    this.#board = board;
    this.invalidate();
  }

  /** Something changed: draw it with the next frame. */
  invalidate(): void {
    this.#frame.request();
  }

  #filter(): void {
    this.#table.filter(this.#search.text);
    this.#main.scrollTop = 0;
    const shown = this.#table.matches;
    this.#matches.set(this.#search.text === "" ? "" : `${count(shown)} ${shown === 1 ? "symbol" : "symbols"}`);
    this.invalidate();
  }

  #paint(): void {
    const board = this.#board;
    if (board === undefined) return;
    this.#header.paint(board);
    this.#table.paint(board.quotes, Date.now());
    this.#main.dataset["live"] = String(board.connection.state === "live");
    this.#empty.hidden = this.#table.matches > 0;
    this.#emptyText.set(this.#emptiness(board));
    this.#problem.hidden = board.problem === undefined;
    this.#problemText.set(`${count(board.problems)} × ${board.problem ?? ""}`);
  }

  #emptiness(board: Board): string {
    if (board.quotes.size > 0) return `No symbol matches “${this.#search.text}”`;
    if (board.connection.state === "live") return "Waiting for the first prices";
    return "No prices yet";
  }
}
