import { describe, expect, test } from "vitest";
import type { SymbolName } from "../feed/index.ts";
import { Preferences } from "./preferences.ts";

const btc = "BTC-USD" as SymbolName;

function storeOf(text?: string) {
  const texts = new Map<string, string>(text === undefined ? [] : [["tickwire.preferences.1", text]]);
  return { getItem: (key: string) => texts.get(key) ?? null, setItem: (key: string, value: string) => void texts.set(key, value) };
}

const facts = ({ theme, columns, rate, bytesPerS, watchlists }: Preferences) => ({
  theme, columns, rate, bytesPerS,
  favourites: [...watchlists.favourites],
  lists: watchlists.names.map((name) => [name, ...(watchlists.get(name) ?? [])]),
});

const atFirst = { theme: "auto", columns: [], rate: 5, bytesPerS: 0, favourites: [], lists: [] };

describe("preferences", () => {
  test("are the same when the page is opened again", () => {
    const store = storeOf();
    const before = new Preferences(store);
    before.theme = "dark";
    before.columns = [{ id: "last", hidden: false, width: 120 }, { id: "bid", hidden: true }];
    before.rate = 0;
    before.bytesPerS = 8000;
    before.watchlists.toggleFavourite(btc);
    before.watchlists.create("Mine");
    before.watchlists.toggle("Mine", btc);
    before.save();
    expect(facts(new Preferences(store))).toEqual(facts(before));
    expect(facts(before)).not.toEqual(atFirst);
  });

  test.each([undefined, "", "[", "null", "7", "[]", '{"theme":3,"columns":{},"rate":-1,"bytesPerS":"x","favourites":[1,""],"lists":[null,{"name":7}]}', '{"rate":null,"columns":[{"id":5},3]}'])(
    "are those of a new page where what is kept is %s",
    (text) => {
      expect(facts(new Preferences(storeOf(text)))).toEqual(atFirst);
    },
  );

  test("do not stop the page where nothing can be kept", () => {
    const full = () => {
      throw new Error("full");
    };
    const preferences = new Preferences({ getItem: full, setItem: full });
    preferences.save();
    expect(facts(preferences)).toEqual(atFirst);
  });
});

describe("watchlists", () => {
  test.each([
    { name: "", want: "Give the list a name." },
    { name: "x".repeat(41), want: "A name has at most 40 characters." },
    { name: "Mine", want: "There is a list of that name already." },
    { name: "mine", want: undefined },
  ])("a new one named $name: $want", ({ name, want }) => {
    const { watchlists } = new Preferences(storeOf());
    watchlists.create("Mine");
    expect(watchlists.create(name)).toBe(want);
  });

  test("take a symbol in and out", () => {
    const { watchlists } = new Preferences(storeOf());
    watchlists.create("Mine");
    watchlists.toggle("Mine", btc);
    expect([...(watchlists.get("Mine") ?? [])]).toEqual([btc]);
    watchlists.toggle("Mine", btc);
    watchlists.toggle("No such", btc);
    expect([watchlists.get("Mine")?.size, watchlists.names]).toEqual([0, ["Mine"]]);
    watchlists.remove("Mine");
    expect(watchlists.names).toEqual([]);
  });
});
