import type { Bar, BarsChannel, SymbolName, Trade } from "../feed/index.ts";

/** How long an answer may take: a history that comes later is of no use. */
const PATIENCE_MS = 10_000;

/**
 * Single questions to the server that the page is from. A promise is rejected
 * when there is no answer, or when it is not one.
 */
export class Rest {
  /** All symbols that the server has ticks of. */
  async symbols(): Promise<readonly SymbolName[]> {
    return list(await ask("/v1/symbols", {}), "symbols") as SymbolName[];
  }

  /** The newest bars of a symbol, oldest first. */
  async bars(symbol: SymbolName, channel: BarsChannel, limit: number): Promise<readonly Bar[]> {
    return list(await ask("/v1/bars", { symbol, channel, limit }), "data") as Bar[];
  }

  /** The newest trades of a symbol, oldest first. */
  async trades(symbol: SymbolName, limit: number): Promise<readonly Trade[]> {
    return list(await ask("/v1/trades", { symbol, limit }), "data") as Trade[];
  }
}

async function ask(path: string, query: Readonly<Record<string, string | number>>): Promise<unknown> {
  const params = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
  const response = await fetch(`${path}?${params}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response.json();
}

function list(answer: unknown, member: string): unknown[] {
  const found = typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>)[member] : undefined;
  if (!Array.isArray(found)) throw new Error(`the answer has no list ${member}`);
  return found;
}
