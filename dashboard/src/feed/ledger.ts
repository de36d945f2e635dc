import type { Ack, Gap, Seq, SymbolName, Trade, Update } from "./protocol.ts";
import type { Begun } from "./position.ts";
import { Positions } from "./position.ts";
import { prefixOf } from "./watchlist.ts";

/** Where a symbol is, by what was told of it. */
interface Place {
  q: Seq;
  n: number; // -1: not known on this connection
  connection: number; // that has told it, or was asked to go on from it
  again: boolean; // this connection tells of it from an earlier position on
  doubted: boolean;
}

/** What is to be done with what the server told. */
export interface Verdict {
  readonly deliver: boolean;
  /** The promise that the server broke. */
  readonly fault?: string;
  /** What is to be told first. */
  readonly gap?: Gap;
}

const good: Verdict = { deliver: true };

/**
 * Where every symbol of a channel is. By it the server is held to its promises,
 * and asked by a new connection to go on where the one before ended. It is
 * bounded by the symbols that were told.
 */
export abstract class Ledger {
  protected readonly places = new Map<string, Place>();
  protected connection = 0;
  #unasked = new Map<string, Place>();

  /** Begins a new connection. What is not wanted any more is forgotten. */
  begin(wanted: (symbol: string) => boolean): void {
    this.connection++;
    for (const [symbol, place] of this.places) {
      place.again = false;
      if (place.doubted || !wanted(symbol)) this.places.delete(symbol);
    }
    this.#unasked = new Map(this.places);
  }

  /**
   * The symbols of a term that no earlier term of this connection had, each
   * with the seq to go on from.
   */
  take(term: string): readonly (readonly [symbol: string, since: Seq])[] {
    const taken = covered(this.#unasked, term);
    for (const [symbol] of taken) this.#unasked.delete(symbol);
    return taken.map(([symbol, { q }]) => [symbol, q]);
  }

  /** The server is asked to go on with a symbol from where it is. */
  resume(symbol: string): void {
    const place = this.places.get(symbol);
    if (place === undefined) return;
    place.connection = this.connection;
    place.n = -1; // another node counts otherwise
  }

  /** Divides terms by where a new connection is to begin with them. */
  begun(terms: readonly string[]): readonly Begun[] {
    return [{ terms }];
  }

  /** The server is asked to go on with a symbol from an earlier position than where it is. */
  repeat(symbol: string): void {
    const place = this.places.get(symbol);
    if (place !== undefined) place.again = true;
  }

  /**
   * A term is wanted that was not. Who wants it has nothing of its symbols, so
   * until the server tells them anew there is nothing to go on from.
   */
  doubt(term: string, wantedAnyway: (symbol: string) => boolean): void {
    for (const [symbol, place] of covered(this.places, term)) {
      if (!wantedAnyway(symbol)) place.doubted = true;
    }
  }

  protected note(symbol: string, q: Seq, n: number): void {
    const place = this.places.get(symbol);
    if (place === undefined) {
      this.places.set(symbol, { q, n, connection: this.connection, again: false, doubted: false });
      return;
    }
    place.q = q;
    place.n = n;
    place.connection = this.connection;
    place.again = false;
    place.doubted = false;
  }
}

function covered(places: ReadonlyMap<string, Place>, term: string): (readonly [string, Place])[] {
  const prefix = prefixOf(term);
  if (prefix !== undefined) return [...places].filter(([symbol]) => symbol.startsWith(prefix));
  const place = places.get(term);
  return place === undefined ? [] : [[term, place]];
}

/**
 * The promises of ticker: a snapshot comes before any update of its symbol,
 * unless the server was asked to go on; then q rises with every update, and n
 * with every one of a connection.
 */
export class TickerLedger extends Ledger {
  /** Notes a snapshot. Nothing is promised about what was before it. */
  open(update: Update): void {
    this.note(update.s, update.q, update.n);
  }

  enter({ s, q, n }: Update): Verdict {
    const before = this.places.get(s);
    if (before !== undefined && q <= before.q) return broken(s, `q is ${q} after ${before.q}: it must rise`);
    const opened = before?.connection === this.connection;
    if (opened && n <= before.n) return broken(s, `n is ${n} after ${before.n}: it must rise`);
    this.note(s, q, n);
    return opened ? good : { deliver: true, fault: `ticker of ${s}: an update came before the snapshot` };
  }
}

function broken(symbol: SymbolName, what: string): Verdict {
  return { deliver: false, fault: `ticker of ${symbol}: ${what}` };
}

/** The promises of trades: q rises, and what is left out is told as a gap. */
export class TradesLedger extends Ledger {
  readonly #positions = new Positions();

  /** Notes what is subscribed, and where that begins. */
  ack({ op, symbols = [], position }: Ack): void {
    if (op === "unsubscribe") this.forget(symbols);
    else if (op === "subscribe" && position !== undefined) this.#positions.begin(symbols, position, this.connection);
  }

  /** Lets go of where terms begin that are not wanted any more. */
  forget(terms: readonly string[]): void {
    this.#positions.forget(terms);
  }

  override begun(terms: readonly string[]): readonly Begun[] {
    return this.#positions.divide(terms, (term) => this.places.has(term));
  }

  enter({ s, q }: Trade): Verdict {
    const before = this.places.get(s);
    if (before?.again === true && q <= before.q) return { deliver: false };
    if (before !== undefined && before.connection !== this.connection && !before.again) return this.#reopen(s, before.q, q);
    if (before !== undefined && q <= before.q) {
      return { deliver: false, fault: `trades of ${s}: q is ${q} after ${before.q}: it must rise` };
    }
    this.note(s, q, 0);
    return good;
  }

  /** Notes what the server says that it cannot tell. What of that is news is returned. */
  skip(gap: Gap): Gap | undefined {
    const { symbol, from, to } = gap;
    const before = this.places.get(symbol);
    if (before?.again === true && to >= from) {
      if (to <= before.q) return undefined;
      const news = Math.max(from, before.q + 1) as Seq;
      this.note(symbol, to, 0);
      return { ...gap, from: news };
    }
    if (to < from) this.places.delete(symbol); // seqs begin anew
    else if (before === undefined || to > before.q) this.note(symbol, to, 0);
    else this.resume(symbol);
    return gap;
  }

  /** Takes the first trade of a symbol that there was no room to ask for: what was before it may be lost. */
  #reopen(symbol: SymbolName, before: Seq, q: Seq): Verdict {
    this.note(symbol, q, 0);
    if (q === before + 1) return good;
    return { deliver: true, gap: { type: "gap", channel: "trades", symbol, from: (before + 1) as Seq, to: (q - 1) as Seq } };
  }
}
