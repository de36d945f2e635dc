import type { SymbolName, Watchlists } from "../model/index.ts";
import { dialog, element, input, Text, textOf } from "./text.ts";

/** The watchlists: which hold a symbol, a new one, one less. */
export class ListsDialog {
  readonly #document: Document;
  readonly #dialog: HTMLDialogElement;
  readonly #title: Text;
  readonly #items: HTMLElement;
  readonly #none: HTMLElement;
  readonly #name: HTMLInputElement;
  readonly #problem: Text;
  readonly #watchlists: Watchlists;
  readonly #changed: () => void;
  #symbol: SymbolName | undefined;

  constructor(document: Document, watchlists: Watchlists, changed: () => void) {
    this.#document = document;
    this.#dialog = dialog(document, "lists");
    this.#title = textOf(document, "lists-title");
    this.#items = element(document, "lists-items");
    this.#none = element(document, "lists-none");
    this.#name = input(document, "lists-new");
    this.#problem = textOf(document, "lists-problem");
    this.#watchlists = watchlists;
    this.#changed = changed;
    element(document, "lists-add").addEventListener("click", () => this.#add());
    this.#name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // the dialog would close
      this.#add();
    });
  }

  /** Opens it; with a symbol, to put that into lists. */
  open(symbol: SymbolName | undefined): void {
    this.#symbol = symbol;
    this.#title.set(symbol === undefined ? "Watchlists" : `Watchlists with ${symbol}`);
    this.#problem.set("");
    this.#name.value = "";
    this.#fill();
    this.#dialog.showModal();
  }

  #add(): void {
    const name = this.#name.value.trim();
    const problem = this.#watchlists.create(name);
    this.#problem.set(problem ?? "");
    if (problem !== undefined) return;
    if (this.#symbol !== undefined) this.#watchlists.toggle(name, this.#symbol);
    this.#name.value = "";
    this.#name.focus();
    this.#change();
  }

  #change(): void {
    this.#fill();
    this.#changed();
  }

  #fill(): void {
    const { names } = this.#watchlists;
    this.#none.hidden = names.length > 0;
    this.#items.replaceChildren(...names.map((name) => this.#item(name)));
  }

  #item(name: string): HTMLElement {
    const item = this.#document.createElement("li");
    const label = this.#document.createElement("label");
    const symbol = this.#symbol;
    if (symbol !== undefined) {
      const box = this.#document.createElement("input");
      box.type = "checkbox";
      box.checked = this.#watchlists.get(name)?.has(symbol) === true;
      box.addEventListener("change", () => {
        this.#watchlists.toggle(name, symbol);
        this.#changed();
      });
      label.append(box);
    }
    label.append(`${name} (${this.#watchlists.get(name)?.size ?? 0})`);
    const remove = this.#document.createElement("button");
    remove.type = "button";
    remove.textContent = "Delete";
    remove.setAttribute("aria-label", `Delete list ${name}`);
    remove.addEventListener("click", () => {
      this.#watchlists.remove(name);
      this.#change();
      this.#name.focus();
    });
    item.append(label, remove);
    return item;
  }
}
