// What the tests of this folder have in common. No part of the model.
import type { Clock } from "../feed/index.ts";
import type { Vault } from "./token.ts";
import { Token } from "./token.ts";

/** A vault that a test can look into. */
export function vaultOf(texts = new Map<string, string>()): Vault & { readonly texts: ReadonlyMap<string, string> } {
  return {
    texts,
    getItem: (key) => texts.get(key) ?? null,
    setItem: (key, text) => void texts.set(key, text),
    removeItem: (key) => void texts.delete(key),
  };
}

/** The token of a page that has none. */
export const tokenless = (): Token => new Token(vaultOf(), vaultOf());

/** A clock that a test moves. */
export class ManualClock implements Clock {
  #now = 0;
  #calls: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const call = { at: this.#now + ms, run };
    this.#calls.push(call);
    return () => void (this.#calls = this.#calls.filter((c) => c !== call));
  }

  /** Lets time pass, with all that is due in it, in its order. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#calls.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#calls = this.#calls.filter((c) => c !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}

/** Lets promises that are settled be heard. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
