// Opens the dashboard in Chromium as a person would and checks that it lives:
// rows appear, values change, nothing fails and nothing leaves the server.
//
//   node e2e/page.mjs URL
//
// Prints one line of JSON of what it saw, or one line that says what is wrong
// and exits with 1. CHROMIUM names the browser; Debian's is the default.
import { launch, live, open, prices, run, waitFor } from "./browser.mjs";

const [url] = process.argv.slice(2);

async function look(page) {
  await live(page);
  await waitFor(page, "a row has a price", () => /\d/.test(document.querySelector('#board .ag-row [col-id="last"]')?.textContent ?? ""));
  const before = await prices(page);
  const read = { symbols: 0, changed: 0, connection: await page.textContent("#link-text") };
  for (let tries = 0; read.changed === 0 && tries < 300; tries++) {
    await page.waitForTimeout(100); // between two looks
    const after = await prices(page);
    read.changed = Object.keys(after).filter((symbol) => symbol in before && before[symbol] !== after[symbol]).length;
  }
  if (read.changed === 0) throw new Error("no price changed");
  await waitFor(page, "the foot tells how many symbols there are", () => /^[1-9]/.test(document.querySelector("#rows").textContent));
  read.symbols = Number((await page.textContent("#rows")).replace(/ .*|\D/g, ""));
  read.problem = await page.evaluate(() => document.querySelector("#problem:not([hidden])")?.textContent ?? null);
  return read;
}

run("dashboard", async () => {
  if (url === undefined) throw new Error("usage: node e2e/page.mjs URL");
  const browser = await launch();
  try {
    const { page, faults } = await open(browser, url);
    const seen = await look(page);
    if (seen.problem !== null) faults.push(`the page reports: ${seen.problem}`);
    if (faults.length > 0) throw new Error(`${faults.length} faults, the first: ${faults[0]}`);
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
});
