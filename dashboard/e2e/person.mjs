// Plays a person at the dashboard, with the keyboard alone: finds a symbol, pins
// it, opens its chart, changes the interval, moves the sliders, scrolls, hides
// the page, and sees the feed stall and the server go and come back.
//
//   node e2e/person.mjs TICKWIRE
//
// TICKWIRE is the program; it is started with a broker, a source and a server.
// Prints one line of JSON of what was seen, or one line of what is wrong.
import { check, launch, live, open, prices, query, run, until, waitFor } from "./browser.mjs";
import { World } from "./world.mjs";

const [binary] = process.argv.slice(2);
const SYMBOL = "BTC-USD";

/** What this page has asked for on ticker, by the frames it sent; and what came, by kind. */
function listen(page) {
  const wire = { subscribed: new Map(), frames: 0, snapshots: 0 };
  page.on("websocket", (socket) => {
    wire.subscribed.clear();
    socket.on("framesent", ({ payload }) => {
      const { op, channel, symbols = [], rate = 0 } = JSON.parse(payload);
      if (channel !== "ticker") return;
      for (const symbol of symbols) op === "subscribe" ? wire.subscribed.set(symbol, rate) : wire.subscribed.delete(symbol);
    });
    socket.on("framereceived", ({ payload }) => {
      wire.frames++;
      if (payload.startsWith('{"type":"snapshot","channel":"ticker"')) wire.snapshots++;
    });
  });
  return wire;
}

const number = (text) => Number(text.replace(/[^\d.]/g, ""));
const figure = async (page, id) => number(await page.textContent(`#flow-${id}`));

async function findPinOpen(page) {
  await page.keyboard.press("/");
  await page.keyboard.type(SYMBOL.toLowerCase());
  await waitFor(page, "the matches are told to who does not see them", () => /^[1-9]\d* symbols?$/.test(document.querySelector("#matches").textContent));
  check(query(page).get("q") === SYMBOL.toLowerCase(), "the address does not hold the search");
  await page.keyboard.press("ArrowDown");
  await waitFor(page, "the focus is in the table", () => document.activeElement.matches("#board .ag-cell"));
  await page.keyboard.press("f");
  await waitFor(page, "the favourite is pinned above the others", (symbol) => document.querySelector("#board .ag-row-pinned")?.textContent.includes(symbol), SYMBOL);
  await page.keyboard.press("Enter");
  await waitFor(page, "the symbol is open, and its name has the focus", (symbol) => document.activeElement.id === "detail-name" && document.activeElement.textContent === symbol, SYMBOL);
  check(query(page).get("symbol") === SYMBOL, "the address does not hold the symbol");
}

async function readDetail(page) {
  await waitFor(page, "there are candles", () => document.querySelectorAll("#chart canvas").length > 0 && /O .* H .* L .* C /.test(document.querySelector("#legend").textContent));
  await waitFor(page, "there are last trades", () => /\d/.test(document.querySelector("#tape")?.textContent));
  const before = await page.textContent("#tape");
  await waitFor(page, "the last trades go on", (before) => document.querySelector("#tape").textContent !== before, before);
  await page.keyboard.press("1");
  await waitFor(page, "the candles are of a second", () => document.querySelector("#intervals input:checked").value === "1s" && /O /.test(document.querySelector("#legend").textContent));
  check(query(page).get("interval") === "1s", "the address does not hold the interval");
  await page.reload();
  await waitFor(page, "the address opens the symbol again", (symbol) => document.querySelector("#detail-name").textContent === symbol && /O /.test(document.querySelector("#legend").textContent), SYMBOL);
  await waitFor(page, "the favourite is still pinned", (symbol) => document.querySelector("#board .ag-row-pinned")?.textContent.includes(symbol), SYMBOL);
  await page.keyboard.press("Escape");
  await waitFor(page, "Escape closes the symbol", () => document.querySelector("#detail").hidden);
  await page.keyboard.press("/");
  await page.keyboard.press("Escape"); // empties the search
  await waitFor(page, "all symbols are there again", () => /^(\S+) of \1 symbols$/.test(document.querySelector("#rows").textContent));
}

async function scroll(page, wire) {
  const shown = async () => Object.keys(await prices(page));
  const before = await shown();
  await page.evaluate(() => void (document.querySelector("#board .ag-grid-viewport").scrollTop += 3000));
  const after = await until(page, "other rows are shown", shown, (now) => now.length > 0 && now.filter((s) => before.includes(s)).length <= 2); // the favourite, and where the focus is
  await until(page, "what is shown is subscribed", async () => after.filter((s) => !wire.subscribed.has(s)), (missing) => missing.length === 0);
  const left = () => before.filter((s) => !after.includes(s) && wire.subscribed.has(s));
  await until(page, "what has left is let go", async () => left(), (still) => still.length === 0);
  check(wire.subscribed.has(SYMBOL), "the favourite is not subscribed any more");
  await until(page, "what is shown is live", () => page.evaluate(() => document.querySelectorAll('#board .ag-cell [data-fresh="waiting"]').length), (waiting) => waiting === 0);
  return wire.subscribed.size;
}

async function slide(page, id, key) {
  await page.focus(`#${id}`);
  await page.keyboard.press(key);
}

async function sliders(page) {
  await page.focus("#flow-open");
  await page.keyboard.press("Enter");
  const ratio = () => figure(page, "ratio");
  await slide(page, "rate", "End"); // every change
  const one = await until(page, "changes come almost by themselves", ratio, (r) => r > 0 && r < 20); // a busy machine merges some
  const mergedBefore = await figure(page, "merged");
  await slide(page, "rate", "Home"); // one in five seconds
  const merged = await until(page, "ticks come merged", ratio, (r) => r > Math.min(5 * one, one + 20));
  check((await figure(page, "merged")) > mergedBefore, "the count of merged ticks has not risen");
  await slide(page, "rate", "End");
  const free = await until(page, "all bytes come", () => figure(page, "bytes"), (b) => b > 4);
  await slide(page, "budget", "Home"); // a kilobyte a second
  const held = await until(page, "the budget holds", () => figure(page, "bytes"), (b) => b < free / 2);
  await slide(page, "budget", "End");
  await slide(page, "rate", "ArrowLeft");
  await page.focus("#flow-open");
  await page.keyboard.press("Enter");
  return { ticks_an_update: [one, merged], kb_a_second: [free, held] };
}

async function hide(page, wire) {
  const hidden = (is) =>
    page.evaluate((is) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => is });
      document.dispatchEvent(new Event("visibilitychange"));
    }, is);
  await hidden(true);
  await until(page, "a hidden page goes slowly", async () => [...wire.subscribed.values()], (rates) => rates.length > 0 && rates.every((r) => r === 0.2));
  const snapshots = wire.snapshots;
  await hidden(false);
  await until(page, "a page that is seen again is quick", async () => [...wire.subscribed.values()], (rates) => rates.length > 0 && rates.every((r) => r !== 0.2));
  await until(page, "it comes back with a snapshot", async () => wire.snapshots, (now) => now > snapshots);
}

async function stall(page, world) {
  await world.stopSource();
  await waitFor(page, "a feed that stalls is said to", () => document.querySelector("#link-text").textContent === "Connected, but the feed is stale");
  await waitFor(page, "all of the table is dimmed", () => document.querySelector("#stage").dataset.live === "false");
  await waitFor(page, "the age is told", () => /newest tick .* old/.test(document.querySelector("#retry").textContent));
  await waitFor(page, "rows are stale", () => document.querySelectorAll('#board [data-fresh="stale"]').length > 0);
}

async function dropAndReturn(page, world) {
  await world.stopServer();
  await waitFor(page, "the page says that it reconnects", () => document.querySelector("#link-text").textContent === "Reconnecting");
  await waitFor(page, "what is shown does not look live", () => document.querySelector("#stage").dataset.live === "false");
  await world.startServer();
  await waitFor(page, "the page is connected again", () => /^Connected|^Live/.test(document.querySelector("#link-text").textContent));
  await waitFor(page, "it counts that", () => /Reconnects 1/.test(document.querySelector("#events").textContent));
  return valuesAreRight(page, world);
}

/** Compares what is read on screen with what the server says, while nothing changes. */
async function valuesAreRight(page, world) {
  const differ = async () => {
    const answer = await (await fetch(`${world.url}v1/snapshot`)).json();
    const truth = new Map(answer.data.map(({ s, p }) => [s, p]));
    const shown = Object.entries(await prices(page));
    const wrong = shown.filter(([symbol, text]) => text.replaceAll(",", "") !== (truth.get(symbol) || "–"));
    return { shown: shown.length, wrong: wrong.map(([symbol, text]) => `${symbol} ${text} for ${truth.get(symbol)}`) };
  };
  const { shown } = await until(page, "the values are right", differ, (d) => d.shown > 0 && d.wrong.length === 0);
  return shown;
}

/** Goes round the page by Tab and looks whether the focus can be seen. */
async function focusIsSeen(page) {
  const stops = [];
  await page.evaluate(() => document.activeElement.blur());
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const { activeElement: e } = document;
      if (e === null || e === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(e);
      return { name: e.id || e.className, seen: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1 };
    });
    if (stop !== null) stops.push(stop);
  }
  const unseen = stops.filter(({ seen }) => !seen).map(({ name }) => name);
  check(unseen.length === 0, `the focus is not seen on ${unseen.join(", ")}`);
  const names = new Set(stops.map(({ name }) => name));
  for (const id of ["search", "list", "only", "lists-open", "settings-open", "flow-open", "help-open"]) check(names.has(id), `Tab does not reach ${id}`);
  return names.size;
}

run("dashboard", async () => {
  if (binary === undefined) throw new Error("usage: node e2e/person.mjs TICKWIRE");
  const world = new World(binary, ["--symbols", "300", "--rate", "6000"], ["--feed-stale", "2s", "--symbol-stale", "2s"]);
  const browser = await launch();
  let gone = false; // a server that is gone does not answer
  try {
    const url = await world.start();
    const { page, faults } = await open(browser, "about:blank", {}, (text) => gone && /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status 503|response code: 503|WebSocket connection/.test(text));
    const wire = listen(page);
    await page.goto(url);
    await live(page);
    await findPinOpen(page);
    await readDetail(page);
    const seen = { focus_stops: await focusIsSeen(page), subscribed: await scroll(page, wire), ...(await sliders(page)) };
    await hide(page, wire);
    await stall(page, world);
    gone = true;
    seen.right_after_return = await dropAndReturn(page, world);
    gone = false;
    world.startSource();
    await live(page);
    const problem = await page.evaluate(() => document.querySelector("#problem:not([hidden])")?.textContent ?? null);
    if (problem !== null) faults.push(`the page reports: ${problem}`);
    check(faults.length === 0, `${faults.length} faults, the first: ${faults[0]}`);
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
    await world.end();
  }
});
