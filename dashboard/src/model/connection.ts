import type { LinkEvent } from "../feed/index.ts";

/**
 * The state of the connection, as a person sees it. "lost" lasts through all
 * attempts to reconnect: only hello makes it "live" again.
 */
export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "live"; readonly node: string }
  | {
      readonly state: "lost";
      readonly reason: string;
      /** When the next attempt begins, in milliseconds of the page's clock; undefined: it is under way. */
      readonly retryAt: number | undefined;
    }
  /** The server does not want this client back. */
  | { readonly state: "ended"; readonly reason: string };

export const unconnected: Connection = { state: "connecting" };

/** The connection after event, at now. */
export function after(event: LinkEvent, connection: Connection, now: number): Connection {
  switch (event.kind) {
    case "connecting":
      return connection.state === "lost" ? { ...connection, retryAt: undefined } : unconnected;
    case "connected":
      return { state: "live", node: event.hello.node };
    case "lost":
      return { state: "lost", reason: describe(event.code, event.reason), retryAt: now + event.retryInMs };
    case "ended":
      return { state: "ended", reason: describe(event.code, event.reason) };
  }
}

// RFC 6455, section 7.4.1, and the server's own.
const meanings: ReadonlyMap<number, string> = new Map([
  [1001, "the server went away"],
  [1006, "the connection broke"],
  [1012, "the server restarts"],
  [4101, "this page was too slow"],
  [4501, "nothing was subscribed"],
]);

function describe(code: number, reason: string): string {
  if (reason !== "") return reason;
  return meanings.get(code) ?? `closed with code ${code}`;
}
