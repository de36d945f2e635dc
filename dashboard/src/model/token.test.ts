import { describe, expect, test } from "vitest";
import { vaultOf } from "./fake.ts";
import { Token } from "./token.ts";

const KEY = "tickwire.token.1";

describe("a token", () => {
  test.each([
    { keep: false, scenario: "for the tab alone" },
    { keep: true, scenario: "in the browser" },
  ])("is kept $scenario, and read again", ({ keep }) => {
    const [tab, browser] = [vaultOf(), vaultOf()];
    new Token(tab, browser).take("secret", keep);
    expect([tab.texts.get(KEY), browser.texts.get(KEY)]).toEqual(keep ? [undefined, "secret"] : ["secret", undefined]);
    const again = new Token(tab, browser);
    expect([again.current, again.kept, again.concerns]).toEqual(["secret", keep, true]);
  });

  test("takes the place of the one before, wherever that was kept", () => {
    const [tab, browser] = [vaultOf(), vaultOf()];
    const token = new Token(tab, browser);
    token.take("old", true);
    token.take("new", false);
    expect([[...tab.texts.values()], [...browser.texts.values()], token.kept]).toEqual([["new"], [], false]);
  });

  test("that is forgotten is nowhere", () => {
    const [tab, browser] = [vaultOf(new Map([[KEY, "a"]])), vaultOf(new Map([[KEY, "b"]]))];
    const token = new Token(tab, browser);
    expect(token.current).toBe("a");
    token.forget();
    expect([token.current, tab.texts.size, browser.texts.size, token.concerns]).toEqual([undefined, 0, 0, false]);
  });

  test("is for the page alone in a browser that keeps nothing", () => {
    const forbidden = (): never => {
      throw new Error("SecurityError");
    };
    const vault = { getItem: forbidden, setItem: forbidden, removeItem: forbidden };
    const token = new Token(vault, vault);
    token.take("secret", true);
    expect(token.current).toBe("secret");
    token.forget();
    expect(token.current).toBeUndefined();
  });
});

describe("what the server wants", () => {
  const tokenOf = (text?: string) => new Token(vaultOf(text === undefined ? undefined : new Map([[KEY, text]])), vaultOf());

  test("is nothing until it says so", () => {
    expect([tokenOf().want, tokenOf().concerns, tokenOf("a").want]).toEqual([undefined, false, undefined]);
  });

  test("is a token that there is none of, once", () => {
    const token = tokenOf();
    token.missing();
    const { want } = token;
    token.missing();
    expect([token.want, token.concerns]).toEqual([{ kind: "missing" }, true]);
    expect(token.want).toBe(want);
  });

  test("is another than the one that it refused, which is forgotten", () => {
    const token = tokenOf("bad");
    token.refused("the key is not known here");
    token.missing(); // as the page has none now
    expect([token.want, token.current]).toEqual([{ kind: "refused", reason: "the key is not known here" }, undefined]);
    const { want } = token;
    token.take("bad too", false);
    expect(token.want).toBeUndefined();
    token.refused("the key is not known here");
    expect(token.want).not.toBe(want);
  });

  test("is a fresh one before the one of now expires, which is good until then", () => {
    const token = tokenOf("good");
    token.expires(1234);
    expect([token.want, token.current]).toEqual([{ kind: "expires", at: 1234 }, "good"]);
  });

  test("is nothing when it lets the page in", () => {
    const token = tokenOf();
    token.missing();
    token.accepted();
    expect(token.want).toBeUndefined();
  });
});
