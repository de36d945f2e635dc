// Makes the screenshots of the dashboard.
//
//   node e2e/shots.mjs TICKWIRE FOLDER
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { launch, live, open, run, waitFor } from "./browser.mjs";
import { World } from "./world.mjs";

const [binary, folder] = process.argv.slice(2);
const WARM_UP_MS = 45_000; // so that there are lines and candles to see

const favourites = ["BTC-USD", "ETH-USD", "SOL-USD"];
const preferences = JSON.stringify({ favourites, lists: [{ name: "Majors", symbols: favourites }] });

const shots = [
  { name: "dark", query: "" },
  { name: "light", query: "", colorScheme: "light" },
  { name: "narrow", query: "", viewport: { width: 360, height: 740 } },
  { name: "narrow-detail", query: "?symbol=BTC-USD&interval=1s", viewport: { width: 360, height: 740 }, colorScheme: "light" },
  { name: "detail", query: "?symbol=BTC-USD&interval=1s", detail: true },
  { name: "flow", query: "?flow=1&sort=percent.desc", colorScheme: "light" },
  { name: "server", query: "?server=1" },
  { name: "server-light", query: "?server=1", colorScheme: "light" },
  { name: "server-narrow", query: "?server=1", viewport: { width: 360, height: 740 } },
  { name: "4k", query: "?symbol=BTC-USD&interval=1s", viewport: { width: 3840, height: 2160 }, detail: true },
];

async function shoot(browser, url, { name, query, viewport = { width: 1440, height: 900 }, colorScheme = "dark", detail = false }, before = async () => {}) {
  const { page, close } = await open(browser, "about:blank", { viewport, colorScheme }, () => true);
  await page.addInitScript((text) => localStorage.setItem("tickwire.preferences.1", text), preferences);
  await page.goto(url + query);
  await live(page);
  if (detail) await waitFor(page, "candles are drawn", () => document.querySelector("#chart canvas") !== null && /O /.test(document.querySelector("#legend").textContent));
  await page.waitForTimeout(6000); // lines are loaded, the figures have their rates
  await before(page);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await close();
  console.log(join(folder, `${name}.png`));
}

/** What a server that demands a token is like at first. */
async function shootToken(browser, url) {
  const views = [
    { name: "token", colorScheme: "dark" },
    { name: "token-light", colorScheme: "light" },
    { name: "token-narrow", colorScheme: "dark", viewport: { width: 360, height: 740 } },
  ];
  for (const { name, colorScheme, viewport = { width: 1440, height: 900 } } of views) {
    const { page, close } = await open(browser, url, { viewport, colorScheme }, () => true);
    await waitFor(page, "the page asks for a token", () => document.querySelector("#token").open);
    await page.keyboard.type("not the token");
    await page.keyboard.press("Enter");
    await waitFor(page, "it asks again", () => document.querySelector("#token").open && /not known/.test(document.querySelector("#token-why").textContent));
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await close();
    console.log(join(folder, `${name}.png`));
  }
}

/** Runs a world for as long as look takes. */
async function inWorld(world, look) {
  try {
    await look(await world.start());
  } finally {
    await world.end();
  }
}

run("shots", async () => {
  if (folder === undefined) throw new Error("usage: node e2e/shots.mjs TICKWIRE FOLDER");
  mkdirSync(folder, { recursive: true });
  const browser = await launch();
  const keys = join(mkdtempSync(join(tmpdir(), "tickwire-shots-")), "keys.json");
  writeFileSync(keys, '{"keys": []}');
  const market = new World(binary, ["--symbols", "1000", "--rate", "8000"], ["--feed-stale", "3s", "--symbol-stale", "5s", "--any-operator"]);
  const locked = new World(binary, ["--symbols", "10"], ["--auth", "keys", "--auth-keys", keys]);
  try {
    await inWorld(locked, (url) => shootToken(browser, url));
    await inWorld(market, async (url) => {
      await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
      for (const shot of shots) await shoot(browser, url, shot);
      await shoot(browser, url, { name: "stale", query: "" }, async (page) => {
        await market.stopSource();
        await waitFor(page, "the feed is stale", () => /stale/.test(document.querySelector("#link-text").textContent));
        await page.waitForTimeout(4000); // what flashed has faded, and ages are seen
      });
    });
  } finally {
    await browser.close();
    rmSync(dirname(keys), { recursive: true, force: true });
  }
});
