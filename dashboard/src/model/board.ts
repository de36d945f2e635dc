import type {
  Ack,
  Bars,
  BarsChannel,
  BarsSnapshot,
  Clock,
  Fault,
  FeedListener,
  Gap,
  Heartbeat,
  LinkEvent,
  Notice,
  Pong,
  RequestID,
  ServerError,
  State,
  StateChange,
  Stats,
  StatsSnapshot,
  SymbolName,
  Ticker,
  TickerSnapshot,
  Trades,
} from "../feed/index.ts";
import type { Connection } from "./connection.ts";
import { after, unconnected } from "./connection.ts";
import type { History } from "./detail.ts";
import { Detail } from "./detail.ts";
import { Flow, Offset } from "./flow.ts";
import type { Subscriber } from "./interest.ts";
import { Interest } from "./interest.ts";
import { Field, Quotes } from "./quotes.ts";
import type { Reporter } from "./server.ts";
import { Server } from "./server.ts";
import { Sparks } from "./spark.ts";
import type { Token } from "./token.ts";

/** The feed, as the board uses it. */
export interface Source extends Subscriber {
  ping(): RequestID | undefined;
  budget(bytesPerS: number): void;
}

/** The server's answers to single questions. */
export interface Answers extends History, Reporter {
  symbols(): Promise<readonly SymbolName[]>;
}

export interface BoardOptions {
  readonly answers: Answers;
  /** What the page brings to the server. */
  readonly token: Token;
  readonly clock: Clock;
  /** The time of day in milliseconds since 1970. */
  readonly wall: () => number;
  /** There is something new: at most once an event. */
  readonly changed: () => void;
}

const BEAT_MS = 1000;
const SYMBOLS_EVERY_MS = 20_000;
const SYMBOLS_AGAIN_MS = 1000; // a server that has just started has none yet
const PING_EVERY_MS = 5000;

// The server's words and codes for a token.
const UNAUTHORIZED = "unauthorized"; // of a request: there has been none
const CLOSED_UNAUTHORIZED = 4502; // none came in time, or it is not good
const CLOSED_EXPIRED = 4103;

/** What happened to the connection since the page opened. */
export interface Events {
  readonly reconnects: number;
  readonly gaps: number;
  readonly problems: number;
}

/**
 * Everything that the page shows. It listens to a feed and says that there is
 * something new; it never draws.
 */
export class Board implements FeedListener {
  readonly quotes = new Quotes();
  readonly flow: Flow;
  readonly detail: Detail;
  readonly server: Server;
  readonly sparks: Sparks;
  readonly token: Token;
  readonly #options: BoardOptions;
  readonly #offset = new Offset();
  #interest: Interest | undefined;
  #source: Source | undefined;
  #connection: Connection = unconnected;
  #state: State = "live"; // what else, hello says
  #age: { readonly ms: number; readonly at: number } | undefined;
  #lagMs: number | undefined;
  #answered = false; // the first request of this connection
  #greeted = false; // as an operator, by hello
  #connections = 0;
  #gaps = 0;
  #problem: string | undefined;
  #problems = 0;
  #cancelAsk = (): void => {};
  #ping: { readonly id: RequestID; readonly sent: number } | undefined;

  constructor(options: BoardOptions) {
    this.#options = options;
    const { answers, clock, changed, token } = options;
    this.token = token;
    this.flow = new Flow(clock);
    this.detail = new Detail(answers, changed);
    this.server = new Server(answers, clock, changed);
    this.sparks = new Sparks(answers, (symbol) => this.#sparkChanged(symbol));
  }

  /** Begins to subscribe to source, at most so many updates a second of each symbol. */
  start(source: Source, rate: number): Interest {
    this.#source = source;
    const interest = new Interest(source, this.#options.clock, rate, (symbols) => {
      this.quotes.doubt(symbols);
      this.#options.changed();
    });
    this.#interest = interest;
    this.#beat();
    this.#askSymbols();
    this.#measure();
    return interest;
  }

  get now(): number {
    return this.#options.clock.now();
  }

  /** The server's time of day, in milliseconds since 1970. */
  get serverNow(): number {
    return this.#options.wall() + this.#offset.ms;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** How far the values can be trusted while the connection is live. */
  get feed(): State {
    return this.#state;
  }

  /** Whether what is shown is of now, as far as connection and feed go. */
  get live(): boolean {
    return this.#connection.state === "live" && this.#answered && this.#state === "live";
  }

  /** Whether the server lets the page have nothing until it brings a token. */
  get locked(): boolean {
    return this.token.want !== undefined && !this.#answered;
  }

  /** The age of the newest tick of all, if none came since the server said it last; undefined: it has not. */
  get newestAgeMs(): number | undefined {
    return this.#age && this.#age.ms + this.now - this.#age.at;
  }

  /** How far the server was behind its topic, when it said so last. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** There and back to the server. */
  get tripMs(): number | undefined {
    return this.#offset.tripMs;
  }

  get events(): Events {
    return { reconnects: Math.max(this.#connections - 1, 0), gaps: this.#gaps, problems: this.#problems };
  }

  /** The last thing that went wrong between page and server, for a person. */
  get problem(): string | undefined {
    return this.#problem;
  }

  link(event: LinkEvent): void {
    this.#connection = after(event, this.#connection, this.now);
    this.#answered = false;
    if (event.kind === "connected") this.#connected(event.hello.operator === true);
    if (event.kind === "lost" || event.kind === "ended") this.#judgeToken(event.code, event.reason);
    if (event.kind === "ended") this.server.allowed = false;
    this.#options.changed();
  }

  ticker(message: TickerSnapshot | Ticker): void {
    const ticks = this.quotes.apply(message);
    const { length } = message.data;
    this.flow.updates(length, message.type === "snapshot" ? length : ticks);
    const { serverNow } = this;
    for (const { s, p, t } of message.data) {
      if (message.type === "ticker") this.flow.age(Math.max(serverNow - t / 1000, 0));
      if (p !== "" && this.sparks.add(s, p, Math.floor(t / 1e6))) this.#sparkChanged(s);
    }
    this.#options.changed();
  }

  stats(message: StatsSnapshot | Stats): void {
    this.quotes.applyStats(message);
    this.#options.changed();
  }

  trades(message: Trades): void {
    this.detail.trades(message);
  }

  bars(message: BarsSnapshot | Bars, channel: BarsChannel): void {
    this.detail.bars(message, channel);
  }

  gap(gap: Gap): void {
    this.#gaps++;
    this.detail.gap(gap);
    this.#options.changed();
  }

  state(change: StateChange): void {
    if (change.symbol !== undefined) this.quotes.judge(change.symbol, change.state);
    else {
      this.#state = change.state;
      this.#aged(change.ageMs);
    }
    this.#options.changed();
  }

  heartbeat(heartbeat: Heartbeat): void {
    this.#aged(heartbeat.age_ms);
    this.#lagMs = heartbeat.lag_ms;
    this.flow.conflated(heartbeat.conflated);
    this.#options.changed();
  }

  pong(pong: Pong): void {
    const { wall, changed } = this.#options;
    if (this.#ping === undefined || pong.id !== this.#ping.id) return;
    this.#offset.add(this.#ping.sent, wall(), pong.t);
    this.#lagMs = pong.lag_ms;
    this.flow.conflated(pong.conflated);
    this.flow.wire(pong.bytes);
    changed();
  }

  notice({ code, in_ms }: Notice): void {
    if (code === "expires") this.token.expires(this.#options.wall() + in_ms);
    if (code === "slow") this.#trouble(`this page takes too little: the server closes it in ${Math.ceil(in_ms / 1000)} s`);
    this.#options.changed();
  }

  ack(ack: Ack): void {
    if (!this.#answered || ack.op === "auth") this.server.allowed = this.#greeted || ack.operator === true;
    if (!this.#answered) this.token.accepted();
    this.#answered = true;
    for (const { symbol, code } of ack.denied ?? []) {
      if (code === "unknown_symbol") this.#unknown(symbol);
      else if (code === "not_entitled" && symbol === "*") this.#interest?.restrict();
      else if (code !== "not_subscribed") this.#trouble(`the server denied ${symbol}: ${code}`);
    }
    this.#options.changed();
  }

  refused(error: ServerError): void {
    if (error.code === UNAUTHORIZED && !this.#answered) return this.#unauthorized();
    this.#trouble(`the server refused: ${error.message} (${error.code})`);
  }

  fault(fault: Fault): void {
    if (fault.kind === "token") return; // the notice that it expires has told
    this.#trouble(`a message was passed over: ${fault.reason}`);
  }

  #unauthorized(): void {
    this.token.missing();
    this.#options.changed();
  }

  #judgeToken(code: number, reason: string): void {
    if (code !== CLOSED_UNAUTHORIZED && code !== CLOSED_EXPIRED) return;
    if (this.token.current === undefined) this.token.missing();
    else this.token.refused(code === CLOSED_EXPIRED ? "the token has expired" : reason);
  }

  #connected(operator: boolean): void {
    this.#connections++;
    this.#greeted = operator;
    if (operator) this.server.allowed = true;
    this.#offset.clear();
    this.#ping = undefined;
    this.quotes.reconnected();
    this.flow.reconnected();
    this.#sendPing();
    if (this.#connections > 1) {
      this.detail.refresh();
      this.#askSymbols();
    }
  }

  #unknown(symbol: string): void {
    this.#interest?.denied(symbol as SymbolName);
    this.#askSymbols(SYMBOLS_AGAIN_MS);
  }

  #aged(ms: number | undefined): void {
    if (ms !== undefined) this.#age = { ms, at: this.now };
  }

  #sendPing(): void {
    const id = this.#source?.ping();
    if (id !== undefined) this.#ping = { id, sent: this.#options.wall() };
  }

  #sparkChanged(symbol: SymbolName): void {
    const row = this.quotes.find(symbol);
    if (row !== undefined) this.quotes.mark(row, Field.spark);
    this.#options.changed();
  }

  #trouble(problem: string): void {
    this.#problem = problem;
    this.#problems++;
    this.#options.changed();
  }

  #beat(): void {
    this.#options.changed(); // ages and figures
    this.#options.clock.after(BEAT_MS, () => this.#beat());
  }

  #measure(): void {
    this.#sendPing();
    this.#options.clock.after(PING_EVERY_MS, () => this.#measure());
  }

  /** Asks what symbols there are, soon again while that changes. */
  #askSymbols(inMs = 0): void {
    this.#cancelAsk();
    this.#cancelAsk = this.#options.clock.after(inMs, () => {
      if (this.locked) return; // the next connection asks
      const before = this.quotes.size;
      this.#options.answers.symbols().then(
        (symbols) => {
          this.quotes.list(symbols);
          this.#interest?.offer(symbols);
          this.#askSymbols(this.quotes.size > before || before === 0 ? SYMBOLS_AGAIN_MS : SYMBOLS_EVERY_MS);
          this.#options.changed();
        },
        () => this.#askSymbols(SYMBOLS_AGAIN_MS), // the connection tells how the server is
      );
    });
  }
}
