/**
 * Draws at most once per animation frame, however often it is asked to, and
 * not at all while the page is hidden.
 */
export class Frame {
  readonly #draw: () => void;
  #planned = false;

  constructor(draw: () => void) {
    this.#draw = draw;
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
