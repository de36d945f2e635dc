/**
 * Draws at most once per animation frame, however often it is asked to, and
 * not at all while the page is hidden.
 */
export class Frame {
  readonly #draw: () => void;
  #planned = false;
  #waiting = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** As request, after so many milliseconds, unless one of these is under way. */
  requestIn(ms: number): void {
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      this.request();
    }, ms);
  }

  request(): void {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#draw();
    });
  }
}
