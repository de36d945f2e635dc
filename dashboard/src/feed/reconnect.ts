/** What a close code asks of the client. */
export type Advice = "never" | "at once" | "backoff";

/**
 * 4500-4599: do not come back. 4000-4099: come back at once. All else, 1012 of a
 * server that restarts and 4100-4199 among it: wait first, for a random time.
 */
export function advice(code: number): Advice {
  if (code >= 4500 && code <= 4599) return "never";
  if (code >= 4000 && code <= 4099) return "at once";
  return "backoff";
}

/** How long to wait, in milliseconds. */
export interface BackoffOptions {
  /** Default: 500. */
  readonly first: number;
  /** Default: 15 000. */
  readonly most: number;
}

/**
 * Exponential backoff with full jitter: each wait is anywhere between nothing
 * and a ceiling that doubles, so that the clients of a server that came back
 * do not all arrive together.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #tries = 0;

  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  next(): number {
    const { first, most } = this.#options;
    const ceiling = Math.min(most, first * 2 ** Math.min(this.#tries, 30));
    this.#tries++;
    return this.#random() * ceiling;
  }

  reset(): void {
    this.#tries = 0;
  }
}
