import type { ColumnPreference, Theme } from "../model/index.ts";
import { columns } from "./columns.ts";
import { dialog, element, select } from "./text.ts";

export interface SettingsOwner {
  theme(theme: Theme): void;
  arrange(columns: readonly ColumnPreference[]): void;
  /** The columns as a new page has them. */
  resetColumns(): void;
  /** To give a token, or to forget it. */
  token(): void;
}

/** How the page looks: its colours, and which columns in which order. */
export class SettingsDialog {
  readonly #document: Document;
  readonly #owner: SettingsOwner;
  readonly #dialog: HTMLDialogElement;
  readonly #list: HTMLElement;
  readonly #token: HTMLElement;
  readonly #read: () => readonly ColumnPreference[];

  constructor(document: Document, owner: SettingsOwner, theme: Theme, read: () => readonly ColumnPreference[]) {
    this.#document = document;
    this.#owner = owner;
    this.#dialog = dialog(document, "settings");
    this.#list = element(document, "columns");
    this.#token = element(document, "settings-token");
    this.#read = read;
    const choice = select(document, "theme");
    choice.value = theme;
    choice.addEventListener("change", () => owner.theme(choice.value as Theme));
    element(document, "columns-reset").addEventListener("click", () => {
      owner.resetColumns();
      this.#fill();
    });
    element(document, "token-open").addEventListener("click", () => {
      this.#dialog.close();
      owner.token();
    });
  }

  /** Opens it; with a place for the token if that concerns the page. */
  open(token: boolean): void {
    this.#token.hidden = !token;
    this.#fill();
    this.#dialog.showModal();
  }

  #fill(): void {
    this.#list.replaceChildren(...this.#read().flatMap((column, i) => this.#item(column, i)));
  }

  #item({ id, hidden }: ColumnPreference, at: number): HTMLElement[] {
    const column = columns.find((c) => c.id === id);
    if (column === undefined) return []; // the symbol, which stays where it is
    const item = this.#document.createElement("li");
    const label = this.#document.createElement("label");
    const box = this.#document.createElement("input");
    box.type = "checkbox";
    box.checked = !hidden;
    box.addEventListener("change", () => this.#arrange((c) => c.map((other) => (other.id === id ? { ...other, hidden: !box.checked } : other))));
    label.append(box, column.name);
    const [earlier, later] = [this.#mover(column.name, "earlier", at, -1), this.#mover(column.name, "later", at, 1)];
    item.append(label, earlier, later);
    return [item];
  }

  #mover(name: string, way: "earlier" | "later", at: number, by: number): HTMLElement {
    const button = this.#document.createElement("button");
    button.type = "button";
    button.textContent = by < 0 ? "↑" : "↓";
    button.setAttribute("aria-label", `${name}: ${way}`);
    button.disabled = at + by < 1 || at + by > columns.length; // the symbol is the first
    button.addEventListener("click", () => {
      this.#arrange((c) => swapped(c, at, at + by));
      this.#fill();
      this.#list.querySelector<HTMLElement>(`[aria-label="${CSS.escape(`${name}: ${way}`)}"]:not(:disabled)`)?.focus();
    });
    return button;
  }

  #arrange(change: (columns: readonly ColumnPreference[]) => readonly ColumnPreference[]): void {
    this.#owner.arrange(change(this.#read()));
  }
}

function swapped(columns: readonly ColumnPreference[], a: number, b: number): readonly ColumnPreference[] {
  const order = [...columns];
  const [x, y] = [order[a], order[b]];
  if (x === undefined || y === undefined) return columns;
  order[a] = y;
  order[b] = x;
  return order;
}
