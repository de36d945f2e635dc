// Visits a server with Chromium's own WebSocket: see report.mjs. CHROMIUM names
// the browser; Debian's is the default. A task's `page` is where its script
// lives.
import { chromium } from "playwright-core";
import { report, tasks } from "./report.mjs";
import { visit } from "./visit.mjs";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
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
