import type { SymbolName } from "../feed/index.ts";

const NAME_LENGTH = 40;

/** The favourites, and named lists of symbols. */
export class Watchlists {
  readonly #favourites: Set<SymbolName>;
  readonly #lists: Map<string, Set<SymbolName>>;

  constructor(favourites: Iterable<SymbolName> = [], lists: Iterable<readonly [string, Iterable<SymbolName>]> = []) {
    this.#favourites = new Set(favourites);
    this.#lists = new Map([...lists].map(([name, symbols]) => [name, new Set(symbols)]));
  }

  get favourites(): ReadonlySet<SymbolName> {
    return this.#favourites;
  }

  get names(): readonly string[] {
    return [...this.#lists.keys()];
  }

  /** The symbols of a list; undefined: there is none of that name. */
  get(name: string): ReadonlySet<SymbolName> | undefined {
    return this.#lists.get(name);
  }

  /** Makes symbol a favourite, or one no more. */
  toggleFavourite(symbol: SymbolName): void {
    toggle(this.#favourites, symbol);
  }

  /** Puts symbol into a list, or takes it out. */
  toggle(name: string, symbol: SymbolName): void {
    const list = this.#lists.get(name);
    if (list !== undefined) toggle(list, symbol);
  }

  /** Makes an empty list. Returns why not, for a person; undefined: it is made. */
  create(name: string): string | undefined {
    if (name === "") return "Give the list a name.";
    if (name.length > NAME_LENGTH) return `A name has at most ${NAME_LENGTH} characters.`;
    if (this.#lists.has(name)) return "There is a list of that name already.";
    this.#lists.set(name, new Set());
    return undefined;
  }

  remove(name: string): void {
    this.#lists.delete(name);
  }
}

function toggle(set: Set<SymbolName>, symbol: SymbolName): void {
  if (!set.delete(symbol)) set.add(symbol);
}
