import type { Board, Connection, State } from "../model/index.ts";
import { count } from "./format.ts";
import { element, Text } from "./text.ts";

/** Shape and words: the state must not hang on a colour. */
const lamps: Record<Connection["state"], string> = { connecting: "◌", live: "●", lost: "▲", ended: "■" };

/** The connection and the figures of the whole board. */
export class Header {
  readonly #link: HTMLElement;
  readonly #lamp: Text;
  readonly #state: Text; // a polite live region: it changes with the state only
  readonly #retry: Text; // outside of it, or every second would be spoken
  readonly #symbols: Text;
  readonly #updates: Text;
  readonly #ticks: Text;

  constructor(document: Document) {
    this.#link = element(document, "link");
    this.#lamp = new Text(element(document, "lamp"));
    this.#state = new Text(element(document, "link-text"));
    this.#retry = new Text(element(document, "retry"));
    this.#symbols = new Text(element(document, "symbols"));
    this.#updates = new Text(element(document, "updates"));
    this.#ticks = new Text(element(document, "ticks"));
  }

  paint(board: Board): void {
    const { connection, feed, quotes, now } = board;
    const shown = connection.state === "live" && feed !== "live" ? "lost" : connection.state;
    this.#link.dataset["state"] = shown;
    this.#lamp.set(lamps[shown]);
    this.#state.set(words(connection, feed));
    this.#retry.set(retry(connection, now));
    this.#symbols.set(count(quotes.size));
    this.#updates.set(count(quotes.updates(now)));
    this.#ticks.set(count(quotes.allTicks(now)));
  }
}

function words(connection: Connection, feed: State): string {
  switch (connection.state) {
    case "connecting":
      return "Connecting";
    case "live":
      return feed === "live" ? "Live" : `Connected, but the feed is ${feed}`;
    case "lost":
      return "Reconnecting";
    case "ended":
      return `Disconnected: ${connection.reason}. Reload to try again.`;
  }
}

function retry(connection: Connection, now: number): string {
  if (connection.state !== "lost") return "";
  const { reason, retryAt } = connection;
  if (retryAt === undefined) return reason;
  const seconds = Math.ceil((retryAt - now) / 1000);
  return seconds > 0 ? `${reason}, next try in ${seconds} s` : reason;
}
