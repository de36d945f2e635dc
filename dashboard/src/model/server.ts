import type { Clock } from "../feed/index.ts";
import type { ServerReport } from "../rest/index.ts";

/** Who tells how the server does. */
export interface Reporter {
  server(): Promise<ServerReport>;
}

/** What the server did between two reports. */
export interface Pace {
  readonly ticksPerS: number;
  readonly skippedPerS: number;
  readonly framesPerS: number;
  readonly updatesPerS: number;
  /** On the wire. */
  readonly bytesPerS: number;
  readonly conflatedPerS: number;
  /** Of text, for a byte on the wire; undefined: nothing went out. */
  readonly ratio: number | undefined;
  /** Of one pulse, in milliseconds; undefined: there was none. */
  readonly pulseMs: number | undefined;
  /** Of the time that the shards have, what they spent in pulses: from 0 to 1. */
  readonly busy: number;
}

const EVERY_MS = 2000;

/**
 * How the server does, for an operator who looks at it: asked again and again,
 * one question at a time, and not at all while nobody looks.
 */
export class Server {
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #open = false;
  #visible = true;
  #allowed = false;
  #asking = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #cancel = (): void => {};
  #report: ServerReport | undefined;
  #cameAt = 0;
  #pace: Pace | undefined;
  #problem: string | undefined;

  constructor(reporter: Reporter, clock: Clock, changed: () => void) {
    this.#reporter = reporter;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** The last one; undefined: there was none since it was allowed. */
  get report(): ServerReport | undefined {
    return this.#report;
  }

  /** From the last report but one to the last; undefined: they are not of one process, or there is but one. */
  get pace(): Pace | undefined {
    return this.#pace;
  }

  /** How long ago the last report came, in milliseconds. */
  get ageMs(): number {
    return this.#clock.now() - this.#cameAt;
  }

  /** Why the last question has no answer; undefined: it has. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether the server tells this page. */
  get allowed(): boolean {
    return this.#allowed;
  }

  set allowed(allowed: boolean) {
    if (!allowed) this.#forget();
    this.#allowed = allowed;
    this.#plan();
  }

  /** Whether the panel is open. */
  set open(open: boolean) {
    if (open === this.#open) return;
    this.#open = open;
    this.#plan();
  }

  /** Whether the page can be seen. */
  set visible(visible: boolean) {
    this.#visible = visible;
    this.#plan();
  }

  get #wanted(): boolean {
    return this.#open && this.#visible && this.#allowed;
  }

  #forget(): void {
    this.#report = undefined;
    this.#pace = undefined;
    this.#problem = undefined;
  }

  #plan(): void {
    this.#cancel();
    if (!this.#wanted || this.#asking) return;
    const inMs = Math.max(this.#askedAt + EVERY_MS - this.#clock.now(), 0);
    this.#cancel = this.#clock.after(inMs, () => this.#ask());
  }

  #ask(): void {
    this.#asking = true;
    this.#askedAt = this.#clock.now();
    this.#reporter.server().then(
      (report) => this.#answered(() => this.#take(report)),
      (error: unknown) => this.#answered(() => void (this.#problem = error instanceof Error ? error.message : String(error))),
    );
  }

  /** A question is over. What came of it is of use if the server may still tell. */
  #answered(take: () => void): void {
    this.#asking = false;
    if (this.#allowed) take();
    this.#plan();
    this.#changed();
  }

  #take(report: ServerReport): void {
    const before = this.#report;
    this.#problem = undefined;
    this.#cameAt = this.#clock.now();
    if (report.node === before?.node && report.time === before.time) return; // the same again
    this.#report = report;
    this.#pace = before !== undefined && follows(report, before) ? paceOf(before, report) : undefined;
  }
}

const counters = ["time", "up_ms", "ticks", "skipped", "frames", "updates", "text_bytes", "bytes", "conflated", "pulses", "pulse_us"] as const;

/** Whether a report is of the same process as the one before: counters of another begin anew. */
function follows(report: ServerReport, before: ServerReport): boolean {
  return report.node === before.node && counters.every((counter) => report[counter] >= before[counter]);
}

function paceOf(before: ServerReport, report: ServerReport): Pace {
  const rose = (counter: (typeof counters)[number]): number => report[counter] - before[counter];
  const seconds = rose("time") / 1e6;
  return {
    ticksPerS: rose("ticks") / seconds,
    skippedPerS: rose("skipped") / seconds,
    framesPerS: rose("frames") / seconds,
    updatesPerS: rose("updates") / seconds,
    bytesPerS: rose("bytes") / seconds,
    conflatedPerS: rose("conflated") / seconds,
    ratio: rose("bytes") === 0 ? undefined : rose("text_bytes") / rose("bytes"),
    pulseMs: rose("pulses") === 0 ? undefined : rose("pulse_us") / rose("pulses") / 1000,
    busy: report.shards === 0 ? 0 : rose("pulse_us") / (rose("time") * report.shards),
  };
}
