// What the scripts beside this one have in common with the test that runs them:
//
//   node e2e/ws.mjs '[{"name":...,"url":...},...]'
//
// One connection is made for each task, all at once, and one line of JSON is
// printed for each when the server has closed it.
import { createHash } from "node:crypto";

export const tasks = JSON.parse(process.argv[2] ?? "[]");

const sha256 = (rows) => createHash("sha256").update(rows.join("")).digest("hex");

/** Prints what a visit saw, with hashes in place of what it was told. */
export function report({ updates, trades, bars, ...seen }) {
  const updateRows = updates.map(({ s, q, n, t, p, z, b, a, v }) => [s, q, n, t, p, z, b, a, v].join("|") + "\n").sort();
  const barRows = bars.map(({ s, t, q, o, h, l, c, v, k }) => [s, t, q, o, h, l, c, v, k].join("|") + "\n").sort();
  const tradeRows = trades.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, rows]) => rows);
  const sums = {
    symbols: updates.length,
    hash: sha256(updateRows),
    trades: tradeRows.length,
    tradeHash: sha256(tradeRows),
    bars: bars.length,
    barHash: sha256(barRows),
  };
  console.log(JSON.stringify({ ...seen, ...sums }));
}
