import type { Ledger } from "./ledger.ts";
import type { Begun } from "./position.ts";
import type { Channel, RequestBody } from "./protocol.ts";
import type { Group } from "./watchlist.ts";

// Around the symbols of a request; rates and ids are short.
const ENVELOPE_BYTES = 200;

/**
 * One or more requests that subscribe a group, none over messageBytes. With a
 * ledger they ask to go on where it is. What of a pattern's symbols there is no
 * room for is left out; of trades the position of the pattern stands for it.
 */
export function* subscribing(channel: Channel, group: Group, messageBytes: number, ledger?: Ledger): Generator<RequestBody> {
  const { terms, rate, stamps } = group;
  const room = messageBytes - ENVELOPE_BYTES;
  for (const begun of ledger?.begun(terms) ?? [{ terms }]) {
    const position = said(begun, room);
    for (const { symbols, since } of parts(begun.terms, room - positionBytes(position), ledger, position !== undefined)) {
      yield {
        op: "subscribe",
        channel,
        symbols,
        ...(rate !== 0 && { rate }),
        ...(stamps && { stamps }),
        ...(Object.keys(since).length > 0 && { since }),
        ...(position !== undefined && { position }),
      };
    }
  }
}

/** The position to say. One that takes more than half of the room is not: so many partitions does no request hold. */
function said({ position }: Begun, room: number): string | undefined {
  return positionBytes(position) > room / 2 ? undefined : position;
}

function positionBytes(position: string | undefined): number {
  return position === undefined ? 0 : bytes(position) + bytes("position");
}

/** One or more requests that take terms back, none over messageBytes. */
export function* unsubscribing(channel: Channel, terms: readonly string[], messageBytes: number): Generator<RequestBody> {
  for (const { symbols } of parts(terms, messageBytes - ENVELOPE_BYTES)) yield { op: "unsubscribe", channel, symbols };
}

interface Part {
  readonly symbols: readonly string[];
  readonly since: Readonly<Record<string, number>>;
}

function* parts(terms: readonly string[], room: number, ledger?: Ledger, repeats = false): Generator<Part> {
  let symbols: string[] = [];
  let since: Record<string, number> = {};
  let left = room;
  for (const term of terms) {
    const places = (ledger?.take(term) ?? []).map(([symbol, q]) => ({ symbol, q, cost: bytes(symbol) + bytes(q) }));
    const whole = places.reduce((sum, { cost }) => sum + cost, bytes(term));
    if (symbols.length > 0 && whole > left) {
      yield { symbols, since };
      [symbols, since, left] = [[], {}, room];
    }
    symbols.push(term);
    left -= bytes(term);
    for (const { symbol, q, cost } of places) {
      if (cost > left) left = 0; // nor for any after it
      if (left > 0) {
        since[symbol] = q;
        left -= cost;
        ledger?.resume(symbol);
      } else if (repeats) {
        ledger?.repeat(symbol);
      }
    }
  }
  if (symbols.length > 0) yield { symbols, since };
}

/** How long a value is as JSON with what separates it from the next, at most. */
function bytes(value: string | number): number {
  const text = JSON.stringify(value);
  // A UTF-16 unit is at most three bytes of UTF-8. Names of symbols are ASCII.
  return (/^[\x20-\x7e]*$/.test(text) ? text.length : text.length * 3) + 1;
}
