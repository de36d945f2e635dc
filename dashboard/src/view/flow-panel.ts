import type { Board } from "../model/index.ts";
import { count, latency, NONE, rate } from "./format.ts";
import { element, input, Text, textOf } from "./text.ts";

/** Updates a second of each symbol; 0: every change. */
const RATES = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 0] as const;

/** Bytes a second; 0: no budget. */
const BUDGETS = [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 0] as const;

const EVERY_MS = 500;

export interface FlowOwner {
  rate(perSecond: number): void;
  budget(bytesPerS: number): void;
}

/** What comes in, and two sliders that change it. */
export class FlowPanel {
  readonly #section: HTMLElement;
  readonly #figures: Readonly<Record<string, Text>>;
  #paintedAt = Number.NEGATIVE_INFINITY;

  constructor(document: Document, owner: FlowOwner, rate: number, bytesPerS: number) {
    this.#section = element(document, "flow");
    const ids = ["updates", "ticks", "ratio", "merged", "conflated", "frames", "bytes", "compression", "p50", "p99", "trip", "subscribed"];
    this.#figures = Object.fromEntries(ids.map((id) => [id, textOf(document, `flow-${id}`)]));
    slider(document, "rate", RATES, rate, rateText, (r) => owner.rate(r));
    slider(document, "budget", BUDGETS, bytesPerS, budgetText, (b) => owner.budget(b));
  }

  get open(): boolean {
    return !this.#section.hidden;
  }

  set open(open: boolean) {
    this.#section.hidden = !open;
    this.#paintedAt = Number.NEGATIVE_INFINITY;
  }

  /** Draws the figures, now and then: who reads them needs them to stand. */
  paint({ flow, now, tripMs }: Board, subscribed: number): void {
    if (!this.open || now - this.#paintedAt < EVERY_MS) return;
    this.#paintedAt = now;
    const { updatesPerS, ticksPerS } = flow;
    const shown: Record<string, string> = {
      updates: count(updatesPerS),
      ticks: count(ticksPerS),
      ratio: updatesPerS < 0.5 ? NONE : rate(ticksPerS / updatesPerS),
      merged: count(flow.merged),
      conflated: count(flow.serverConflated),
      frames: count(flow.framesPerS),
      bytes: rate(flow.bytesPerS / 1000),
      compression: flow.compression === undefined ? NONE : `${rate(flow.compression)} : 1`,
      p50: latency(flow.ageQuantile(0.5)),
      p99: latency(flow.ageQuantile(0.99)),
      trip: latency(tripMs),
      subscribed: count(subscribed),
    };
    for (const [id, text] of Object.entries(this.#figures)) text.set(shown[id] ?? "");
  }
}

const rateText = (perSecond: number): string => (perSecond === 0 ? "every change" : `${perSecond} a second`);
const budgetText = (bytes: number): string => (bytes === 0 ? "no budget" : `${count(bytes / 1000)} KB a second`);

/** A slider along steps, told to owner when it is moved. */
function slider(document: Document, id: string, steps: readonly number[], now: number, text: (value: number) => string, moved: (value: number) => void): void {
  const range = input(document, id);
  const output = textOf(document, `${id}-text`);
  const value = (): number => steps[Number(range.value)] ?? 0;
  const say = (): void => {
    output.set(text(value()));
    range.setAttribute("aria-valuetext", text(value()));
  };
  range.max = String(steps.length - 1);
  range.value = String(steps.includes(now) ? steps.indexOf(now) : steps.length - 1);
  say();
  range.addEventListener("input", () => {
    say();
    moved(value());
  });
}
