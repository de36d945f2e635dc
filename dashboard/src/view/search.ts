import { element } from "./text.ts";

/** The filter box: `/` goes to it from anywhere, Escape empties it. */
export class Search {
  readonly #input: HTMLInputElement;

  constructor(document: Document, changed: () => void) {
    this.#input = element(document, "search") as HTMLInputElement;
    this.#input.addEventListener("input", changed);
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.text === "") return;
      this.#input.value = "";
      event.preventDefault();
      changed();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.activeElement === this.#input) return;
      event.preventDefault();
      this.#input.select();
      this.#input.focus();
    });
  }

  get text(): string {
    return this.#input.value.trim();
  }
}
