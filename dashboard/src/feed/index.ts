// The client of the Tickwire protocol. It needs a WebSocket and nothing else:
// no dependency, no DOM, nothing of the dashboard.
//
//   const feed = new Feed({ url, listener });
//   feed.subscribe(["BTC-USD", "ETH-*"], 10);
//   feed.open();

export type { Fault, FeedListener, FeedOptions, LinkEvent } from "./feed.ts";
export { Feed } from "./feed.ts";
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
