import type { Decimal, Row } from "../model/index.ts";

/** What rows are ordered by, made once for each row however often it is compared. */
export class SortKeys {
  readonly #keys = new Map<Row, Decimal | undefined>();
  #column = "";

  /** The key of a row in a column, made if it is not there. */
  get(column: string, row: Row, make: () => Decimal | undefined): Decimal | undefined {
    if (column !== this.#column) this.clear();
    this.#column = column;
    if (!this.#keys.has(row)) this.#keys.set(row, make());
    return this.#keys.get(row);
  }

  /** Values may have changed. */
  clear(): void {
    this.#keys.clear();
  }
}
