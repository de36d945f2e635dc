import { Text } from "./text.ts";

/** The rows of a table, each begun by its heading. Only a text that changes touches the DOM. */
export class TableBody {
  readonly #body: HTMLElement;
  readonly #rows: (readonly Text[])[] = [];

  constructor(body: HTMLElement) {
    this.#body = body;
  }

  /** All rows have as many cells as the first one ever had. */
  set(rows: readonly (readonly string[])[]): void {
    while (this.#rows.length > rows.length) {
      this.#rows.pop();
      this.#body.lastElementChild?.remove();
    }
    rows.forEach((cells, i) => {
      const texts = this.#rows[i] ?? this.#add(cells.length);
      cells.forEach((cell, at) => texts[at]?.set(cell));
    });
  }

  #add(cells: number): readonly Text[] {
    const { ownerDocument: document } = this.#body;
    const row = document.createElement("tr");
    const texts = Array.from({ length: cells }, (_, at) => {
      const cell = document.createElement(at === 0 ? "th" : "td");
      if (at === 0) cell.setAttribute("scope", "row");
      row.append(cell);
      return new Text(cell);
    });
    this.#body.append(row);
    this.#rows.push(texts);
    return texts;
  }
}
