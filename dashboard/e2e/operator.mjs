// Plays an operator at a server that takes everybody for one: opens the server
// panel, sees that its figures move, and that nothing is asked while nobody looks.
//
//   node e2e/operator.mjs URL
//
// Prints one line of JSON of what was seen, or one line of what is wrong.
import { check, launch, live, open, query, run, until, waitFor } from "./browser.mjs";

const [url] = process.argv.slice(2);

/** The figures of the panel by their names, as a person reads them. */
const figures = (page) => page.evaluate(() => Object.fromEntries([...document.querySelectorAll("#server-figures div")].map(({ children: [name, value] }) => [name.textContent, value.textContent])));

const rows = (page, id) => page.evaluate((id) => [...document.querySelectorAll(`#server-${id}-rows tr`)].map((row) => [...row.children].map((cell) => cell.textContent)), id);

async function openPanel(page) {
  await waitFor(page, "an operator has the button", () => !document.querySelector("#server-open").hidden);
  check(await page.isHidden("#server"), "the panel is open before anybody opened it");
  await page.focus("#server-open");
  await page.keyboard.press("Enter");
  await waitFor(page, "the panel is open, and its button says so", () => !document.querySelector("#server").hidden && document.querySelector("#server-open").ariaExpanded === "true");
  check(query(page).get("server") === "1", "the address does not hold the panel");
}

async function readPanel(page) {
  const first = await until(page, "there are rates", () => figures(page), (f) => /[1-9]/.test(f["Ticks/s"]) && /[1-9]/.test(f["Wire KB/s"]));
  await until(page, "they move", () => figures(page), (f) => f["Ticks/s"] !== first["Ticks/s"]);
  const partitions = await until(page, "there are partitions", () => rows(page, "partitions"), (all) => all.length > 0);
  await until(page, "and their offsets move", () => rows(page, "partitions"), (all) => all.some(([, next], i) => next !== partitions[i]?.[1]));
  const slowest = await until(page, "this page, whose rate is capped, is among the slowest", () => rows(page, "slowest"), (all) => all.length > 0);
  return { figures: first, partitions: partitions.length, slowest: slowest.length };
}

/** Questions are counted from now on, until what is done is over and 5 s more. */
async function asksNothing(page, what, act, undo) {
  await act();
  await page.waitForTimeout(500); // a question that is under way
  let asked = 0;
  const count = (request) => void (new URL(request.url()).pathname === "/v1/server" && asked++);
  page.on("request", count);
  await page.waitForTimeout(5000); // in which there would be two
  check(asked === 0, `${what}: it was asked ${asked} times`);
  await undo();
  await until(page, `${what} no longer: it is asked again`, async () => asked, (n) => n > 0);
  page.off("request", count);
}

const hide = (page, is) =>
  page.evaluate((is) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => is });
    document.dispatchEvent(new Event("visibilitychange"));
  }, is);

run("operator", async () => {
  if (url === undefined) throw new Error("usage: node e2e/operator.mjs URL");
  const browser = await launch();
  try {
    const { page, faults } = await open(browser, url, {}, (text) => text.includes("ERR_ABORTED")); // of what is under way when it is opened again
    await live(page);
    await openPanel(page);
    const seen = await readPanel(page);
    await asksNothing(page, "a page that is hidden", () => hide(page, true), () => hide(page, false));
    const press = () => page.press("#server-open", "Enter");
    await asksNothing(page, "a panel that is closed", press, press);
    await page.reload();
    await waitFor(page, "the address opens the panel again", () => !document.querySelector("#server").hidden && /\d/.test(document.querySelector("#server-figures").textContent));
    await page.click("#settings-open");
    check(await page.isHidden("#settings-token"), "a server that wants no token has a place for one");
    check(faults.length === 0, `${faults.length} faults, the first: ${faults[0]}`);
    console.log(JSON.stringify(seen));
  } finally {
    await browser.close();
  }
});
