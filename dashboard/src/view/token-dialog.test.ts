// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { tokenless } from "../model/fake.ts";
import type { Token } from "../model/index.ts";
import { loadPage, text } from "./fake.ts";
import { TokenDialog } from "./token-dialog.ts";

const get = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;

let token: Token;
let dialog: TokenDialog;
let done: unknown[];

beforeEach(() => {
  loadPage();
  token = tokenless();
  done = [];
  dialog = new TokenDialog(document, token, { give: (...given) => void done.push(given), forget: () => void done.push("forgotten") });
});

const isOpen = () => get<HTMLDialogElement>("token").open;

function type(text: string): void {
  get<HTMLInputElement>("token-text").value = text;
  get("token-form").dispatchEvent(new SubmitEvent("submit", { cancelable: true, bubbles: true }));
}

describe("the dialog for a token", () => {
  test("stays away from a page whose server wants none", () => {
    dialog.paint();
    expect(isOpen()).toBe(false);
  });

  test.each([
    { scenario: "there is none", want: () => token.missing(), why: /^Without one it tells no prices\./ },
    { scenario: "the one it got is refused", want: () => token.refused("the token has expired"), why: /^It does not take the last one: the token has expired\.$/ },
    { scenario: "the one of now expires", want: () => token.expires(0), why: /^The one of now expires at \d\d:\d\d:\d\d: give a fresh one to go on\.$/ },
  ])("opens by itself when $scenario, and says so in one line", ({ want, why }) => {
    want();
    dialog.paint();
    expect(isOpen()).toBe(true);
    expect(text("#token-title")).toBe("This server asks for a token");
    expect(text("#token-why")).toMatch(why);
  });

  test("that was cancelled does not open again until the server wants one anew", () => {
    token.missing();
    dialog.paint();
    get("token-cancel").click();
    token.missing();
    dialog.paint();
    expect(isOpen()).toBe(false);
    token.refused("the key is not known here");
    dialog.paint();
    expect([isOpen(), done]).toEqual([true, []]);
  });

  test("gives what was typed, without the spaces around it, and keeps it nowhere itself", () => {
    dialog.open();
    type("   ");
    type(" secret\n");
    expect([done, get<HTMLInputElement>("token-text").value]).toEqual([[["secret", false]], ""]);
    get("token-keep").click();
    type("other");
    expect(done[1]).toEqual(["other", true]);
  });

  test("forgets what was typed when it is cancelled", () => {
    dialog.open();
    get<HTMLInputElement>("token-text").value = "half of a sec";
    get("token-cancel").click();
    expect(get<HTMLInputElement>("token-text").value).toBe("");
  });

  test("opened by a person tells where the token is kept, and can forget it", () => {
    dialog.open();
    expect(get("token-forget").hidden).toBe(true);
    token.take("secret", true);
    dialog.open();
    expect([text("#token-why"), get<HTMLInputElement>("token-keep").checked, get("token-forget").hidden]).toEqual(["One is in use, and kept in this browser.", true, false]);
    get("token-forget").click();
    expect([done, isOpen()]).toEqual([["forgotten"], false]);
  });

  test("never shows the token", () => {
    const field = get<HTMLInputElement>("token-text");
    expect([field.type, field.getAttribute("autocomplete")]).toEqual(["password", "off"]);
    token.take("secret", true);
    dialog.open();
    expect(document.body.innerHTML + field.value).not.toContain("secret");
  });
});
