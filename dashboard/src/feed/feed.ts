import { parse } from "./parse.ts";
import type { Clock, Socket, SocketConstructor } from "./platform.ts";
import { monotonic, platformSocket } from "./platform.ts";
import type { Ack, Heartbeat, Hello, Limits, Notice, Request, ServerError, ServerMessage, TickerSnapshot, Ticker } from "./protocol.ts";
import { SUBPROTOCOL, VERSION } from "./protocol.ts";
import type { BackoffOptions } from "./reconnect.ts";
import { advice, Backoff } from "./reconnect.ts";
import { Silence } from "./silence.ts";
import { requests, Watchlist } from "./watchlist.ts";

/** What happened to the connection. */
export type LinkEvent =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly hello: Hello }
  | { readonly kind: "lost"; readonly code: number; readonly reason: string; readonly retryInMs: number }
  /** The feed will not come back by itself. */
  | { readonly kind: "ended"; readonly code: number; readonly reason: string };

/** A frame that is not as the protocol says. It was passed over. */
export interface Fault {
  readonly reason: string;
  /** Faults of this feed so far, this one included. */
  readonly count: number;
}

/** Who listens to a feed. Called one at a time, never from within `open` or `subscribe`. */
export interface FeedListener {
  link(event: LinkEvent): void;
  data(message: TickerSnapshot | Ticker): void;
  ack?(ack: Ack): void;
  heartbeat?(heartbeat: Heartbeat): void;
  notice?(notice: Notice): void;
  /** The server refused a request. */
  refused?(error: ServerError): void;
  fault?(fault: Fault): void;
}

export interface FeedOptions {
  /** Such as wss://host/v1/ws. */
  readonly url: string;
  readonly listener: FeedListener;
  /** Default: the platform's WebSocket. */
  readonly socket?: SocketConstructor;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter. Default: Math.random. */
  readonly random?: () => number;
  readonly backoff?: BackoffOptions;
  /** How long connecting may take, hello included. Default: 10 000. */
  readonly helloWithinMs?: number;
  /** A connection that lived this long makes the next wait short again. Default: 10 000. */
  readonly healthyAfterMs?: number;
}

// The server speaks at least every half heartbeat interval; nothing for two
// and a half of them is no delay any more.
const SILENT_INTERVALS = 2.5;

// What a WebSocket reports when the connection went without a close frame.
const ABNORMAL = 1006;

/**
 * A subscription to a Tickwire server that outlives its connections: it
 * reconnects as the close codes advise, asks again for everything that was
 * subscribed, and takes a connection on which nothing is heard for dead.
 */
export class Feed {
  readonly #url: string;
  readonly #listener: FeedListener;
  readonly #socketType: SocketConstructor;
  readonly #clock: Clock;
  readonly #helloWithinMs: number;
  readonly #healthyAfterMs: number;
  readonly #backoff: Backoff;
  readonly #silence: Silence;
  readonly #watchlist = new Watchlist();

  #socket: Socket | undefined;
  #limits: Limits | undefined; // known from hello on
  #connectedAt = 0;
  #hurried = false; // the last reconnect was at once, and not yet justified
  #cancelRetry = (): void => {};
  #lastID = 0;
  #faults = 0;

  constructor(options: FeedOptions) {
    this.#url = options.url;
    this.#listener = options.listener;
    this.#socketType = options.socket ?? platformSocket();
    this.#clock = options.clock ?? monotonic;
    this.#helloWithinMs = options.helloWithinMs ?? 10_000;
    this.#healthyAfterMs = options.healthyAfterMs ?? 10_000;
    this.#backoff = new Backoff(options.backoff ?? { first: 500, most: 15_000 }, options.random ?? Math.random);
    this.#silence = new Silence(this.#clock, () => this.#silent());
  }

  /** Starts to connect. Call it once. */
  open(): void {
    this.#retry(0);
  }

  /** Ends the feed for good; the listener is not called any more. */
  close(): void {
    this.#cancelRetry();
    this.#drop();
  }

  /**
   * Subscribes terms (names, or patterns that end in a star) at a rate of most
   * updates a second per symbol; 0 is every change. A term that is subscribed
   * already gets the new rate. Without a connection it waits for one.
   */
  subscribe(terms: readonly string[], rate = 0): void {
    this.#watchlist.add(terms, rate);
    this.#request("subscribe", terms, rate);
  }

  /** Takes back terms as they were subscribed. */
  unsubscribe(terms: readonly string[]): void {
    this.#watchlist.remove(terms);
    this.#request("unsubscribe", terms, 0);
  }

  #request(op: Request["op"], terms: readonly string[], rate: number): void {
    if (this.#limits === undefined) return;
    const nextID = (): number => ++this.#lastID;
    for (const request of requests(op, terms, rate, this.#limits.message_bytes, nextID)) {
      this.#socket?.send(JSON.stringify(request));
    }
  }

  #connect(): void {
    this.#listener.link({ kind: "connecting" });
    const socket = new this.#socketType(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onmessage = (event) => this.#frame(event.data);
    socket.onclose = (event) => this.#lost(event.code, event.reason);
    socket.onerror = () => {}; // a close event always follows
    this.#silence.watch(this.#helloWithinMs);
  }

  #retry(ms: number): void {
    this.#cancelRetry = this.#clock.after(ms, () => this.#connect());
  }

  #frame(data: unknown): void {
    this.#silence.heard();
    if (typeof data !== "string") return this.#fault("a binary frame");
    const parsed = parse(data);
    if (parsed.ok) this.#message(parsed.message);
    else this.#fault(parsed.reason);
  }

  #message(message: ServerMessage): void {
    if (message.type === "hello") return this.#hello(message);
    if (this.#limits === undefined) return this.#fault(`${message.type} before hello`);
    switch (message.type) {
      case "snapshot":
        return message.channel === "ticker" ? this.#listener.data(message) : undefined;
      case "ticker":
        return this.#listener.data(message);
      case "ack":
        return this.#listener.ack?.(message);
      case "heartbeat":
        return this.#listener.heartbeat?.(message);
      case "notice":
        return this.#listener.notice?.(message);
      case "error":
        return this.#listener.refused?.(message);
      default:
        return; // heard: nothing else of it was asked for
    }
  }

  #hello(hello: Hello): void {
    if (this.#limits !== undefined) return this.#fault("a second hello");
    if (hello.v !== VERSION) {
      this.#drop();
      const reason = `the server speaks version ${hello.v} of the protocol, this client version ${VERSION}`;
      return this.#listener.link({ kind: "ended", code: ABNORMAL, reason });
    }
    this.#limits = hello.limits;
    this.#connectedAt = this.#clock.now();
    this.#silence.watch(SILENT_INTERVALS * hello.heartbeat_ms);
    this.#listener.link({ kind: "connected", hello });
    for (const [rate, terms] of this.#watchlist.byRate()) this.#request("subscribe", terms, rate);
  }

  #silent(): void {
    const reason = this.#limits === undefined ? "the server did not answer" : "the server fell silent";
    this.#lost(ABNORMAL, reason);
  }

  #lost(code: number, reason: string): void {
    const healthy = this.#limits !== undefined && this.#clock.now() - this.#connectedAt >= this.#healthyAfterMs;
    this.#drop();
    const advised = advice(code);
    if (advised === "never") return this.#listener.link({ kind: "ended", code, reason });
    if (healthy) {
      this.#backoff.reset();
      this.#hurried = false;
    }
    // A server that says "at once" at every hello must not be answered in a tight loop.
    const hurry = advised === "at once" && !this.#hurried;
    const retryInMs = hurry ? 0 : this.#backoff.next();
    this.#hurried = advised === "at once";
    this.#listener.link({ kind: "lost", code, reason, retryInMs });
    this.#retry(retryInMs);
  }

  /** Lets go of the socket without waiting for the other side: it may be gone. */
  #drop(): void {
    this.#silence.stop();
    this.#limits = undefined;
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #fault(reason: string): void {
    this.#faults++;
    this.#listener.fault?.({ reason, count: this.#faults });
  }
}
