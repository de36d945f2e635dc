// Hears a server with Chromium's own EventSource until it is killed, and prints a
// line of JSON for all that happens:
//
//   node e2e/events.mjs '{"page":...,"url":...}'
//
// `page` is where the browser's script lives. CHROMIUM names the browser; Debian's
// is the default.
import { launch } from "./browser.mjs";

const task = JSON.parse(process.argv[2]);
const browser = await launch();
const page = await browser.newPage();
await page.goto(task.page);
await page.exposeFunction("tell", (line) => console.log(line));
await page.evaluate((url) => {
  const source = new EventSource(url);
  const say = (line) => window.tell(JSON.stringify(line));
  source.onopen = () => say({ kind: "open" });
  source.onmessage = ({ lastEventId, data }) => say({ kind: "message", id: lastEventId, data });
  source.onerror = () => say({ kind: source.readyState === EventSource.CLOSED ? "closed" : "lost" });
}, task.url);
