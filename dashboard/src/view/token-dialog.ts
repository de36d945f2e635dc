import type { Micros, Token, Want } from "../model/index.ts";
import { timeOfDay } from "./format.ts";
import { dialog, element, input, Text, textOf } from "./text.ts";

export interface TokenOwner {
  give(token: string, keep: boolean): void;
  forget(): void;
}

/** Where a person gives the page a token. It opens by itself, once each time the server wants one. */
export class TokenDialog {
  readonly #token: Token;
  readonly #dialog: HTMLDialogElement;
  readonly #why: Text;
  readonly #text: HTMLInputElement;
  readonly #keep: HTMLInputElement;
  readonly #forget: HTMLElement;
  #told: Want | undefined;

  constructor(document: Document, token: Token, owner: TokenOwner) {
    this.#token = token;
    this.#dialog = dialog(document, "token");
    this.#why = textOf(document, "token-why");
    this.#text = input(document, "token-text");
    this.#keep = input(document, "token-keep");
    this.#forget = element(document, "token-forget");
    element(document, "token-form").addEventListener("submit", (event) => this.#submitted(event, owner));
    element(document, "token-cancel").addEventListener("click", () => this.#dialog.close());
    this.#forget.addEventListener("click", () => {
      this.#dialog.close();
      owner.forget();
    });
    this.#dialog.addEventListener("close", () => void (this.#text.value = "")); // it is nobody else's to read
  }

  open(): void {
    this.#why.set(words(this.#token));
    this.#keep.checked = this.#token.kept;
    this.#forget.hidden = this.#token.current === undefined;
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  paint(): void {
    const { want } = this.#token;
    if (want === this.#told) return;
    this.#told = want;
    if (want !== undefined) this.open();
  }

  #submitted(event: Event, owner: TokenOwner): void {
    const token = this.#text.value.trim();
    if (token === "") return event.preventDefault();
    this.#text.value = "";
    owner.give(token, this.#keep.checked);
  }
}

function words({ want, kept }: Token): string {
  switch (want?.kind) {
    case "missing":
      return "Without one it tells no prices. Who runs it can give you one.";
    case "refused":
      return `It does not take the last one: ${want.reason}.`;
    case "expires":
      return `The one of now expires at ${timeOfDay((want.at * 1000) as Micros)}: give a fresh one to go on.`;
    case undefined:
      return kept ? "One is in use, and kept in this browser." : "One is in use, for this tab alone.";
  }
}
