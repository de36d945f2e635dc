// Has axe-core look at the dashboard: the table, the symbol, the flow panel,
// the server panel and each dialog, in dark and in light, wide and on a phone.
//
//   node e2e/axe.mjs URL
//
// Prints one line of JSON with how much was looked at, or one line for each
// violation that is serious or critical and exits with 1.
import { examine } from "./accessible.mjs";
import { launch, live, open, run, waitFor } from "./browser.mjs";

const [url] = process.argv.slice(2);

const views = [
  { name: "table", query: "", ready: () => document.querySelector("#board .ag-row .price .whole") !== null },
  { name: "symbol", query: "?symbol=BTC-USD&interval=1s", ready: () => document.querySelector("#chart canvas") !== null && /O /.test(document.querySelector("#legend").textContent) },
  { name: "flow", query: "?flow=1&only=rising", ready: () => document.querySelector("#flow-updates").textContent !== "0" },
  { name: "server", query: "?server=1", ready: () => /\d/.test(document.querySelector("#server-partitions-rows").textContent) && document.querySelector("#server-slowest-rows tr") !== null },
  ...["lists", "settings", "help"].map((id) => ({ name: id, query: "", ready: () => document.querySelector("#board .ag-row") !== null, open: id })),
];
const sizes = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
];

async function look(browser, colorScheme, viewport, view) {
  const { page, close } = await open(browser, url + view.query, { colorScheme, viewport });
  await live(page);
  await waitFor(page, `${view.name} is there`, view.ready);
  if (view.open !== undefined) await page.evaluate((id) => document.getElementById(`${id}-open`).click(), view.open);
  const examined = await examine(page, `${view.name}, ${colorScheme}, ${viewport.width} px`);
  await close();
  return examined;
}

run("axe", async () => {
  if (url === undefined) throw new Error("usage: node e2e/axe.mjs URL");
  const browser = await launch();
  const seen = { views: 0, rules_passed: 0, lesser: new Set() };
  const found = [];
  try {
    for (const colorScheme of ["dark", "light"]) {
      for (const size of sizes) {
        for (const view of views) {
          const looked = await look(browser, colorScheme, size, view);
          seen.views++;
          seen.rules_passed += looked.passes;
          looked.lesser.forEach((id) => seen.lesser.add(id));
          found.push(...looked.found);
        }
      }
    }
  } finally {
    await browser.close();
  }
  for (const line of found) console.error(line);
  if (found.length > 0) throw new Error(`${found.length} violations`);
  console.log(JSON.stringify({ ...seen, lesser: [...seen.lesser] }));
});
