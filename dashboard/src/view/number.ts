import type { Halves } from "./format.ts";
import { NONE } from "./format.ts";
import { Text } from "./text.ts";

const nothing: Halves = { whole: NONE, fraction: "" };

/** A number that is aligned at its decimal point with the others of its column. */
export class AlignedNumber {
  readonly #whole: Text;
  readonly #fraction: Text;

  constructor(parent: HTMLElement) {
    const { ownerDocument: document } = parent;
    const whole = document.createElement("span");
    whole.className = "whole";
    const fraction = document.createElement("span");
    fraction.className = "fraction";
    parent.append(whole, fraction);
    this.#whole = new Text(whole);
    this.#fraction = new Text(fraction);
  }

  set({ whole, fraction }: Halves = nothing): void {
    this.#whole.set(whole);
    this.#fraction.set(fraction);
  }
}
