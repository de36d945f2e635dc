import type { Bar, BarsChannel, MaybeToken, SymbolName, Trade } from "../feed/index.ts";
import type { ServerReport } from "./report.ts";
import { reportOf } from "./report.ts";

/** How long an answer may take: a history that comes later is of no use. */
const PATIENCE_MS = 10_000;

type Query = Readonly<Record<string, string | number>>;

/**
 * Single questions to the server that the page is from, with the token that
 * there is at the time. A promise is rejected when there is no answer, or when
 * it is not one.
 */
export class Rest {
  readonly #token: () => MaybeToken;

  constructor(token: () => MaybeToken) {
    this.#token = token;
  }

  /** All symbols that the server has ticks of. */
  async symbols(): Promise<readonly SymbolName[]> {
    return list(await this.#ask("/v1/symbols"), "symbols") as SymbolName[];
  }

  /** The newest bars of a symbol, oldest first. */
  async bars(symbol: SymbolName, channel: BarsChannel, limit: number): Promise<readonly Bar[]> {
    return list(await this.#ask("/v1/bars", { symbol, channel, limit }), "data") as Bar[];
  }

  /** The newest trades of a symbol, oldest first. */
  async trades(symbol: SymbolName, limit: number): Promise<readonly Trade[]> {
    return list(await this.#ask("/v1/trades", { symbol, limit }), "data") as Trade[];
  }

  /** How the server does: for operators alone. */
  async server(): Promise<ServerReport> {
    return reportOf(await this.#ask("/v1/server"));
  }

  async #ask(path: string, query: Query = {}): Promise<unknown> {
    const params = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    const url = params.size === 0 ? path : `${path}?${params}`;
    const token = this.#token();
    const headers = new Headers(token === undefined ? {} : { Authorization: `Bearer ${token}` });
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`${path}: status ${response.status}`);
    return response.json();
  }
}

function list(answer: unknown, member: string): unknown[] {
  const found = typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>)[member] : undefined;
  if (!Array.isArray(found)) throw new Error(`the answer has no list ${member}`);
  return found;
}
