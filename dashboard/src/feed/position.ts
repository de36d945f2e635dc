import { prefixOf } from "./watchlist.ts";

/** Where the subscription of a term begins, as an ack told. */
interface Position {
  readonly text: string;
  readonly age: number; // a higher one is of later
  readonly connection: number; // that told it
}

/** Terms that begin at one position; without one, with what comes. */
export interface Begun {
  readonly position?: string;
  readonly terms: readonly string[];
}

/** The most requests that terms are asked for in because they begin at different positions. */
const mostPositions = 8;

/**
 * Where the subscriptions of trades begin: it stands for the symbols of which
 * no trade has come yet. It is bounded by the terms that are wanted.
 */
export class Positions {
  readonly #by = new Map<string, Position>();
  #told = 0;

  /**
   * Notes an ack. The newest of a term counts: in it the server says where it
   * begins to tell this connection, and after a resumption that is the position
   * that it was given, until nothing is missed of before. But within a
   * connection the first counts: what comes later changes a rate, or asks by
   * another term for symbols that are told already.
   */
  begin(terms: readonly string[], text: string, connection: number): void {
    const fresh: Position = { text, age: this.#told++, connection };
    for (const term of terms) {
      const old = this.#by.get(term);
      if (old?.connection === connection) continue;
      const same = old?.text === text ? { ...fresh, age: old.age } : fresh;
      this.#by.set(term, this.#covering(term, connection) ?? same);
    }
  }

  forget(terms: readonly string[]): void {
    for (const term of terms) this.#by.delete(term);
  }

  /**
   * Divides terms by where they are to begin on a new connection, the oldest
   * first; of those that are complete it need not be said. Where there would be
   * too many, the oldest is said for several: what came between the one and the
   * other is then told too.
   */
  divide(terms: readonly string[], complete: (term: string) => boolean): readonly Begun[] {
    const unsaid: string[] = [];
    const said = new Map<string, { readonly position: Position; readonly terms: string[] }>();
    for (const term of terms) {
      const position = complete(term) ? undefined : (this.#by.get(term) ?? this.#covering(term, 0));
      if (position === undefined) {
        unsaid.push(term);
        continue;
      }
      const group = said.get(position.text);
      if (group === undefined) said.set(position.text, { position, terms: [term] });
      else group.terms.push(term);
    }
    const groups = [...said.values()].sort((a, b) => a.position.age - b.position.age);
    const [oldest] = groups;
    const spare = groups.splice(1, Math.max(0, groups.length - mostPositions));
    for (const { terms } of spare) oldest?.terms.push(...terms);
    const all: Begun[] = groups.map(({ position, terms }) => ({ position: position.text, terms }));
    return unsaid.length > 0 ? [...all, { terms: unsaid }] : all;
  }

  /**
   * The position of a pattern that stands for all that a term does, as it was
   * told by a connection or a later one; the oldest.
   */
  #covering(term: string, connection: number): Position | undefined {
    let oldest: Position | undefined;
    for (const [pattern, position] of this.#by) {
      const prefix = prefixOf(pattern);
      if (prefix === undefined || pattern === term || !term.startsWith(prefix)) continue;
      if (position.connection >= connection && (oldest === undefined || position.age < oldest.age)) oldest = position;
    }
    return oldest;
  }
}
