// What the scripts beside this one have in common with the test that runs them:
//
//   node e2e/ws.mjs '[{"name":...,"url":...},...]'
//
// One connection is made for each task, all at once, and one line of JSON is
// printed for each when the server has closed it.
import { createHash } from "node:crypto";

export const tasks = JSON.parse(process.argv[2] ?? "[]");

/** Prints what a visit saw, with a hash in place of the values. */
export function report({ updates, ...seen }) {
  const lines = updates.map(({ s, q, n, t, p, z, b, a, v }) => [s, q, n, t, p, z, b, a, v].join("|") + "\n").sort();
  const hash = createHash("sha256").update(lines.join("")).digest("hex");
  console.log(JSON.stringify({ ...seen, symbols: updates.length, hash }));
}
