import type { Ledger, Verdict } from "./ledger.ts";
import { TickerLedger, TradesLedger } from "./ledger.ts";
import type { FaultKind, LinkEvent } from "./link.ts";
import { Link } from "./link.ts";
import type { Clock, SocketConstructor } from "./platform.ts";
import { monotonic, platformSocket } from "./platform.ts";
import type {
  Ack,
  Bars,
  BarsChannel,
  BarsSnapshot,
  Channel,
  Gap,
  Heartbeat,
  Hello,
  Notice,
  Pong,
  RequestBody,
  RequestID,
  ServerError,
  ServerMessage,
  State,
  Stats,
  StatsSnapshot,
  SymbolName,
  Ticker,
  TickerSnapshot,
  Trades,
} from "./protocol.ts";
import type { BackoffOptions } from "./reconnect.ts";
import { subscribing, unsubscribing } from "./request.ts";
import type { TokenSource } from "./token.ts";
import { Watchlist } from "./watchlist.ts";

/** What went wrong without ending the connection. */
export interface Fault {
  readonly kind: FaultKind;
  readonly reason: string;
  /** Faults of this feed so far, this one included. */
  readonly count: number;
}

/** How far values can be trusted has changed: those of one symbol, or without a symbol all of them. */
export interface StateChange {
  readonly symbol?: SymbolName;
  /** Of the whole feed also "stale" while there is no connection. */
  readonly state: State;
  /** Of the newest tick, where the server says it. */
  readonly ageMs?: number;
}

/**
 * Who listens to a feed. Called one at a time, never from within a call of the
 * feed. What is delivered of ticker and trades is in order: see Fault.
 */
export interface FeedListener {
  link(event: LinkEvent): void;
  ticker?(message: TickerSnapshot | Ticker): void;
  trades?(message: Trades): void;
  stats?(message: StatsSnapshot | Stats): void;
  bars?(message: BarsSnapshot | Bars, channel: BarsChannel): void;
  /** Trades that this client will not get. Comes before the trades that follow the gap. */
  gap?(gap: Gap): void;
  /** Whatever is not "live" is to be taken for old. */
  state?(change: StateChange): void;
  ack?(ack: Ack): void;
  pong?(pong: Pong): void;
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
  /**
   * Goes to the server in the first request of every connection, never in the
   * URL. A function is asked anew at every connect, and when its token expires;
   * while it has none, none is sent.
   */
  readonly token?: TokenSource;
  /** Most bytes a second for all that the server sends; see budget. Default: none. */
  readonly bytesPerS?: number;
  /** Default: the platform's WebSocket. */
  readonly socket?: SocketConstructor;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter. Default: Math.random. */
  readonly random?: () => number;
  readonly backoff?: BackoffOptions;
  /** How long connecting may take, token and hello included. Default: 10 000. */
  readonly helloWithinMs?: number;
  /** A connection that lived this long makes the next wait short again. Default: 10 000. */
  readonly healthyAfterMs?: number;
}

/** How terms are subscribed. */
export type SubscribeOptions = {
  /** Most updates a second of each symbol. Default: 0, every change. */
  readonly rate?: number;
} & (
  | {
      /** Default: ticker. */
      readonly channel?: "ticker" | "trades";
      /** Whether to send when things were received and sent. Default: no. */
      readonly stamps?: boolean;
    }
  | { readonly channel: "stats" | BarsChannel }
);

/** Listens to a feed that was closed. */
const nobody: FeedListener = { link() {} };

/**
 * A subscription to a Tickwire server that outlives its connections: after
 * every hello it asks again for everything that was subscribed, on ticker and
 * trades from where it stopped.
 */
export class Feed {
  #listener: FeedListener;
  readonly #link: Link;
  readonly #watchlists = new Map<Channel, Watchlist>();
  readonly #ticker = new TickerLedger();
  readonly #trades = new TradesLedger();

  #messageBytes: number | undefined; // most in one request; known while there is a connection
  #state: State = "stale";
  #bytesPerS: number;
  #lastID = 0;
  #authID = 0;
  #faults = 0;

  constructor(options: FeedOptions) {
    this.#listener = options.listener;
    this.#bytesPerS = options.bytesPerS ?? 0;
    const link = {
      url: options.url,
      token: options.token,
      socket: options.socket ?? platformSocket(),
      clock: options.clock ?? monotonic,
      random: options.random ?? Math.random,
      backoff: options.backoff ?? { first: 500, most: 15_000 },
      helloWithinMs: options.helloWithinMs ?? 10_000,
      healthyAfterMs: options.healthyAfterMs ?? 10_000,
    };
    this.#link = new Link(link, {
      connecting: () => this.#listener.link({ kind: "connecting" }),
      authenticate: (token) => void (this.#authID = this.#send({ op: "auth", token })),
      hello: (hello) => this.#hello(hello),
      message: (message) => this.#message(message),
      gone: (event) => this.#gone(event),
      fault: (kind, reason) => this.#fault(kind, reason),
    });
  }

  /** Of the feed as a whole: "stale" also while there is no connection. */
  get state(): State {
    return this.#state;
  }

  /** Starts to connect. Call it once. */
  open(): void {
    this.#link.open();
  }

  /**
   * Connects anew, also after an end: with another token, say. What is
   * subscribed stays so, and goes on where it was.
   */
  reopen(): void {
    this.#link.reopen();
  }

  /** Ends the feed for good; the listener is not called any more. */
  close(): void {
    this.#listener = nobody;
    this.#messageBytes = undefined;
    this.#link.close();
  }

  /**
   * Subscribes terms, names or patterns that end in a star, on a channel of
   * hello.channels. A term that is subscribed there already gets the new rate
   * and stamps. Without a connection it waits for one.
   */
  subscribe(terms: readonly string[], options: SubscribeOptions = {}): void {
    const { channel = "ticker", rate = 0 } = options;
    const stamps = "stamps" in options && options.stamps === true;
    const watchlist = this.#watchlist(channel);
    const ledger = this.#ledger(channel);
    for (const term of terms) {
      if (!watchlist.has(term)) ledger?.doubt(term, (symbol) => watchlist.covers(symbol));
    }
    watchlist.add(terms, { rate, stamps });
    if (this.#messageBytes === undefined) return;
    this.#sendAll(subscribing(channel, { terms, rate, stamps }, this.#messageBytes));
  }

  /** Takes back terms as they were subscribed. */
  unsubscribe(terms: readonly string[], channel: Channel = "ticker"): void {
    this.#watchlist(channel).remove(terms);
    if (channel === "trades") this.#trades.forget(terms);
    if (this.#messageBytes === undefined) return;
    this.#sendAll(unsubscribing(channel, terms, this.#messageBytes));
  }

  /**
   * Sets how many bytes a second the server may send on this and every further
   * connection, of all channels together; 0: as many as there are. The server
   * conflates what is over the budget.
   */
  budget(bytesPerS: number): void {
    this.#bytesPerS = bytesPerS;
    if (this.#messageBytes !== undefined) this.#send({ op: "subscribe", bytes_per_s: bytesPerS });
  }

  /** Asks what is subscribed, for an ack with that id. Undefined: there is no connection to ask. */
  list(): RequestID | undefined {
    return this.#messageBytes === undefined ? undefined : this.#send({ op: "list" });
  }

  /** Asks for a pong with that id. Undefined: there is no connection to ask. */
  ping(): RequestID | undefined {
    return this.#messageBytes === undefined ? undefined : this.#send({ op: "ping" });
  }

  #watchlist(channel: Channel): Watchlist {
    const known = this.#watchlists.get(channel);
    if (known !== undefined) return known;
    const watchlist = new Watchlist();
    this.#watchlists.set(channel, watchlist);
    return watchlist;
  }

  #ledger(channel: Channel): Ledger | undefined {
    if (channel === "ticker") return this.#ticker;
    return channel === "trades" ? this.#trades : undefined;
  }

  #send(body: RequestBody): number {
    const id = ++this.#lastID;
    this.#link.send({ id, ...body });
    return id;
  }

  #sendAll(bodies: Iterable<RequestBody>): void {
    for (const body of bodies) this.#send(body);
  }

  #hello(hello: Hello): void {
    this.#messageBytes = hello.limits.message_bytes;
    if (this.#bytesPerS !== 0) this.#send({ op: "subscribe", bytes_per_s: this.#bytesPerS });
    for (const [channel, watchlist] of this.#watchlists) {
      const ledger = this.#ledger(channel);
      ledger?.begin((symbol) => watchlist.covers(symbol));
      for (const group of watchlist.groups()) this.#sendAll(subscribing(channel, group, this.#messageBytes, ledger));
    }
    this.#listener.link({ kind: "connected", hello });
    this.#stateIs(hello.state);
  }

  #message(message: Exclude<ServerMessage, Hello>): void {
    switch (message.type) {
      case "snapshot":
        return this.#snapshot(message);
      case "ticker":
        return this.#deliver(message.data, (update) => this.#ticker.enter(update), (data) => this.#listener.ticker?.({ ...message, data }));
      case "trades":
        return this.#deliver(message.data, (trade) => this.#trades.enter(trade), (data) => this.#listener.trades?.({ ...message, data }));
      case "stats":
        return this.#listener.stats?.(message);
      case "bars_1s":
      case "bars_1m":
      case "bars_5m":
      case "bars_1h":
        return this.#listener.bars?.(message, message.type);
      case "gap":
        return this.#gap(message);
      case "status":
        if (message.scope === "feed") return this.#stateIs(message.state, message.age_ms);
        return this.#listener.state?.({ symbol: message.symbol, state: message.state, ageMs: message.age_ms });
      case "heartbeat":
        this.#stateIs(message.state, message.age_ms);
        return this.#listener.heartbeat?.(message);
      case "ack":
        if (message.channel === "trades") this.#trades.ack(message);
        return this.#listener.ack?.(message);
      case "pong":
        return this.#listener.pong?.(message);
      case "notice":
        return this.#listener.notice?.(message);
      case "error":
        return this.#refused(message);
    }
  }

  #gap(message: Gap): void {
    const gap = message.channel === "trades" ? this.#trades.skip(message) : message;
    if (gap !== undefined) this.#listener.gap?.(gap);
  }

  #snapshot(message: TickerSnapshot | StatsSnapshot | BarsSnapshot): void {
    switch (message.channel) {
      case "ticker":
        for (const update of message.data) this.#ticker.open(update);
        return this.#listener.ticker?.(message);
      case "stats":
        return this.#listener.stats?.(message);
      default:
        return this.#listener.bars?.(message, message.channel);
    }
  }

  /** Delivers what of a message is in order. What is not would take a value back. */
  #deliver<Row>(rows: readonly Row[], enter: (row: Row) => Verdict, deliver: (data: readonly Row[]) => void): void {
    const data = rows.filter((row) => {
      const verdict = enter(row);
      if (verdict.fault !== undefined) this.#fault("order", verdict.fault);
      if (verdict.gap !== undefined) this.#listener.gap?.(verdict.gap);
      return verdict.deliver;
    });
    if (data.length > 0) deliver(data);
  }

  #refused(error: ServerError): void {
    this.#listener.refused?.(error);
    if (error.retry && error.id === this.#authID) this.#link.fail("the server could not check the token");
  }

  #gone(event: LinkEvent): void {
    this.#messageBytes = undefined;
    this.#stateIs("stale");
    this.#listener.link(event);
  }

  #stateIs(state: State, ageMs?: number): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#listener.state?.(ageMs === undefined ? { state } : { state, ageMs });
  }

  #fault(kind: FaultKind, reason: string): void {
    this.#faults++;
    this.#listener.fault?.({ kind, reason, count: this.#faults });
  }
}
