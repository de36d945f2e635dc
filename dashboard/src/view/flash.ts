// How long a flash is bright, and how long it is seen at all.
const BRIGHT_MS = 180;
const SEEN_MS = 480;

/**
 * The flashes of cells: each is bright, then pale, then gone. They are steps,
 * not an animation, which would have the browser draw every frame for as long
 * as any cell of the table has just changed: that is always.
 */
export class Flashes {
  readonly #since = new Map<HTMLElement, number>();

  /** A flash of element begins. */
  begin(element: HTMLElement, now: number): void {
    this.#since.delete(element); // the oldest are the first
    this.#since.set(element, now);
    element.dataset["flash"] = "bright";
  }

  /** Lets them go on to what they are now; true: there are more steps to come. */
  paint(now: number): boolean {
    for (const [element, since] of this.#since) {
      const age = now - since;
      if (age < BRIGHT_MS) break;
      if (age < SEEN_MS) {
        if (element.dataset["flash"] !== "pale") element.dataset["flash"] = "pale";
        continue;
      }
      delete element.dataset["flash"];
      this.#since.delete(element);
    }
    return this.#since.size > 0;
  }

  /** When to paint next. */
  static readonly stepMs = BRIGHT_MS;
}
