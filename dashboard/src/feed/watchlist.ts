import type { Request } from "./protocol.ts";

type Op = Request["op"];

/**
 * The terms that should be subscribed, each with its rate. It outlives
 * connections: after every hello all of it is asked for again.
 */
export class Watchlist {
  readonly #rates = new Map<string, number>();

  add(terms: readonly string[], rate: number): void {
    for (const term of terms) this.#rates.set(term, rate);
  }

  remove(terms: readonly string[]): void {
    for (const term of terms) this.#rates.delete(term);
  }

  byRate(): ReadonlyMap<number, readonly string[]> {
    const groups = new Map<number, string[]>();
    for (const [term, rate] of this.#rates) {
      const group = groups.get(rate);
      if (group === undefined) groups.set(rate, [term]);
      else group.push(term);
    }
    return groups;
  }
}

// Around the symbols of a request; rates and ids are short.
const ENVELOPE_BYTES = 200;

/** One or more requests for all terms, none over `messageBytes`. */
export function* requests(
  op: Op,
  terms: readonly string[],
  rate: number,
  messageBytes: number,
  nextID: () => number,
): Generator<Request> {
  for (const symbols of chunks(terms, messageBytes - ENVELOPE_BYTES)) {
    const request = { id: nextID(), channel: "ticker", symbols } as const;
    if (op === "unsubscribe") yield { op, ...request };
    else if (rate === 0) yield { op, ...request };
    else yield { op, ...request, rate };
  }
}

function* chunks(terms: readonly string[], budget: number): Generator<readonly string[]> {
  let chunk: string[] = [];
  let size = 0;
  for (const term of terms) {
    const cost = JSON.stringify(term).length * 3 + 1; // a UTF-16 unit is at most three bytes of UTF-8
    if (chunk.length > 0 && size + cost > budget) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(term);
    size += cost;
  }
  if (chunk.length > 0) yield chunk;
}
