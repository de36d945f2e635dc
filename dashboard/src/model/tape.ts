import type { Gap, Trade } from "../feed/index.ts";

const MOST = 60;

/** The last trades of one symbol, the newest first, with the gaps between them. */
export class Tape {
  #entries: (Trade | Gap)[] = [];
  #changed = true;

  get entries(): readonly (Trade | Gap)[] {
    return this.#entries;
  }

  /** Trades in any order: history may come after what is live. */
  put(trades: readonly Trade[]): void {
    const known = new Set(this.#entries.filter((e) => "q" in e).map((e) => e.q));
    const added = trades.filter(({ q }) => !known.has(q));
    if (added.length > 0) this.#insert(added);
  }

  /** Trades that were not told. */
  skip(gap: Gap): void {
    this.#insert([gap]);
  }

  clear(): void {
    this.#entries = [];
    this.#changed = true;
  }

  /** Whether anything has changed since the last call. */
  take(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  #insert(entries: readonly (Trade | Gap)[]): void {
    this.#entries = [...this.#entries, ...entries].sort((a, b) => seq(b) - seq(a)).slice(0, MOST);
    this.#changed = true;
  }
}

const seq = (entry: Trade | Gap): number => ("q" in entry ? entry.q : entry.to);
