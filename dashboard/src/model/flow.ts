import type { Clock, Micros } from "../feed/index.ts";
import { Ages } from "./ages.ts";
import { Rate } from "./rate.ts";

/** What comes in, counted. */
export class Flow {
  readonly #clock: Clock;
  readonly #frames: Rate;
  readonly #bytes: Rate;
  readonly #updates: Rate;
  readonly #ticks: Rate;
  readonly #ages = new Ages();
  #merged = 0;
  #conflated = 0;
  #textBytes = 0;
  #told: { readonly wire: number; readonly text: number } | undefined;
  #ratio: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    const now = clock.now();
    this.#frames = new Rate(now);
    this.#bytes = new Rate(now);
    this.#updates = new Rate(now);
    this.#ticks = new Rate(now);
  }

  /** A frame with text of so many bytes: what it is after decompression. */
  frame(bytes: number): void {
    const now = this.#clock.now();
    this.#frames.add(1, now);
    this.#bytes.add(bytes, now);
    this.#textBytes += bytes;
  }

  /**
   * What the server says that the frames of this connection have taken until
   * now: a browser does not tell it.
   */
  wire(bytes: number): void {
    const told = this.#told;
    this.#told = { wire: bytes, text: this.#textBytes };
    if (told !== undefined && bytes > told.wire) this.#ratio = (this.#textBytes - told.text) / (bytes - told.wire);
  }

  /** Another connection has begun. */
  reconnected(): void {
    this.#told = undefined;
    this.#ratio = undefined;
    this.#ages.clear();
  }

  /** So many updates that stand for so many ticks. */
  updates(updates: number, ticks: number): void {
    const now = this.#clock.now();
    this.#updates.add(updates, now);
    this.#ticks.add(ticks, now);
    if (ticks > updates) this.#merged += ticks - updates;
  }

  /** How old a value was when it came. */
  age(ms: number): void {
    this.#ages.add(ms);
  }

  /** What the server says that it conflated on this connection. */
  conflated(ticks: number): void {
    this.#conflated = ticks;
  }

  /** The ages so far are of another connection, rate or budget. */
  forgetAges(): void {
    this.#ages.clear();
  }

  get framesPerS(): number {
    return this.#frames.perSecond(this.#clock.now());
  }

  /** Of text, not of the wire. */
  get bytesPerS(): number {
    return this.#bytes.perSecond(this.#clock.now());
  }

  /** Bytes of text for a byte of the wire, of late; undefined: the server has not said yet. */
  get compression(): number | undefined {
    return this.#ratio;
  }

  get updatesPerS(): number {
    return this.#updates.perSecond(this.#clock.now());
  }

  /** The ticks that the updates stand for. */
  get ticksPerS(): number {
    return this.#ticks.perSecond(this.#clock.now());
  }

  /** Ticks that came merged into a later one, since the page opened. */
  get merged(): number {
    return this.#merged;
  }

  get serverConflated(): number {
    return this.#conflated;
  }

  /** In milliseconds; undefined: nothing came yet. */
  ageQuantile(q: number): number | undefined {
    return this.#ages.quantile(q);
  }
}

/**
 * How far the server's clock is ahead of this page's, by the answers to pings:
 * the shortest of the last few trips tells best.
 */
export class Offset {
  #trips: { readonly ms: number; readonly offset: number }[] = [];

  /** A pong with the server's time came; sent and received by the page's wall clock. */
  add(sent: number, received: number, server: Micros): void {
    const offset = server / 1000 - (sent + received) / 2;
    this.#trips = [...this.#trips.slice(-7), { ms: received - sent, offset }];
  }

  clear(): void {
    this.#trips = [];
  }

  /** Of the shortest trip, there and back; undefined: there was none. */
  get tripMs(): number | undefined {
    return this.#best?.ms;
  }

  /** In milliseconds, 0 while it is not known. */
  get ms(): number {
    return this.#best?.offset ?? 0;
  }

  get #best(): { readonly ms: number; readonly offset: number } | undefined {
    return this.#trips.reduce<{ readonly ms: number; readonly offset: number } | undefined>((best, trip) => (best === undefined || trip.ms < best.ms ? trip : best), undefined);
  }
}
