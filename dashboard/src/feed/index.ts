// The client of the Tickwire protocol. It needs a WebSocket and nothing else:
// no dependency, no DOM, nothing of the dashboard.
//
//   const feed = new Feed({ url, listener });
//   feed.subscribe(["BTC-USD", "ETH-*"], { rate: 10 });
//   feed.subscribe(["BTC-USD"], { channel: "trades" });
//   feed.open();
//
// `npm run build` makes JavaScript of it, with its types, in build/feed; see
// example/watch.mjs.

export type { Fault, FeedListener, FeedOptions, StateChange, SubscribeOptions } from "./feed.ts";
export { Feed } from "./feed.ts";
export type { FaultKind, LinkEvent } from "./link.ts";
export type { Nominal } from "./nominal.ts";
export type { Clock, Socket, SocketConstructor } from "./platform.ts";
export type {
  Ack,
  Bar,
  Bars,
  BarsChannel,
  BarsSnapshot,
  Channel,
  Decimal,
  Denied,
  FeedStatus,
  Gap,
  Heartbeat,
  Hello,
  Limits,
  MaybeDecimal,
  Micros,
  Notice,
  Pong,
  RequestID,
  Seq,
  ServerError,
  Stat,
  State,
  Stats,
  StatsSnapshot,
  Status,
  Subscription,
  SymbolName,
  SymbolStatus,
  Ticker,
  TickerSnapshot,
  Trade,
  Trades,
  Update,
} from "./protocol.ts";
export type { BackoffOptions } from "./reconnect.ts";
export type { MaybeToken, TokenSource } from "./token.ts";
