import type { Clock } from "./platform.ts";

/**
 * Calls `dead` when nothing was heard for `limit` milliseconds. `heard` costs
 * one reading of the clock, however many messages come: the timer is set anew
 * only when it goes off too early.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #dead: () => void;
  #limit = 0;
  #last = 0;
  #cancel = (): void => {};

  constructor(clock: Clock, dead: () => void) {
    this.#clock = clock;
    this.#dead = dead;
  }

  watch(limit: number): void {
    this.stop();
    this.#limit = limit;
    this.#last = this.#clock.now();
    this.#arm(limit);
  }

  heard(): void {
    this.#last = this.#clock.now();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      const left = this.#last + this.#limit - this.#clock.now();
      if (left > 0) this.#arm(left);
      else this.#dead();
    });
  }
}
