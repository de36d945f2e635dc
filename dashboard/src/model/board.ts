import type { Ack, Clock, Fault, FeedListener, LinkEvent, ServerError, State, StateChange, Ticker, TickerSnapshot } from "../feed/index.ts";
import type { Connection } from "./connection.ts";
import { after, unconnected } from "./connection.ts";
import { Quotes } from "./quotes.ts";

const BEAT_MS = 500;

/**
 * Everything that the page shows. It listens to a feed and says, at most once
 * per event, that there is something new; it never draws.
 */
export class Board implements FeedListener {
  readonly quotes: Quotes;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #connection: Connection = unconnected;
  #feed: State = "live"; // what else, hello says
  #problem: string | undefined;
  #problems = 0;

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
    this.quotes = new Quotes(clock.now());
    this.#beat();
  }

  get now(): number {
    return this.#clock.now();
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** How far the values can be trusted while the connection is live. */
  get feed(): State {
    return this.#feed;
  }

  /** The last thing that went wrong between page and server, for a person. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** How many things went wrong so far. */
  get problems(): number {
    return this.#problems;
  }

  link(event: LinkEvent): void {
    this.#connection = after(event, this.#connection, this.now);
    if (event.kind === "connected") this.quotes.reconnected();
    this.#changed();
  }

  ticker(message: TickerSnapshot | Ticker): void {
    this.quotes.apply(message, this.now);
    this.#changed();
  }

  state({ symbol, state }: StateChange): void {
    if (symbol !== undefined) return;
    this.#feed = state;
    this.#changed();
  }

  ack(ack: Ack): void {
    for (const { symbol, code } of ack.denied ?? []) this.#trouble(`the server denied ${symbol}: ${code}`);
  }

  refused(error: ServerError): void {
    this.#trouble(`the server refused: ${error.message} (${error.code})`);
  }

  fault(fault: Fault): void {
    this.#trouble(`a message was passed over: ${fault.reason}`);
  }

  #trouble(problem: string): void {
    this.#problem = problem;
    this.#problems++;
    this.#changed();
  }

  #beat(): void {
    this.quotes.beat(this.now);
    this.#changed();
    this.#clock.after(BEAT_MS, () => this.#beat());
  }
}
