import type { BarsChannel, Channel, Clock, SubscribeOptions, SymbolName } from "../feed/index.ts";

/** What Interest asks of a feed. */
export interface Subscriber {
  subscribe(terms: readonly string[], options: SubscribeOptions): void;
  unsubscribe(terms: readonly string[], channel: Channel): void;
}

/** What is looked at closely: all trades of a symbol, and its bars. */
export interface Inspected {
  readonly symbol: SymbolName;
  readonly channel: BarsChannel;
}

/** Updates a second while nobody looks. */
const HIDDEN_RATE = 0.2;

/** Updates a second of all symbols, when an order or a filter goes by their values. */
const SURVEY_RATE = 0.2;

// A symbol that leaves the screen stays subscribed for a while: who scrolls
// back finds it as live as it was. More than so many do not wait.
const LINGER_MS = 3000;
const MOST_LINGERING = 200;

// However fast the screen scrolls, the server is asked no oftener.
const SETTLE_MS = 80;

const everything = "*";

/**
 * What is subscribed, by what a person can see: the symbols on screen and those
 * that are kept, nothing else. It tells `doubt` which symbols have nothing to
 * show until the server tells them anew.
 */
export class Interest {
  readonly #feed: Subscriber;
  readonly #clock: Clock;
  readonly #doubt: (symbols: readonly SymbolName[]) => void;
  readonly #offered = new Set<SymbolName>(); // what the server has
  readonly #subscribed = new Map<SymbolName, number>(); // when it may go
  #seen: ReadonlySet<SymbolName> = new Set();
  #kept: ReadonlySet<SymbolName> = new Set();
  #inspected: Inspected | undefined;
  #following: Inspected | undefined;
  #survey = false;
  #surveying = false;
  #restricted = false; // the server grants this page not all symbols at once
  readonly #surveyed = new Set<SymbolName>(); // by name, since it does not
  #hidden = false;
  #rate: number;
  #planned = false;
  #appliedAt = Number.NEGATIVE_INFINITY;

  constructor(feed: Subscriber, clock: Clock, rate: number, doubt: (symbols: readonly SymbolName[]) => void) {
    this.#feed = feed;
    this.#clock = clock;
    this.#rate = rate;
    this.#doubt = doubt;
  }

  /** How many symbols are subscribed by name. */
  get size(): number {
    return this.#subscribed.size;
  }

  /** What there is to subscribe; nothing else is asked for. */
  offer(symbols: Iterable<SymbolName>): void {
    for (const symbol of symbols) this.#offered.add(symbol);
    this.#plan();
  }

  /** The symbols on screen, with those that a small move would bring there. */
  see(symbols: ReadonlySet<SymbolName>): void {
    this.#seen = symbols;
    this.#plan();
  }

  /** The symbols that are subscribed wherever the screen is. */
  keep(symbols: ReadonlySet<SymbolName>): void {
    this.#kept = symbols;
    this.#plan();
  }

  inspect(inspected: Inspected | undefined): void {
    this.#inspected = inspected;
    this.#plan();
  }

  /** Whether the values of all symbols are wanted, now and then. */
  survey(on: boolean): void {
    this.#survey = on;
    this.#plan();
  }

  /** Most updates a second of each symbol; 0: every change. */
  rate(perSecond: number): void {
    if (perSecond === this.#rate) return;
    this.#rate = perSecond;
    if (!this.#hidden) this.#again();
  }

  /** Nobody looks: everything goes on slowly, and comes back with a snapshot. */
  hide(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    if (hidden) this.#again();
    else this.#anew();
    this.#apply();
  }

  /** The server does not know symbol, for now: it is asked for again when it is offered. */
  denied(symbol: SymbolName): void {
    this.#offered.delete(symbol);
    if (this.#subscribed.delete(symbol) || this.#surveyed.delete(symbol)) {
      for (const channel of ["ticker", "stats"] as const) this.#feed.unsubscribe([symbol], channel);
    }
  }

  /** The server grants only some symbols, so it denies what asks for all: they are surveyed by name. */
  restrict(): void {
    if (this.#restricted) return;
    if (this.#surveying) this.#endSurvey();
    this.#restricted = true;
    this.#plan();
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    const inMs = Math.max(this.#appliedAt + SETTLE_MS - this.#clock.now(), 0);
    this.#clock.after(inMs, () => {
      this.#planned = false;
      this.#apply();
    });
  }

  #apply(): void {
    this.#appliedAt = this.#clock.now();
    this.#applySurvey();
    this.#applyNames();
    this.#applySurveyed();
    this.#applyInspected();
  }

  #applyNames(): void {
    const wanted = new Set<SymbolName>();
    for (const from of [this.#seen, this.#kept, this.#inspected ? [this.#inspected.symbol] : []]) {
      for (const symbol of from) if (this.#offered.has(symbol)) wanted.add(symbol);
    }
    const now = this.#clock.now();
    const added = [...wanted].filter((symbol) => !this.#subscribed.has(symbol));
    if (added.length > 0) {
      if (!this.#surveying) this.#doubt(added);
      this.#subscribe(added);
    }
    for (const symbol of wanted) this.#subscribed.set(symbol, Number.POSITIVE_INFINITY);
    this.#letGo(wanted, now);
  }

  #letGo(wanted: ReadonlySet<SymbolName>, now: number): void {
    const lingering = [...this.#subscribed].filter(([symbol]) => !wanted.has(symbol));
    const spare = lingering.length - MOST_LINGERING;
    const gone: SymbolName[] = [];
    lingering.forEach(([symbol, until], i) => {
      if (until === Number.POSITIVE_INFINITY) this.#subscribed.set(symbol, now + LINGER_MS);
      if (until <= now || i < spare) gone.push(symbol);
    });
    for (const symbol of gone) this.#subscribed.delete(symbol);
    if (gone.length > 0) {
      for (const channel of ["ticker", "stats"] as const) this.#feed.unsubscribe(gone, channel);
      if (!this.#surveying) this.#doubt(gone);
    }
    if (lingering.length > gone.length) this.#clock.after(LINGER_MS, () => this.#plan());
  }

  #applySurvey(): void {
    const wanted = this.#survey && !this.#hidden;
    if (wanted === this.#surveying) return;
    this.#surveying = wanted;
    if (!wanted) {
      this.#endSurvey();
      this.#doubt([...this.#offered].filter((symbol) => !this.#subscribed.has(symbol)));
    } else if (!this.#restricted) {
      for (const channel of ["ticker", "stats"] as const) this.#feed.subscribe([everything], { channel, rate: SURVEY_RATE });
    }
  }

  #endSurvey(): void {
    if (this.#restricted) return; // see applySurveyed
    for (const channel of ["ticker", "stats"] as const) this.#feed.unsubscribe([everything], channel);
  }

  /** Surveys by name what is not subscribed already. */
  #applySurveyed(): void {
    const wanted = this.#surveying && this.#restricted ? [...this.#offered].filter((symbol) => !this.#subscribed.has(symbol)) : [];
    const added = wanted.filter((symbol) => !this.#surveyed.has(symbol));
    const kept = new Set(wanted);
    const gone = [...this.#surveyed].filter((symbol) => !kept.has(symbol) && !this.#subscribed.has(symbol));
    this.#surveyed.clear();
    for (const symbol of wanted) this.#surveyed.add(symbol);
    for (const channel of ["ticker", "stats"] as const) {
      if (gone.length > 0) this.#feed.unsubscribe(gone, channel);
      if (added.length > 0) this.#feed.subscribe(added, { channel, rate: SURVEY_RATE });
    }
  }

  #applyInspected(): void {
    const wanted = this.#hidden ? undefined : this.#inspected;
    const before = this.#following;
    if (wanted?.symbol === before?.symbol && wanted?.channel === before?.channel) return;
    this.#following = wanted;
    if (before !== undefined) {
      this.#feed.unsubscribe([before.symbol], before.channel);
      if (wanted?.symbol !== before.symbol) this.#feed.unsubscribe([before.symbol], "trades");
    }
    if (wanted !== undefined) {
      this.#feed.subscribe([wanted.symbol], { channel: wanted.channel, rate: Math.min(this.#rate || 10, 10) });
      if (wanted.symbol !== before?.symbol) this.#feed.subscribe([wanted.symbol], { channel: "trades" });
    }
  }

  #subscribe(symbols: readonly SymbolName[]): void {
    const rate = this.#hidden ? HIDDEN_RATE : this.#rate;
    this.#feed.subscribe(symbols, { rate });
    this.#feed.subscribe(symbols, { channel: "stats", rate: this.#hidden ? HIDDEN_RATE : 1 });
  }

  /** Asks for the same at the rate of now. */
  #again(): void {
    if (this.#subscribed.size > 0) this.#subscribe([...this.#subscribed.keys()]);
  }

  /** Takes back what is subscribed, so that the next request is answered with a snapshot. */
  #anew(): void {
    const symbols = [...this.#subscribed.keys()];
    if (symbols.length === 0) return;
    this.#subscribed.clear();
    for (const channel of ["ticker", "stats"] as const) this.#feed.unsubscribe(symbols, channel);
  }
}
