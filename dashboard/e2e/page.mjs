// Opens the dashboard in Chromium as a person would and checks that it lives:
// rows appear, values change, nothing fails and nothing leaves the server.
//
//   node e2e/page.mjs URL [SCREENSHOT.png]
//
// Prints one line of JSON of what it saw, or one line that says what is wrong
// and exits with 1. CHROMIUM names the browser; Debian's is the default.
import { chromium } from "playwright-core";

const PATIENCE_MS = 30_000;
const browserPath = process.env.CHROMIUM || "/usr/bin/chromium";
const [url, screenshot] = process.argv.slice(2);

/** What a person can read of the table now: symbol to the text of its last price. */
const prices = () =>
  Object.fromEntries(
    [...document.querySelectorAll("#quotes tr")].map((row) => [
      row.querySelector(".symbol").textContent,
      row.querySelector(".last .whole").textContent + row.querySelector(".last .fraction").textContent,
    ]),
  );

/** Whatever must not happen while the page is open. */
function collectFaults(page, faults) {
  page.on("console", (m) => m.type() === "error" && faults.push(`console error: ${m.text()}`));
  page.on("pageerror", (e) => faults.push(`page error: ${e.message}`));
  page.on("requestfailed", (r) => faults.push(`request failed: ${r.url()}: ${r.failure()?.errorText}`));
  page.on("response", (r) => r.status() >= 400 && faults.push(`status ${r.status()}: ${r.url()}`));
  page.on("request", (r) => new URL(r.url()).origin !== new URL(url).origin && faults.push(`left the origin: ${r.url()}`));
}

async function waitFor(page, what, condition, argument) {
  try {
    await page.waitForFunction(condition, argument, { timeout: PATIENCE_MS });
  } catch (error) {
    const state = await page.textContent("#link").catch(() => "no page");
    throw new Error(`${what} within ${PATIENCE_MS / 1000} s (connection: ${state.replace(/\s+/g, " ").trim()})`, { cause: error });
  }
}

async function look(page) {
  await page.goto(url, { waitUntil: "load", timeout: PATIENCE_MS });
  await waitFor(page, "no row with a price appeared", () => /\d/.test(document.querySelector("#quotes .last")?.textContent ?? ""));
  await waitFor(page, "the page did not say that it is live", () => document.querySelector("#link").dataset.state === "live");
  const before = await page.evaluate(prices);
  await waitFor(
    page,
    "no price changed",
    (before) =>
      [...document.querySelectorAll("#quotes tr")].some((row) => {
        const old = before[row.querySelector(".symbol").textContent];
        return old !== undefined && old !== row.querySelector(".last .whole").textContent + row.querySelector(".last .fraction").textContent;
      }),
    before,
  );
  await waitFor(page, "ticks per second stayed 0", () => document.querySelector("#ticks").textContent !== "0");
  const after = await page.evaluate(prices);
  return {
    symbols: Object.keys(after).length,
    changed: Object.keys(after).filter((symbol) => symbol in before && before[symbol] !== after[symbol]).length,
    connection: await page.textContent("#link-text"),
    updates_per_second: await page.textContent("#updates"),
    ticks_per_second: await page.textContent("#ticks"),
    problem: await page.evaluate(() => document.querySelector("#problem:not([hidden])")?.textContent ?? null),
  };
}

async function main() {
  if (url === undefined) throw new Error("usage: node e2e/page.mjs URL [SCREENSHOT.png]");
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
    const faults = [];
    collectFaults(page, faults);
    const seen = await look(page);
    if (seen.problem !== null) faults.push(`the page reports: ${seen.problem}`);
    if (screenshot !== undefined) await page.screenshot({ path: screenshot });
    if (faults.length > 0) throw new Error(`${faults.length} faults, the first: ${faults[0]}`);
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(`dashboard: ${error.message.split("\n")[0]}`);
  process.exitCode = 1;
});
