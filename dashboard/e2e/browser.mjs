// What the scripts that look at the page have in common: a browser, a page that
// notes whatever must not happen, and what a person reads of it.
import { chromium } from "playwright-core";

export const PATIENCE_MS = 30_000;

/** Debian's browser, unless CHROMIUM names another. */
export const launch = (...more) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });

/**
 * A page at url, with faults: whatever must not happen while it is open. What
 * `forgiven` returns true for may: a server that is gone does not answer.
 */
export async function open(browser, url, options = {}, forgiven = () => false) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  const faults = [];
  const fault = (text) => forgiven(text) || faults.push(text);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && fault(`console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => fault(`page error: ${e.message}`));
  page.on("requestfailed", (r) => fault(`request failed: ${r.url()}: ${r.failure()?.errorText}`));
  page.on("response", (r) => r.status() >= 400 && fault(`status ${r.status()}: ${r.url()}`));
  page.on("request", (r) => new URL(r.url()).origin !== new URL(page.url()).origin && !r.isNavigationRequest() && fault(`left the origin: ${r.url()}`));
  await page.goto(url, { waitUntil: "load", timeout: PATIENCE_MS });
  return { page, faults, close: () => context.close() };
}

/** Waits until condition, which runs in the page, is true of argument. */
export async function waitFor(page, what, condition, argument) {
  try {
    await page.waitForFunction(condition, argument, { timeout: PATIENCE_MS });
  } catch (error) {
    const state = await page.textContent("#link").catch(() => "no page");
    throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s (connection: ${state.replace(/\s+/g, " ").trim()})`, { cause: error });
  }
}

/** Waits until what look returns is good, and returns it. */
export async function until(page, what, look, good) {
  let seen;
  for (let waited = 0; waited < 90_000; waited += 100) {
    seen = await look();
    if (good(seen)) return seen;
    await page.waitForTimeout(100); // between two looks
  }
  throw new Error(`${what}: still ${JSON.stringify(seen)}`);
}

export function check(good, what) {
  if (!good) throw new Error(what);
}

export const query = (page) => new URL(page.url()).searchParams;

export const live = (page) => waitFor(page, "the page says that it is live", () => document.querySelector("#link").dataset.state === "live");

/** What a person can read of the last prices on screen: symbol to text. */
export const prices = (page) =>
  page.evaluate(() => {
    const read = {};
    for (const row of document.querySelectorAll("#board .ag-row")) {
      const name = row.querySelector(".symbol span");
      const last = row.querySelector('[col-id="last"] .number');
      if (name !== null && last !== null) read[name.textContent] = last.querySelector(".whole").textContent + last.querySelector(".fraction").textContent;
    }
    return read;
  });

/** Ends a script that found something wrong with one line about it. */
export function run(name, main) {
  main().catch((error) => {
    console.error(`${name}: ${error.message.split("\n")[0]}`);
    if (process.env.DEBUG) console.error(error);
    process.exitCode = 1;
  });
}
