import type { Address, Watchlists } from "../model/index.ts";
import { select } from "./text.ts";

type Choice = Pick<Address, "list" | "favourites">;

const ALL = "all";
const FAVOURITES = "favourites";
const NAMED = "list ";

/** Which watchlist the table shows. */
export class ListChoice {
  readonly #select: HTMLSelectElement;
  readonly #watchlists: Watchlists;

  constructor(document: Document, watchlists: Watchlists, chosen: (choice: Choice) => void) {
    this.#select = select(document, "list");
    this.#watchlists = watchlists;
    this.#select.addEventListener("change", () => {
      const { value } = this.#select;
      chosen({ list: value.startsWith(NAMED) ? value.slice(NAMED.length) : undefined, favourites: value === FAVOURITES });
    });
  }

  show({ list, favourites }: Choice): void {
    const { names } = this.#watchlists;
    // One from an address of somebody else, or of before: it is empty here.
    const all = list === undefined || names.includes(list) ? names : [...names, list];
    const options = [[ALL, "All symbols"], [FAVOURITES, "★ Favourites"], ...all.map((name) => [`${NAMED}${name}`, name])] as [string, string][];
    if ([...this.#select.options].map((o) => o.value).join("\n") !== options.map(([value]) => value).join("\n")) {
      this.#select.replaceChildren(...options.map(([value, text]) => this.#option(value, text)));
    }
    this.#select.value = favourites ? FAVOURITES : list === undefined ? ALL : `${NAMED}${list}`;
  }

  #option(value: string, text: string): HTMLOptionElement {
    const option = this.#select.ownerDocument.createElement("option");
    option.value = value;
    option.textContent = text;
    return option;
  }
}
