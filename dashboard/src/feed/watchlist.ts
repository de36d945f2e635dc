/** How the symbols of a term are wanted. */
export interface Wish {
  /** Most updates a second of each symbol; 0: every change. */
  readonly rate: number;
  readonly stamps: boolean;
}

/** Terms that are wanted alike. */
export interface Group extends Wish {
  readonly terms: readonly string[];
}

/** What every symbol of a pattern begins with; undefined: the term is a name. */
export function prefixOf(term: string): string | undefined {
  return term.endsWith("*") ? term.slice(0, -1) : undefined;
}

/**
 * The terms of one channel that should be subscribed. It outlives connections:
 * after every hello all of it is asked for again.
 */
export class Watchlist {
  readonly #wishes = new Map<string, Wish>();
  readonly #prefixes = new Set<string>();

  add(terms: readonly string[], wish: Wish): void {
    for (const term of terms) {
      this.#wishes.set(term, wish);
      const prefix = prefixOf(term);
      if (prefix !== undefined) this.#prefixes.add(prefix);
    }
  }

  remove(terms: readonly string[]): void {
    for (const term of terms) {
      this.#wishes.delete(term);
      const prefix = prefixOf(term);
      if (prefix !== undefined) this.#prefixes.delete(prefix);
    }
  }

  has(term: string): boolean {
    return this.#wishes.has(term);
  }

  /** Whether a symbol is wanted, by its name or by a pattern. */
  covers(symbol: string): boolean {
    if (this.#wishes.has(symbol)) return true;
    for (const prefix of this.#prefixes) if (symbol.startsWith(prefix)) return true;
    return false;
  }

  /**
   * All terms, in an order in which the first that covers a symbol is the one
   * that the server goes by: names, then patterns, the longest first.
   */
  groups(): Iterable<Group> {
    const groups = new Map<string, Group & { readonly terms: string[] }>();
    for (const [term, wish] of [...this.#wishes].sort(([a], [b]) => rank(b) - rank(a))) {
      const key = `${rank(term)} ${wish.rate} ${wish.stamps}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { ...wish, terms: [term] });
      else group.terms.push(term);
    }
    return groups.values();
  }
}

function rank(term: string): number {
  return prefixOf(term)?.length ?? Number.MAX_SAFE_INTEGER;
}
