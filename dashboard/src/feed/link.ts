import { parse } from "./parse.ts";
import type { Clock, Socket, SocketConstructor } from "./platform.ts";
import type { Hello, Request, ServerMessage } from "./protocol.ts";
import { SUBPROTOCOL, VERSION } from "./protocol.ts";
import type { BackoffOptions } from "./reconnect.ts";
import { advice, Backoff } from "./reconnect.ts";
import { Silence } from "./silence.ts";
import type { MaybeToken, TokenSource } from "./token.ts";
import { obtain } from "./token.ts";

/** What happened to the connection. */
export type LinkEvent =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly hello: Hello }
  | { readonly kind: "lost"; readonly code: number; readonly reason: string; readonly retryInMs: number }
  /** The feed will not come back by itself. */
  | { readonly kind: "ended"; readonly code: number; readonly reason: string };

/** What went wrong without ending the connection. */
export type FaultKind =
  /** A frame that is not as the protocol says. It was passed over. */
  | "frame"
  /** An update or a trade that breaks a promise of the protocol; see the reason. */
  | "order"
  /** No fresh token could be had for the one that expires. */
  | "token";

/** Whose link it is. Called one at a time, never from within a call of the link. */
export interface LinkOwner {
  connecting(): void;
  /** To be sent before all else: after every hello, and when the token before expires. */
  authenticate(token: string): void;
  hello(hello: Hello): void;
  message(message: Exclude<ServerMessage, Hello>): void;
  gone(event: Extract<LinkEvent, { kind: "lost" | "ended" }>): void;
  fault(kind: FaultKind, reason: string): void;
}

export interface LinkOptions {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly socket: SocketConstructor;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  readonly helloWithinMs: number;
  readonly healthyAfterMs: number;
}

// The server speaks at least every half heartbeat interval; nothing for two
// and a half of them is no delay any more.
const SILENT_INTERVALS = 2.5;

// What a WebSocket reports when the connection went without a close frame.
const ABNORMAL = 1006;

/**
 * One connection after the other, each good from its hello on: it comes back
 * as the close codes advise, with a fresh token, and takes a connection on
 * which nothing is heard for dead.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #owner: LinkOwner;
  readonly #backoff: Backoff;
  readonly #silence: Silence;

  #attempt = 0; // what was begun for an earlier one is of no use any more
  #socket: Socket | undefined;
  #token: MaybeToken; // of the connection of now
  #greeted = false; // hello is there
  #connectedAt = 0;
  #draining = false; // the server has said that it will close
  #hurried = false; // the last reconnect was at once, and not yet justified
  #cancelRetry = (): void => {};

  constructor(options: LinkOptions, owner: LinkOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#backoff = new Backoff(options.backoff, options.random);
    this.#silence = new Silence(options.clock, () => this.#silent());
  }

  open(): void {
    this.#retry(0);
  }

  close(): void {
    this.#cancelRetry();
    this.#drop();
  }

  /** Lets go of the connection, if there is one, and connects anew, however the last one ended. */
  reopen(): void {
    this.#cancelRetry();
    this.#drop();
    this.#backoff.reset();
    this.#cancelRetry = this.#options.clock.after(0, () => {
      this.#retry(0);
      this.#owner.gone({ kind: "lost", code: ABNORMAL, reason: "connecting anew", retryInMs: 0 });
    });
  }

  send(request: Request): void {
    this.#socket?.send(JSON.stringify(request));
  }

  /** Gives up the connection, if there is one, to come again later. */
  fail(reason: string): void {
    if (this.#greeted) this.#lost(ABNORMAL, reason);
  }

  #retry(ms: number): void {
    this.#cancelRetry = this.#options.clock.after(ms, () => this.#connect());
  }

  #connect(): void {
    const { token, helloWithinMs } = this.#options;
    const attempt = this.#attempt;
    this.#silence.watch(helloWithinMs);
    this.#owner.connecting();
    if (attempt !== this.#attempt) return; // the owner has closed it
    if (token === undefined) return this.#dial();
    this.#obtain(token, (fresh) => this.#dial(fresh), () => this.#lost(ABNORMAL, "no token could be had"));
  }

  /** Gets a token for the attempt of now, and for no later one. */
  #obtain(source: TokenSource, use: (token: MaybeToken) => void, failed: () => void): void {
    const attempt = this.#attempt;
    const inTime = (): boolean => attempt === this.#attempt;
    obtain(source, (token) => void (inTime() && use(token)), () => void (inTime() && failed()));
  }

  #dial(token?: string): void {
    this.#token = token;
    const socket = new this.#options.socket(this.#options.url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onmessage = (event) => this.#frame(event.data);
    socket.onclose = (event) => this.#lost(event.code, event.reason);
    socket.onerror = () => {}; // a close event always follows
  }

  #frame(data: unknown): void {
    this.#silence.heard();
    if (typeof data !== "string") return this.#owner.fault("frame", "a binary frame");
    const parsed = parse(data);
    if (!parsed.ok) return this.#owner.fault("frame", parsed.reason);
    const { message } = parsed;
    if (message.type === "hello") return this.#hello(message);
    if (!this.#greeted) return this.#owner.fault("frame", `${message.type} before hello`);
    if (message.type === "notice") this.#noticed(message.code);
    this.#owner.message(message);
  }

  #hello(hello: Hello): void {
    if (this.#greeted) return this.#owner.fault("frame", "a second hello");
    if (hello.v !== VERSION) {
      this.#drop();
      const reason = `the server speaks version ${hello.v} of the protocol, this client version ${VERSION}`;
      return this.#owner.gone({ kind: "ended", code: ABNORMAL, reason });
    }
    this.#greeted = true;
    this.#connectedAt = this.#options.clock.now();
    this.#silence.watch(SILENT_INTERVALS * hello.heartbeat_ms);
    if (this.#token !== undefined) this.#owner.authenticate(this.#token);
    this.#owner.hello(hello);
  }

  #noticed(code: string): void {
    if (code === "drain") this.#draining = true;
    else if (code === "expires") this.#renew();
  }

  /** Gets a fresh token for the connection of now. A fixed one has none. */
  #renew(): void {
    const { token } = this.#options;
    if (typeof token !== "function") return;
    const failed = (): void => this.#owner.fault("token", "no fresh token could be had");
    this.#obtain(token, (fresh) => this.#replace(fresh, failed), failed);
  }

  #replace(fresh: MaybeToken, failed: () => void): void {
    if (fresh === undefined || fresh === this.#token) return failed(); // the one that expires is not sent again
    this.#token = fresh;
    this.#owner.authenticate(fresh);
  }

  #silent(): void {
    if (this.#greeted) return this.#lost(ABNORMAL, "the server fell silent");
    this.#lost(ABNORMAL, this.#socket === undefined ? "no token came in time" : "the server did not answer");
  }

  #lost(code: number, reason: string): void {
    const healthy = this.#greeted && this.#options.clock.now() - this.#connectedAt >= this.#options.healthyAfterMs;
    const draining = this.#draining;
    this.#drop();
    const advised = advice(code);
    if (advised === "never") return this.#owner.gone({ kind: "ended", code, reason });
    if (healthy) {
      this.#backoff.reset();
      this.#hurried = false;
    }
    // A server that says "at once" at every hello must not be answered in a
    // tight loop, nor one that ends by all its clients together.
    const hurry = advised === "at once" && !this.#hurried && !draining;
    const retryInMs = hurry ? 0 : this.#backoff.next();
    this.#hurried = advised === "at once";
    this.#retry(retryInMs);
    this.#owner.gone({ kind: "lost", code, reason, retryInMs });
  }

  /** Lets go of the socket without waiting for the other side: it may be gone. */
  #drop(): void {
    this.#attempt++;
    this.#silence.stop();
    this.#greeted = false;
    this.#draining = false;
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }
}
