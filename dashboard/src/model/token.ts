import type { MaybeToken } from "../feed/index.ts";

/** Where a text is kept until it is removed; localStorage is one, sessionStorage another. */
export interface Vault {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
  removeItem(key: string): void;
}

/** Why the server wants a token from a person. */
export type Want =
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly reason: string }
  /** At that time of day, in milliseconds since 1970. */
  | { readonly kind: "expires"; readonly at: number };

const KEY = "tickwire.token.1";

/**
 * The token that the page brings to its server, if that asks for one: kept for
 * the tab, or in the browser if the person wants so.
 */
export class Token {
  readonly #tab: Vault;
  readonly #browser: Vault;
  #current: MaybeToken;
  #kept: boolean;
  #want: Want | undefined;

  constructor(tab: Vault, browser: Vault) {
    this.#tab = tab;
    this.#browser = browser;
    const ofTab = read(tab);
    const ofBrowser = read(browser);
    this.#current = ofTab ?? ofBrowser;
    this.#kept = ofTab === undefined && ofBrowser !== undefined;
  }

  get current(): MaybeToken {
    return this.#current;
  }

  /** Whether it outlives the tab. */
  get kept(): boolean {
    return this.#kept;
  }

  /** Why a person should give one; undefined: nobody need. It is another object each time the server wants one. */
  get want(): Want | undefined {
    return this.#want;
  }

  /** Whether there is anything to change or to forget: of a server that wants none there is not. */
  get concerns(): boolean {
    return this.#want !== undefined || this.#current !== undefined;
  }

  /** A person gave one. */
  take(token: string, keep: boolean): void {
    this.forget();
    this.#current = token;
    this.#kept = keep;
    this.#want = undefined;
    write(keep ? this.#browser : this.#tab, token);
  }

  /** There is none any more. */
  forget(): void {
    this.#current = undefined;
    this.#kept = false;
    for (const vault of [this.#tab, this.#browser]) remove(vault);
  }

  /** The server lets this page in. */
  accepted(): void {
    this.#want = undefined;
  }

  /** The server wants one, and had none. */
  missing(): void {
    this.#want ??= { kind: "missing" }; // why there is none may be known
  }

  /** What the page brought is not good; it is of no use any more. */
  refused(reason: string): void {
    this.forget();
    this.#want = { kind: "refused", reason };
  }

  /** The server lets this page in until then. */
  expires(at: number): void {
    this.#want = { kind: "expires", at };
  }
}

// A browser that lets nothing be kept is no reason to stop.

function read(vault: Vault): MaybeToken {
  try {
    return vault.getItem(KEY) || undefined;
  } catch {
    return undefined;
  }
}

function write(vault: Vault, token: string): void {
  try {
    vault.setItem(KEY, token);
  } catch {
    return;
  }
}

function remove(vault: Vault): void {
  try {
    vault.removeItem(KEY);
  } catch {
    return;
  }
}
