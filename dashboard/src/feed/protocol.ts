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
}

export interface Ack {
  readonly type: "ack";
  readonly id?: RequestID;
  readonly op: string;
  readonly channel?: string;
  readonly symbols?: readonly string[];
  readonly denied?: readonly Denied[];
  readonly rate?: number;
  readonly subscriptions?: readonly Subscription[];
}

export interface Pong {
  readonly type: "pong";
  readonly id?: RequestID;
  readonly t: Micros;
}

/** Current values: comes before any ticker message of its symbols. */
export interface Snapshot {
  readonly type: "snapshot";
  readonly channel: string;
  readonly data: readonly Update[];
}

export interface Ticker {
  readonly type: "ticker";
  readonly data: readonly Update[];
}

export interface Heartbeat {
  readonly type: "heartbeat";
  readonly t: Micros;
  readonly lag_ms: number;
  readonly conflated: number;
}

/** What may happen to the connection: "slow", this client took nothing for long. */
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

export type ServerMessage = Hello | Ack | Pong | Snapshot | Ticker | Heartbeat | Notice | ServerError;

export type Request =
  | {
      readonly op: "subscribe";
      readonly id: RequestID;
      readonly channel: "ticker";
      readonly symbols: readonly string[];
      /** Most updates a second of each symbol; absent: every change. */
      readonly rate?: number;
    }
  | {
      readonly op: "unsubscribe";
      readonly id: RequestID;
      readonly channel: "ticker";
      readonly symbols: readonly string[];
    };
