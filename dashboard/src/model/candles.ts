import type { Bar } from "../feed/index.ts";

/** More than a screen shows, and than the server answers at once. */
const MOST = 2000;

/** More changes than this are drawn as a whole: nobody has drawn them for long. */
const MOST_CHANGES = 200;

/** What to draw of bars: all of them, or only these, of which each is the last one or follows it. */
export type BarsChange = { readonly kind: "all" } | { readonly kind: "last"; readonly bars: readonly Bar[] };

/** The bars of one symbol in one interval, oldest first: history, and what came live. */
export class Candles {
  #bars: Bar[] = [];
  #all = true;
  #last: Bar[] = [];

  get bars(): readonly Bar[] {
    return this.#bars;
  }

  /** The bar that begins at t, in microseconds since 1970. */
  at(t: number): Bar | undefined {
    return this.#bars.find((bar) => bar.t === t);
  }

  /** Puts a bar in its place, unless there is a newer one of the same interval. */
  put(bar: Bar): void {
    const last = this.#bars.at(-1);
    if (last === undefined || bar.t > last.t) {
      this.#bars.push(bar);
      this.#note(bar);
      if (this.#bars.length > MOST) this.#bars = this.#bars.slice(-MOST / 2);
      return;
    }
    const at = this.#bars.findLastIndex(({ t }) => t <= bar.t);
    const there = this.#bars[at];
    if (there?.t !== bar.t) this.#bars.splice(at + 1, 0, bar);
    else if (bar.q >= there.q && bar.k >= there.k) this.#bars[at] = bar;
    else return;
    if (this.#bars.at(-1) === bar) this.#note(bar);
    else this.#all = true;
  }

  #note(last: Bar): void {
    this.#last.push(last);
    if (this.#last.length <= MOST_CHANGES) return;
    this.#all = true;
    this.#last = [];
  }

  clear(): void {
    this.#bars = [];
    this.#last = [];
    this.#all = true;
  }

  /** What has changed since the last call; undefined: nothing. */
  take(): BarsChange | undefined {
    const { length } = this.#last;
    if (!this.#all && length === 0) return undefined;
    const change: BarsChange = this.#all ? { kind: "all" } : { kind: "last", bars: this.#last };
    this.#all = false;
    this.#last = [];
    return change;
  }
}
