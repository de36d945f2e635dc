// Weighs the page: what is transferred until prices are on screen, and what more
// when a symbol is opened. No more than the budget, or it says so.
//
//   node e2e/weight.mjs URL
import { launch, live, open, run, waitFor } from "./browser.mjs";

const [url] = process.argv.slice(2);

/** Of files, in bytes as they are sent; what the server answers of prices is not the page's weight. */
const BUDGET = { page: 250_000, chart: 60_000 };

run("weight", async () => {
  if (url === undefined) throw new Error("usage: node e2e/weight.mjs URL");
  const browser = await launch();
  try {
    const { page } = await open(browser, "about:blank");
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    const files = new Map();
    session.on("Network.responseReceived", ({ requestId, response }) => void files.set(requestId, { path: new URL(response.url).pathname, bytes: 0 }));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const file = files.get(requestId);
      if (file !== undefined) file.bytes = encodedDataLength;
    });
    const weigh = () => [...files.values()].filter(({ path }) => !path.startsWith("/v1/")).reduce((sum, { bytes }) => sum + bytes, 0);
    await page.goto(url);
    await live(page);
    await waitFor(page, "a price is there", () => /\d/.test(document.querySelector('#board .ag-row [col-id="last"]')?.textContent ?? ""));
    const weight = { page: weigh(), chart: 0 };
    await page.keyboard.press("/");
    await page.keyboard.type("BTC-USD");
    await page.keyboard.press("Enter");
    await waitFor(page, "the chart is there", () => document.querySelector("#chart canvas") !== null);
    weight.chart = weigh() - weight.page;
    for (const [part, bytes] of Object.entries(weight)) {
      if (bytes > BUDGET[part]) throw new Error(`${part}: ${bytes} bytes are sent, the budget is ${BUDGET[part]}`);
    }
    console.log(JSON.stringify(weight));
  } finally {
    await browser.close();
  }
});
