/** A token, or a function that gets a fresh one. */
export type TokenSource = string | (() => string | Promise<string>);

/**
 * Gets a token for `use`, at once if it need not be waited for. What went wrong
 * with one that failed is not told on: it may hold the token.
 */
export function obtain(source: TokenSource, use: (token: string) => void, failed: () => void): void {
  if (typeof source === "string") return use(source);
  let token: string | Promise<string>;
  try {
    token = source();
  } catch {
    return failed();
  }
  if (typeof token === "string") return use(token);
  token.then(use, failed);
}
