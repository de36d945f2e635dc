import { input } from "./text.ts";

export interface SearchOwner {
  searched(text: string): void;
  /** From the box to the table. */
  leave(): void;
  /** To open what was found. */
  choose(): void;
}

/** The search box: Escape empties it, the arrow down leads to the table, Enter opens the first row. */
export class Search {
  readonly #input: HTMLInputElement;

  constructor(document: Document, owner: SearchOwner) {
    this.#input = input(document, "search");
    this.#input.addEventListener("input", () => owner.searched(this.text));
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.text !== "") {
        this.#input.value = "";
        owner.searched("");
      } else if (event.key === "ArrowDown") owner.leave();
      else if (event.key === "Enter") owner.choose();
      else return;
      event.preventDefault();
      event.stopPropagation(); // Escape would close the symbol too
    });
  }

  get text(): string {
    return this.#input.value.trim();
  }

  set text(text: string) {
    if (text !== this.text) this.#input.value = text;
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }
}
