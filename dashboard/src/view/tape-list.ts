import type { Gap, Trade } from "../model/index.ts";
import { count, exact, halves, timeOfDay } from "./format.ts";
import { AlignedNumber } from "./number.ts";

const SIDES: Readonly<Record<Trade["d"], string>> = { b: "▲ Buy", s: "▼ Sell", "": "" };

/** The rows of the last trades, the newest first. */
export function tapeRows(document: Document, entries: readonly (Trade | Gap)[]): HTMLTableRowElement[] {
  return entries.map((entry) => ("q" in entry ? tradeRow(document, entry) : gapRow(document, entry)));
}

function tradeRow(document: Document, { t, p, z, d }: Trade): HTMLTableRowElement {
  const row = document.createElement("tr");
  row.className = d === "b" ? "up" : d === "s" ? "down" : "";
  const price = document.createElement("td");
  price.className = "number";
  new AlignedNumber(price).set(halves(p));
  row.append(cell(document, timeOfDay(t)), price, cell(document, exact(z)), cell(document, SIDES[d]));
  return row;
}

function gapRow(document: Document, { from, to }: Gap): HTMLTableRowElement {
  const row = document.createElement("tr");
  row.className = "gap";
  const told = cell(document, `Gap: up to ${count(to - from + 1)} ticks were not told`);
  told.colSpan = 4;
  row.append(told);
  return row;
}

function cell(document: Document, text: string): HTMLTableCellElement {
  const td = document.createElement("td");
  td.textContent = text;
  return td;
}
