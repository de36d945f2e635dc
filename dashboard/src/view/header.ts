import type { Board, Connection, State } from "../model/index.ts";
import { age, count, latency } from "./format.ts";
import { element, Text, textOf } from "./text.ts";

/** Shape and words: the state must not hang on a colour. */
const lamps: Record<Connection["state"], string> = { connecting: "◌", live: "●", lost: "▲", ended: "■" };

/** How the connection and the feed are, in words. */
export class Header {
  readonly #link: HTMLElement;
  readonly #lamp: Text;
  readonly #state: Text; // a polite live region: it changes with the state only
  readonly #retry: Text; // outside of it, or every second would be spoken
  readonly #health: Text;
  readonly #events: Text;
  readonly #problem: HTMLElement;
  readonly #problemText: Text;

  constructor(document: Document) {
    this.#link = element(document, "link");
    this.#lamp = textOf(document, "lamp");
    this.#state = textOf(document, "link-text");
    this.#retry = textOf(document, "retry");
    this.#health = textOf(document, "health");
    this.#events = textOf(document, "events");
    this.#problem = element(document, "problem");
    this.#problemText = new Text(this.#problem);
  }

  paint(board: Board): void {
    const { connection, feed, now, events, locked } = board;
    const shown = locked || (connection.state === "live" && feed !== "live") ? "lost" : connection.state;
    this.#link.dataset["state"] = shown;
    this.#lamp.set(lamps[shown]);
    this.#state.set(locked ? "Waiting for a token" : words(connection, feed));
    this.#retry.set(locked ? "" : retry(connection, now) || since(board));
    this.#health.set(health(board));
    this.#events.set(`Reconnects ${count(events.reconnects)} · Gaps ${count(events.gaps)}`);
    this.#problem.hidden = board.problem === undefined;
    this.#problemText.set(`${count(events.problems)} × ${board.problem ?? ""}`);
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

/** How old everything is while it is not live. */
function since(board: Board): string {
  const { connection, feed, newestAgeMs } = board;
  if (connection.state !== "live" || feed === "live" || newestAgeMs === undefined) return "";
  return `newest tick ${age(newestAgeMs)} old`;
}

function health(board: Board): string {
  if (board.connection.state !== "live") return "";
  const lag = board.lagMs === undefined ? "" : ` · Lag ${latency(board.lagMs)}`;
  return `Node ${board.connection.node} · Feed ${board.feed}${lag}`;
}
