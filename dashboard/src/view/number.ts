import type { Halves } from "./format.ts";
import { Text } from "./text.ts";

/** What a cell shows where there is no value. */
const NONE: Halves = { whole: "–", fraction: "" };

/** A cell with a number that is aligned at its decimal point. */
export class NumberCell {
  readonly cell: HTMLTableCellElement;
  readonly #whole: Text;
  readonly #fraction: Text;

  constructor(document: Document, column: string) {
    this.cell = document.createElement("td");
    this.cell.setAttribute("role", "cell");
    this.cell.className = `number ${column}`;
    const whole = document.createElement("span");
    whole.className = "whole";
    const fraction = document.createElement("span");
    fraction.className = "fraction";
    this.cell.append(whole, fraction);
    this.#whole = new Text(whole);
    this.#fraction = new Text(fraction);
  }

  set({ whole, fraction }: Halves = NONE): void {
    this.#whole.set(whole);
    this.#fraction.set(fraction);
  }
}
