import type { Address } from "../model/index.ts";
import { formatAddress, parseAddress } from "../model/index.ts";

/** Where the page is, as its address says. */
export class Place {
  readonly #window: Window;
  #address: Address;
  /** A person went back or forward. */
  onLeave: () => void = () => {};

  constructor(window: Window) {
    this.#window = window;
    this.#address = parseAddress(window.location.search);
    window.addEventListener("popstate", () => {
      this.#address = parseAddress(window.location.search);
      this.onLeave();
    });
  }

  get address(): Address {
    return this.#address;
  }

  /** Changes the address; as a new one if the browser's back should lead to the one before. */
  go(change: Partial<Address>, asNew: boolean): void {
    this.#address = { ...this.#address, ...change };
    const query = formatAddress(this.#address);
    const url = query === "" ? this.#window.location.pathname : `?${query}`;
    if (asNew) this.#window.history.pushState(null, "", url);
    else this.#window.history.replaceState(null, "", url);
  }
}
