// Plays a person at a server that demands a token: is asked for one, gives a wrong
// one and is told, gives a right one and sees prices, changes it for that of an
// operator, has one that expires, and forgets it.
//
//   node e2e/token.mjs TICKWIRE
//
// TICKWIRE is the program; it is started with a broker, a source and a server.
// Prints one line of JSON of what was seen, or one line of what is wrong.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examine } from "./accessible.mjs";
import { check, launch, live, open, prices, query, run, until, waitFor } from "./browser.mjs";
import { World } from "./world.mjs";

const [binary] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "tickwire-token-"));
const file = join(folder, "keys.json");
const EXPIRES_S = 15;

const key = (name) => `${name}-${randomBytes(16).toString("hex")}`;
const tokens = { wrong: key("wrong"), client: key("client"), operator: key("operator"), short: key("short") };

/** Writes the file of keys; with one that is good for so many seconds from now. */
function writeKeys(shortS) {
  const entry = (token, more) => ({ sha256: createHash("sha256").update(token).digest("hex"), ...more });
  const keys = [entry(tokens.client, { subject: "desk-7", symbols: ["BTC-*", "ETH-*", "A*"] }), entry(tokens.operator, { subject: "on-call", operator: true })];
  if (shortS !== undefined) keys.push(entry(tokens.short, { subject: "guest", expires: new Date(Date.now() + shortS * 1000).toISOString() }));
  writeFileSync(file, JSON.stringify({ keys }));
}

const asked = (page, why) => waitFor(page, `the page asks for a token: ${why}`, (why) => document.querySelector("#token").open && document.querySelector("#token-why").textContent.includes(why), why);

/** Gives a token to the dialog that is open, with the keyboard alone. */
async function give(page, token, keep = false) {
  await waitFor(page, "the focus is where the token goes", () => document.activeElement.id === "token-text");
  await page.keyboard.type(token);
  if (keep !== (await page.isChecked("#token-keep"))) {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.focus("#token-text");
  }
  await page.keyboard.press("Enter");
  await waitFor(page, "the dialog closes", () => !document.querySelector("#token").open || document.querySelector("#token-text").value === "");
}

async function openFromView(page) {
  await page.click("#settings-open");
  await page.click("#token-open");
  await waitFor(page, "View leads to the token", () => document.querySelector("#token").open && !document.querySelector("#settings").open);
}

async function seesPrices(page) {
  await live(page);
  await until(page, "prices show", () => prices(page), (read) => Object.values(read).some((price) => /\d/.test(price)));
}

/** All that the browser keeps, for the tab and for longer. */
const kept = (page) => page.evaluate(() => ({ tab: JSON.stringify({ ...sessionStorage }), browser: JSON.stringify({ ...localStorage }) }));

const NOTHING = "{}";

/** Notes every place where a token must not be, for all that the page does from now on. */
function watch(page) {
  const seen = [];
  const look = (where, text) => Object.entries(tokens).forEach(([name, token]) => text.includes(token) && seen.push(`the token ${name} is in ${where}: ${text.slice(0, 200)}`));
  page.on("request", (request) => look("the address of a request", request.url()));
  page.on("websocket", (socket) => look("the address of a WebSocket", socket.url()));
  page.on("framenavigated", (frame) => look("the address of the page", frame.url()));
  page.on("console", (message) => look("the log", message.text()));
  return async () => {
    look("the title", await page.title());
    look("the page", await page.content());
    look("the address", page.url());
    return seen;
  };
}

async function firstVisit(page) {
  await asked(page, "Without one");
  check((await page.textContent("#link-text")) === "Waiting for a token", "a page without a token says that it is live");
  const found = [];
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await examine(page, `the dialog in ${colorScheme}`)).found);
  }
  check(found.length === 0, found[0]);
  await page.keyboard.press("Escape");
  await page.waitForTimeout(6000); // until the server has closed for want of a token
  check(await page.evaluate(() => !document.querySelector("#token").open && document.querySelector("#link-text").textContent === "Waiting for a token"), "a dialog that was cancelled comes back");
  await openFromView(page);
  await give(page, tokens.wrong);
  await asked(page, "does not take the last one: the key is not known here");
  check((await kept(page)).tab === NOTHING, "a token that was refused is kept");
}

async function asClient(page, url) {
  await give(page, tokens.client);
  await seesPrices(page);
  const { tab, browser } = await kept(page);
  check(tab.includes(tokens.client) && !browser.includes(tokens.client), "the token is not kept for the tab alone");
  await granted(page, url);
  await page.goto(`${url}?server=1&symbol=BTC-USD`);
  await seesPrices(page);
  await waitFor(page, "histories are answered", () => /O /.test(document.querySelector("#legend").textContent) && document.querySelector("#detail-problem").hidden);
  check((await page.isHidden("#server-open")) && (await page.isHidden("#server")), "who is no operator sees something of the server panel");
}

/** Orders all that this token is granted by value, which takes the values of all. */
async function granted(page, url) {
  await page.goto(`${url}?sort=percent.desc`);
  await seesPrices(page);
  const symbols = Number.parseInt((await page.textContent("#rows")).split(" of ")[1], 10);
  check(symbols > 2 && symbols < 100, `${symbols} symbols are granted`);
  await page.waitForTimeout(3000); // the denial of all symbols has come
  check(await page.isHidden("#problem"), `a token for some symbols is a problem: ${await page.textContent("#problem")}`);
}

async function asOperator(page) {
  await openFromView(page);
  await give(page, tokens.operator, true);
  await seesPrices(page);
  await waitFor(page, "an operator sees what the address opens", () => !document.querySelector("#server-open").hidden && !document.querySelector("#server").hidden && /\d/.test(document.querySelector("#server-partitions-rows").textContent));
  check(query(page).get("server") === "1", "the address has lost the panel");
  const { tab, browser } = await kept(page);
  check(tab === NOTHING && browser.includes(tokens.operator), "the token is not kept in the browser");
  await page.reload();
  await seesPrices(page);
  await waitFor(page, "it is an operator's page again", () => !document.querySelector("#server-open").hidden);
}

async function untilItExpires(page, url) {
  await openFromView(page);
  writeKeys(EXPIRES_S);
  const status = async () => (await fetch(`${url}v1/symbols`, { headers: { Authorization: `Bearer ${tokens.short}` } })).status;
  await until(page, "the server has read the file of keys again", status, (is) => is === 200);
  await give(page, tokens.short);
  await waitFor(page, "the button of an operator goes with the token of one", () => document.querySelector("#server-open").hidden && document.querySelector("#server").hidden);
  await seesPrices(page);
  await waitFor(page, "the page says that the token expires, and goes on", () => document.querySelector("#token").open && /^The one of now expires at \d/.test(document.querySelector("#token-why").textContent) && document.querySelector("#link-text").textContent === "Live");
  await asked(page, "does not take the last one: the token has expired");
  check((await page.evaluate(() => document.querySelector("#stage").dataset.live)) === "false", "what is shown looks live without a token");
  await give(page, tokens.client);
  await seesPrices(page);
}

async function forget(page) {
  await openFromView(page);
  await page.click("#token-forget");
  await asked(page, "Without one");
  const { tab, browser } = await kept(page);
  check(tab === NOTHING && !browser.includes("tickwire.token"), "a token that was forgotten is still there");
}

// What a browser says of answers that are refusals, and of what a page gives up: it
// is opened again, or has a token while it connects without one.
const forgiven = (text) => /status (of )?401|ERR_ABORTED|closed before the connection is established/.test(text);

run("token", async () => {
  if (binary === undefined) throw new Error("usage: node e2e/token.mjs TICKWIRE");
  writeKeys();
  const world = new World(binary, ["--symbols", "100", "--rate", "1000"], ["--auth", "keys", "--auth-keys", file]);
  const browser = await launch();
  try {
    const url = await world.start();
    const { page, faults } = await open(browser, "about:blank", {}, forgiven);
    const leaks = watch(page);
    await page.goto(url);
    await firstVisit(page);
    await asClient(page, url);
    await asOperator(page);
    await untilItExpires(page, url);
    await forget(page);
    faults.push(...(await leaks()));
    check(faults.length === 0, `${faults.length} faults, the first: ${faults[0]}`);
    console.log(JSON.stringify({ asked: ["missing", "refused", "expires", "expired", "forgotten"] }));
  } finally {
    await browser.close();
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
