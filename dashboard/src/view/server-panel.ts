import type { Board, Pace, Partition, Server, ServerReport, SlowClient } from "../model/index.ts";
import { age, count, fine, latency, megabytes, NONE, percent, rate } from "./format.ts";
import { TableBody } from "./table-body.ts";
import { element, Text, textOf } from "./text.ts";

const EVERY_MS = 500;

type Read = (report: ServerReport, pace: Pace | undefined) => string;

const paced =
  (text: (pace: Pace) => string): Read =>
  (_, pace) =>
    pace === undefined ? NONE : text(pace);

/** The figures, by their names. */
const figures: readonly (readonly [name: string, read: Read])[] = [
  ["Connections", ({ connections }) => count(connections.all)],
  ["Plain", ({ connections }) => count(connections.plain)],
  ["Compressed", ({ connections }) => count(connections.deflate)],
  ["Events", ({ connections }) => count(connections.events)],
  ["No token yet", ({ connections }) => count(connections.waiting)],
  ["Delayed", ({ connections }) => count(connections.delayed)],
  ["Ticks/s", paced((p) => count(p.ticksPerS))],
  ["Skipped/s", paced((p) => rate(p.skippedPerS))],
  ["Updates/s", paced((p) => count(p.updatesPerS))],
  ["Frames/s", paced((p) => count(p.framesPerS))],
  ["Wire KB/s", paced((p) => rate(p.bytesPerS / 1000))],
  ["Compression", paced(({ ratio }) => (ratio === undefined ? NONE : `${rate(ratio)} : 1`))],
  ["Conflated/s", paced((p) => count(p.conflatedPerS))],
  ["Mean pulse", paced(({ pulseMs }) => (pulseMs === undefined ? NONE : fine(pulseMs)))],
  ["Shards busy", (report, pace) => (pace === undefined ? NONE : `${percent(pace.busy)} of ${count(report.shards)}`)],
  ["Symbols", ({ symbols }) => count(symbols)],
  ["Watched", ({ watched }) => count(watched)],
  ["Terms", ({ terms }) => count(terms)],
  ["Gaps told", ({ gaps }) => count(gaps)],
  ["Heap", ({ heap_bytes }) => megabytes(heap_bytes / 1e6)],
  ["Goroutines", ({ goroutines }) => count(goroutines)],
  ["Feed", ({ feed }) => feed.state],
  ["Up", ({ up_ms }) => age(up_ms)],
];

/** How the server does, for an operator. */
export class ServerPanel {
  readonly #button: HTMLElement;
  readonly #section: HTMLElement;
  readonly #figures: readonly Text[];
  readonly #asked: Text;
  readonly #partitions: Rows;
  readonly #slowest: Rows;
  #paintedAt = Number.NEGATIVE_INFINITY;

  constructor(document: Document) {
    this.#button = element(document, "server-open");
    this.#section = element(document, "server");
    this.#asked = textOf(document, "server-asked");
    this.#partitions = new Rows(document, "partitions");
    this.#slowest = new Rows(document, "slowest");
    this.#figures = figureTexts(element(document, "server-figures"));
  }

  /** Draws the figures, now and then: who reads them needs them to stand. Who may not see them sees nothing of it. */
  paint({ server, now }: Board, wanted: boolean): void {
    const open = wanted && server.allowed;
    this.#button.hidden = !server.allowed;
    this.#button.ariaExpanded = String(open);
    if (this.#section.hidden === open) this.#paintedAt = Number.NEGATIVE_INFINITY;
    this.#section.hidden = !open;
    if (!open || now - this.#paintedAt < EVERY_MS) return;
    this.#paintedAt = now;
    const { report, pace, problem } = server;
    this.#section.dataset["fresh"] = problem === undefined ? "live" : "stale";
    this.#asked.set(askedText(server));
    figures.forEach(([, read], i) => this.#figures[i]?.set(report === undefined ? NONE : read(report, pace)));
    this.#partitions.set(report?.partitions.map(partitionCells));
    this.#slowest.set(report?.slowest.map(clientCells));
  }
}

/** A table, or the sentence that stands for it when it has no rows. */
class Rows {
  readonly #region: HTMLElement;
  readonly #none: HTMLElement;
  readonly #body: TableBody;

  constructor(document: Document, id: string) {
    this.#region = element(document, `server-${id}`);
    this.#none = element(document, `server-${id}-none`);
    this.#body = new TableBody(element(document, `server-${id}-rows`));
  }

  /** Undefined: nothing is known of them. */
  set(rows: readonly (readonly string[])[] | undefined): void {
    this.#region.hidden = rows === undefined || rows.length === 0;
    this.#none.hidden = rows?.length !== 0;
    this.#body.set(rows ?? []);
  }
}

function figureTexts(list: HTMLElement): readonly Text[] {
  const { ownerDocument: document } = list;
  return figures.map(([name]) => {
    const pair = document.createElement("div");
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    pair.append(term, value);
    list.append(pair);
    return new Text(value);
  });
}

function askedText({ problem, report, ageMs }: Server): string {
  if (problem === undefined) return report === undefined ? "Asking the server" : `Node ${report.node || NONE} · Version ${report.version || NONE} · Rates are of the time between the last two answers.`;
  const shown = report === undefined ? "there is nothing to show yet" : `what is shown is ${age(ageMs)} old`;
  return `The last question was not answered (${problem}): ${shown}.`;
}

function partitionCells({ partition, next, end, lag, behind_ms, down_ms }: Partition): readonly string[] {
  const state = down_ms > 0 ? `Down for ${latency(down_ms)}` : behind_ms > 0 ? "Behind" : "At the end";
  return [String(partition), count(next), count(end), count(lag), duration(behind_ms), state];
}

const kinds: Readonly<Record<string, string>> = { plain: "Plain", deflate: "Compressed", events: "Events" };

function clientCells({ conn, kind, subject, delay_ms, blocked_ms, pending, conflated, bytes }: SlowClient): readonly string[] {
  return [conn, kinds[kind] ?? kind, subject ?? NONE, duration(delay_ms), duration(blocked_ms), count(pending), count(conflated), count(bytes / 1000)];
}

const duration = (ms: number): string => (ms === 0 ? NONE : latency(ms));
