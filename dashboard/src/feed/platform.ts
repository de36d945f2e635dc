/**
 * The part of a WebSocket that the feed needs. The browser's has it, and so
 * have Node's and those of the packages undici and ws.
 */
export interface Socket {
  onmessage: Handler<{ readonly data: unknown }>;
  onclose: Handler<{ readonly code: number; readonly reason: string }>;
  onerror: Handler<unknown>;
  send(text: string): void;
  close(): void;
}

// Declared as a method, for whose parameter a WebSocket's wider event will do.
type Handler<Event> = { handle(event: Event): void }["handle"] | null;

export type SocketConstructor = new (url: string, protocols: string) => Socket;

/** Time in milliseconds, and calls at a later time. */
export interface Clock {
  now(): number;
  /** Calls `run` once after `ms`; the returned function calls it off. */
  after(ms: number, run: () => void): () => void;
}

interface Host {
  readonly WebSocket?: SocketConstructor;
  readonly performance: { now(): number };
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

// Browsers, workers and Node have all of this, but the language itself does
// not, and the feed is compiled without the DOM's types.
const host = globalThis as unknown as Host;

/** The clock of the machine; it never goes back. */
export const monotonic: Clock = {
  now: () => host.performance.now(),
  after(ms, run) {
    const timer = host.setTimeout(run, ms);
    return () => host.clearTimeout(timer);
  },
};

export function platformSocket(): SocketConstructor {
  if (host.WebSocket === undefined) {
    throw new Error("there is no WebSocket here: give the feed one as options.socket");
  }
  return host.WebSocket;
}
