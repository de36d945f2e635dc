import type { Nominal } from "./nominal.ts";

/** The name of a symbol, such as BTC-USD. */
export type SymbolName = Nominal<string, "SymbolName">;

/** An exact decimal in plain notation: optional minus, digits, optional point and digits. */
export type Decimal = Nominal<string, "Decimal">;

/** A Decimal, or the empty string where the server knows no value yet. */
export type MaybeDecimal = Decimal | "";

/** The Kafka offset of a symbol's last tick. */
export type Seq = Nominal<number, "Seq">;

/** Microseconds since 1970. */
export type Micros = Nominal<number, "Micros">;

export const SUBPROTOCOL = "tickwire.v1";
export const VERSION = 1;

/** The channels, ticker and those that carry history; see each one's message. */
export type Channel = "ticker" | "trades" | "stats" | BarsChannel;

/** The bars of a second, a minute, five minutes, an hour of event time. */
export type BarsChannel = "bars_1s" | "bars_1m" | "bars_5m" | "bars_1h";

/**
 * How far a feed, or a symbol, can be trusted to be of now: it is read as it
 * comes; no tick has come for long; the node is behind; the node cannot read.
 */
export type State = "live" | "stale" | "lagging" | "down";

/** The newest state of one symbol. */
export interface Update {
  readonly s: SymbolName;
  /** Rises per symbol; a snapshot may start it anew. */
  readonly q: Seq;
  /** Ticks of this symbol on this node so far; less the one before: what this update stands for. */
  readonly n: number;
  readonly t: Micros;
  /** Last price and size, bid, ask, volume so far on this node. */
  readonly p: MaybeDecimal;
  readonly z: MaybeDecimal;
  readonly b: MaybeDecimal;
  readonly a: MaybeDecimal;
  readonly v: MaybeDecimal;
  /** With stamps: when the node read the last tick. */
  readonly r?: Micros;
}

/** One trade of a symbol. Those of a symbol come in the order of their q. */
export interface Trade {
  readonly s: SymbolName;
  readonly q: Seq;
  readonly t: Micros;
  readonly p: Decimal;
  /** Empty where the venue did not say. */
  readonly z: MaybeDecimal;
  /** The side of the aggressor, where the venue said it. */
  readonly d: "b" | "s" | "";
  /** With stamps: when the node read it. */
  readonly r?: Micros;
}

/** The trades of one symbol in the 24 hours that end at its newest one. */
export interface Stat {
  readonly s: SymbolName;
  /** Of the last trade, and so is t. */
  readonly q: Seq;
  readonly t: Micros;
  /** Open, high, low, last price, volume. */
  readonly o: Decimal;
  readonly h: Decimal;
  readonly l: Decimal;
  readonly p: Decimal;
  readonly v: Decimal;
  /** Price weighted by volume; empty without volume. */
  readonly w: MaybeDecimal;
  /** Last less open, and in percent of open; the latter is empty if open is 0. */
  readonly c: Decimal;
  readonly cp: MaybeDecimal;
  /** How many trades. */
  readonly k: number;
}

/** The trades of one symbol in one interval. A bar that has changed is told again whole. */
export interface Bar {
  readonly s: SymbolName;
  /** Where the interval begins. */
  readonly t: Micros;
  /** Of the last tick that changed the bar. */
  readonly q: Seq;
  /** Open, high, low, close, volume. */
  readonly o: Decimal;
  readonly h: Decimal;
  readonly l: Decimal;
  readonly c: Decimal;
  readonly v: Decimal;
  /** How many trades. */
  readonly k: number;
  /** The interval is over. A late trade may still change the bar. */
  readonly x: boolean;
}

/** What the client chose to tell answers apart, echoed by the server. */
export type RequestID = number | string;

export interface Hello {
  readonly type: "hello";
  readonly v: number;
  readonly conn: string;
  readonly node: string;
  readonly heartbeat_ms: number;
  readonly limits: Limits;
  /** What there is to subscribe to; a later server may have more than a Channel. */
  readonly channels: readonly string[];
  /** Of the feed. */
  readonly state: State;
  /** This client may ask for /v1/server. */
  readonly operator?: boolean;
}

/** What one connection may ask for. */
export interface Limits {
  readonly message_bytes: number;
  readonly terms: number;
  readonly rates: number;
  readonly idle_ms: number;
}

export interface Denied {
  readonly symbol: string;
  readonly code: string;
}

export interface Subscription {
  readonly channel: string;
  readonly symbols: readonly string[];
  readonly rate?: number;
  readonly stamps?: boolean;
}

export interface Ack {
  readonly type: "ack";
  readonly id?: RequestID;
  readonly op: string;
  readonly channel?: string;
  readonly symbols?: readonly string[];
  readonly denied?: readonly Denied[];
  readonly rate?: number;
  readonly stamps?: boolean;
  /** The budget in force; absent: none. */
  readonly bytes_per_s?: number;
  readonly subscriptions?: readonly Subscription[];
  /** Of subscribe on trades: where it begins, for the next connection to be given. */
  readonly position?: string;
  /** Of auth: whether this client may ask for /v1/server. Hello was before the token. */
  readonly operator?: boolean;
}

export interface Pong {
  readonly type: "pong";
  readonly id?: RequestID;
  readonly t: Micros;
  /** As in Heartbeat, which a connection that always gets data does not get. */
  readonly lag_ms: number;
  readonly conflated: number;
  /** Of all frames before this one, compressed as they went out. */
  readonly bytes: number;
}

/** Current values: comes before any ticker message of its symbols. */
export interface TickerSnapshot {
  readonly type: "snapshot";
  readonly channel: "ticker";
  /** With stamps: when the server sent it. */
  readonly sent?: Micros;
  readonly data: readonly Update[];
}

/** The newest values of what has changed; ticks that the client is too slow for are conflated. */
export interface Ticker {
  readonly type: "ticker";
  readonly sent?: Micros;
  readonly data: readonly Update[];
}

/** Every trade in order; what cannot be told is told as a Gap. */
export interface Trades {
  readonly type: "trades";
  readonly sent?: Micros;
  readonly data: readonly Trade[];
}

export interface StatsSnapshot {
  readonly type: "snapshot";
  readonly channel: "stats";
  readonly data: readonly Stat[];
}

/** At most once a second for each symbol. */
export interface Stats {
  readonly type: "stats";
  readonly data: readonly Stat[];
}

/** The newest bar of each symbol. */
export interface BarsSnapshot {
  readonly type: "snapshot";
  readonly channel: BarsChannel;
  readonly data: readonly Bar[];
}

export interface Bars {
  readonly type: BarsChannel;
  readonly data: readonly Bar[];
}

/**
 * The trades of a symbol between two seqs, both included, cannot be told: the
 * client was away or behind for longer than the server can reach back. If `to`
 * is below `from`, the topic's log has begun anew and seqs with it.
 */
export interface Gap {
  readonly type: "gap";
  readonly channel: string;
  readonly symbol: SymbolName;
  readonly from: Seq;
  readonly to: Seq;
}

/** A state has changed. A symbol's also follows a snapshot of it if it is not live then. */
export type Status = FeedStatus | SymbolStatus;

export interface FeedStatus {
  readonly type: "status";
  readonly scope: "feed";
  readonly state: State;
  /** Of the newest tick: now less its event time; 0: there was none. */
  readonly age_ms: number;
}

export interface SymbolStatus {
  readonly type: "status";
  readonly scope: "symbol";
  readonly symbol: SymbolName;
  readonly state: State;
  readonly age_ms: number;
}

export interface Heartbeat {
  readonly type: "heartbeat";
  readonly t: Micros;
  readonly lag_ms: number;
  readonly conflated: number;
  /** Of the feed. */
  readonly state: State;
  /** Of the newest tick: now less its event time; 0: there was none. */
  readonly age_ms: number;
}

/**
 * What may happen to the connection: "slow", this client took nothing for long
 * and is closed if it goes on; "drain", the server will close it with 1012;
 * "expires", the token will, and then the server closes. All in in_ms.
 */
export interface Notice {
  readonly type: "notice";
  readonly code: string;
  readonly in_ms: number;
}

export interface ServerError {
  readonly type: "error";
  readonly id?: RequestID;
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
}

export type ServerMessage =
  | Hello
  | Ack
  | Pong
  | TickerSnapshot
  | Ticker
  | Trades
  | StatsSnapshot
  | Stats
  | BarsSnapshot
  | Bars
  | Gap
  | Status
  | Heartbeat
  | Notice
  | ServerError;

/** What a client sends, but for its id. */
export type RequestBody =
  | {
      readonly op: "subscribe";
      readonly channel: Channel;
      /** Names, or patterns that end in a star. */
      readonly symbols: readonly string[];
      /** Most updates a second of each symbol; absent: every change. */
      readonly rate?: number;
      /** The times of receipt and of sending are wanted. For ticker and trades, and so is since. */
      readonly stamps?: boolean;
      /** The q of the last update, or trade, that the client has of a symbol. */
      readonly since?: Readonly<Record<string, number>>;
      /** For trades: the client has all up to this position of an ack, of the symbols that since does not name. */
      readonly position?: string;
    }
  /** A budget for all that the connection gets; 0: none. */
  | { readonly op: "subscribe"; readonly bytes_per_s: number }
  | { readonly op: "unsubscribe"; readonly channel: Channel; readonly symbols: readonly string[] }
  | { readonly op: "list" | "ping" }
  | { readonly op: "auth"; readonly token: string };

export type Request = RequestBody & { readonly id: RequestID };
