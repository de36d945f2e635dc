// Measures the page while it runs, by the browser's own tools: frames a second,
// long tasks, the heap after garbage collection, the time to the first rows.
//
//   node e2e/perf.mjs URL [SECONDS]
//
// Prints one line of JSON, or one that says that the heap grew. A machine that has other work to do measures that,
// too: `cpu` tells what the browser itself took, in seconds a second.
import { execFileSync } from "node:child_process";
import { launch, live, open, run, waitFor } from "./browser.mjs";

const [url, seconds = "60"] = process.argv.slice(2);

/** What may be kept more at the end than at the beginning: code that was compiled, rows that came late. */
const HEAP_GROWTH = 4e6;

/** Runs in the page before all else: notes long tasks and the first row with a price. */
function watch() {
  globalThis.seen = { long: [], firstRows: 0 };
  new PerformanceObserver((list) => list.getEntries().forEach((e) => seen.long.push({ at: e.startTime, ms: e.duration }))).observe({ type: "longtask", buffered: true });
  const look = () => {
    if (/\d/.test(document.querySelector('#board .ag-row [col-id="last"]')?.textContent ?? "")) seen.firstRows = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Counts frames for so many milliseconds. */
const frames = (ms) =>
  new Promise((resolve) => {
    const begun = performance.now();
    let [count, worst, before] = [0, 0, begun];
    const frame = (now) => {
      count++;
      worst = Math.max(worst, now - before);
      before = now;
      if (now - begun < ms) requestAnimationFrame(frame);
      else resolve({ fps: (count * 1000) / (now - begun), worst, begun });
    };
    requestAnimationFrame(frame);
  });

/** Processor time of the browser's processes so far, in seconds. */
function cpu(root) {
  const all = execFileSync("ps", ["-eo", "pid,ppid,cputimes"], { encoding: "utf8" }).trim().split("\n").slice(1).map((l) => l.trim().split(/\s+/).map(Number));
  const ours = new Set([root]);
  for (let grown = 0; grown !== ours.size; ) {
    grown = ours.size;
    for (const [pid, parent] of all) if (ours.has(parent)) ours.add(pid);
  }
  return all.filter(([pid]) => ours.has(pid)).reduce((sum, [, , s]) => sum + s, 0);
}

run("perf", async () => {
  if (url === undefined) throw new Error("usage: node e2e/perf.mjs URL [SECONDS]");
  const browser = await launch();
  try {
    const { page } = await open(browser, "about:blank");
    await page.addInitScript(watch);
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    await session.send("HeapProfiler.enable");
    const heap = async () => {
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "JSHeapUsedSize").value;
    };
    await page.goto(`${url}?flow=1`);
    await live(page);
    await waitFor(page, "rows are there", () => seen.firstRows > 0);
    await page.waitForTimeout(5000); // all rows are loaded, and what is compiled is
    const before = await heap();
    const cpuBefore = cpu(process.pid);
    const { fps, worst, begun } = await page.evaluate(frames, Number(seconds) * 1000);
    const cpuAfter = cpu(process.pid);
    const { long, firstRows } = await page.evaluate(() => seen);
    const during = long.filter(({ at }) => at >= begun).map(({ ms }) => ms);
    const after = await heap();
    if (after > before + HEAP_GROWTH) throw new Error(`the heap grew from ${before} to ${after} bytes in ${seconds} s`);
    const rounded = (n) => Math.round(n * 10) / 10;
    console.log(
      JSON.stringify({
        fps: rounded(fps),
        worst_frame_ms: rounded(worst),
        tasks_over_50_ms: during.length,
        tasks_over_100_ms: during.filter((ms) => ms > 100).length,
        first_rows_ms: Math.round(firstRows),
        heap_mb: [before, after].map((bytes) => rounded(bytes / 1e6)),
        cpu: rounded((cpuAfter - cpuBefore) / Number(seconds)),
        updates_a_second: await page.textContent("#flow-updates"),
        ticks_a_second: await page.textContent("#flow-ticks"),
      }),
    );
  } finally {
    await browser.close();
  }
});
