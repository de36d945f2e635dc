// Visits a server with Chromium's own WebSocket: see report.mjs. CHROMIUM names
// the browser; Debian's is the default. A task's `page` is where its script
// lives.
import { launch } from "./browser.mjs";
import { report, tasks } from "./report.mjs";
import { visit } from "./visit.mjs";

const browser = await launch();

async function run(task) {
  const page = await browser.newPage();
  await page.goto(task.page);
  report(await page.evaluate(`(${visit})(new WebSocket(${JSON.stringify(task.url)}, ${JSON.stringify(task.protocols)}), ${JSON.stringify(task)})`));
}

try {
  await Promise.all(tasks.map(run));
} finally {
  await browser.close();
}
