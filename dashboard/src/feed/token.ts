/** A token; undefined: there is none. */
export type MaybeToken = string | undefined;

/** A token, or a function that gets a fresh one. */
export type TokenSource = string | (() => MaybeToken | Promise<MaybeToken>);

/**
 * Gets a token for `use`, at once if it need not be waited for. What went wrong
 * with one that failed is not told on: it may hold the token.
 */
export function obtain(source: TokenSource, use: (token: MaybeToken) => void, failed: () => void): void {
  if (typeof source === "string") return use(source);
  let token: MaybeToken | Promise<MaybeToken>;
  try {
    token = source();
  } catch {
    return failed();
  }
  if (typeof token !== "object") return use(token);
  token.then(use, failed);
}
