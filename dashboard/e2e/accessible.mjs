// What axe-core finds in a page as it stands.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is serious or critical, a line each; how many rules passed; the names of what is less. */
export async function examine(page, where) {
  await page.evaluate(axe); // as a debugger does: the page's policy lets no script in
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const serious = ({ impact }) => impact === "serious" || impact === "critical";
  const found = violations
    .filter(serious)
    .map(({ id, help, nodes }) => `${where}: ${id}: ${help}: ${nodes.length} times, as in ${nodes[0].target.join(" ")} ${nodes[0].failureSummary?.replace(/\s+/g, " ").slice(0, 200)}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  if (wide) found.push(`${where}: the page is wider than the screen`);
  return { found, passes: passes.length, lesser: violations.filter((v) => !serious(v)).map(({ id }) => id) };
}
