/**
 * How many a second, over a sliding window. Time is in milliseconds of any
 * clock that does not go back.
 */
export class Rate {
  readonly #slots: Float64Array;
  readonly #slotMs: number;
  #slot: number; // the one that is being filled, counted from time 0
  #begun: number;
  #sum = 0;

  constructor(now: number, windowMs = 5000, slots = 10) {
    this.#slots = new Float64Array(slots);
    this.#slotMs = windowMs / slots;
    this.#slot = Math.floor(now / this.#slotMs);
    this.#begun = now;
  }

  add(count: number, now: number): void {
    this.#slide(now);
    const at = this.#slot % this.#slots.length;
    this.#slots[at] = (this.#slots[at] ?? 0) + count;
    this.#sum += count;
  }

  /** Before a whole window has passed, the mean of the time there was, of a second at least. */
  perSecond(now: number): number {
    this.#slide(now);
    const held = now - (this.#slot - this.#slots.length + 1) * this.#slotMs;
    const seconds = Math.max(Math.min(held, now - this.#begun), 1000) / 1000;
    return this.#sum / seconds;
  }

  #slide(now: number): void {
    const target = Math.floor(now / this.#slotMs);
    if (target - this.#slot >= this.#slots.length) {
      this.#slots.fill(0);
      this.#sum = 0;
      this.#slot = target;
    }
    while (this.#slot < target) {
      this.#slot++;
      const at = this.#slot % this.#slots.length;
      this.#sum -= this.#slots[at] ?? 0;
      this.#slots[at] = 0;
    }
  }
}
