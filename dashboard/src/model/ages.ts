const KEPT = 2048;

/** The newest ages, of which quantiles can be asked. */
export class Ages {
  readonly #ages = new Float32Array(KEPT);
  #count = 0;

  add(ms: number): void {
    this.#ages[this.#count++ % KEPT] = ms;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Undefined: there are none. */
  quantile(q: number): number | undefined {
    if (this.#count === 0) return undefined;
    const sorted = this.#ages.slice(0, Math.min(this.#count, KEPT)).sort();
    return sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)];
  }
}
