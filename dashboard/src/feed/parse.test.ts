import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "./parse.ts";

const update = { s: "BTC-USD", q: 1007, n: 88, t: 1732242000123456, p: "67123.45", z: "0.0123", b: "67123.44", a: "67123.46", v: "120.5" };
const trade = { s: "BTC-USD", q: 1007, t: 1732242000123456, p: "67123.45", z: "0.0123", d: "b" };
const stat = { s: "BTC-USD", q: 7, t: 1, o: "66000", h: "67500.10", l: "65800", p: "67123.45", v: "120.5", w: "66543.21", c: "1123.45", cp: "1.7022", k: 1833 };
const bar = { s: "BTC-USD", t: 1732242000000000, q: 7, o: "1", h: "1", l: "1", c: "1", v: "0", k: 1, x: false };
const one = (type: string, row: object) => (change: object) => JSON.stringify({ type, data: [{ ...row, ...change }] });
const ticker = one("ticker", update);
const trades = one("trades", trade);
const stats = one("stats", stat);
const bars = one("bars_1h", bar);
const limits = { message_bytes: 65536, terms: 10000, rates: 8, idle_ms: 30000 };
const hello = (change: object) =>
  JSON.stringify({ type: "hello", v: 1, conn: "c", node: "n", heartbeat_ms: 5000, limits, channels: ["ticker"], state: "live", ...change });

describe("parse accepts", () => {
  test.each([
    { scenario: "an update", text: ticker({}) },
    { scenario: "values that are not known yet", text: ticker({ p: "", z: "", b: "", a: "", v: "" }) },
    { scenario: "a negative price", text: ticker({ p: "-37.630" }) },
    { scenario: "members that a later version adds", text: ticker({ later: true }) },
    { scenario: "a message without updates", text: `{"type":"ticker","data":[]}` },
    { scenario: "an ack with verdicts", text: `{"type":"ack","id":"a","op":"subscribe","channel":"ticker","symbols":[],"denied":[{"symbol":"X","code":"unknown_symbol"}]}` },
    { scenario: "an ack of auth, to an operator", text: `{"type":"ack","id":1,"op":"auth","operator":true}` },
    { scenario: "an ack of list", text: `{"type":"ack","op":"list","subscriptions":[{"channel":"ticker","symbols":["*"],"rate":10}]}` },
    { scenario: "an update with the time of its receipt", text: ticker({ r: 1732242000124001 }) },
    { scenario: "a trade of which the venue told the price alone", text: trades({ z: "", d: "" }) },
    { scenario: "statistics without volume, of a symbol that began at 0", text: stats({ w: "", cp: "" }) },
    { scenario: "a channel that a later version adds", text: hello({ channels: ["ticker", "book"] }) },
    { scenario: "a gap to before it began", text: `{"type":"gap","channel":"trades","symbol":"X","from":1008,"to":-1}` },
    { scenario: "an error without an id", text: `{"type":"error","code":"bad_json","message":"m","retry":false}` },
  ])("$scenario", ({ text }) => {
    expect(parse(text)).toEqual({ ok: true, message: JSON.parse(text) });
  });
});

describe("parse refuses, and says why", () => {
  test.each([
    { scenario: "nothing", text: "", reason: "not JSON" },
    { scenario: "null", text: "null", reason: "not an object" },
    { scenario: "a list", text: "[]", reason: "not an object" },
    { scenario: "no type", text: "{}", reason: "unknown type absent" },
    { scenario: "a type that is a name of Object", text: `{"type":"constructor"}`, reason: `unknown type "constructor"` },
    { scenario: "data that is no list", text: `{"type":"ticker","data":{}}`, reason: "ticker: data must be updates, is {}" },
    { scenario: "a null update", text: `{"type":"ticker","data":[null]}`, reason: "ticker: data must be updates, is [null]" },
    { scenario: "heartbeats that never come", text: `{"type":"hello","v":1,"conn":"c","node":"n","heartbeat_ms":0}`, reason: "hello: heartbeat_ms must be an integer over 0, is 0" },
    { scenario: "a hello without the feed's state", text: hello({ state: undefined }), reason: "hello: state must be live, stale, lagging or down, is absent" },
    { scenario: "a hello with channels that are null", text: hello({ channels: null }), reason: "hello: channels must be names, is null" },
    { scenario: "a state that there is not", text: `{"type":"status","scope":"feed","state":"green","age_ms":1}`, reason: `status: state must be live, stale, lagging or down, is "green"` },
    { scenario: "a state of nothing", text: `{"type":"status","scope":"node","state":"live","age_ms":1}`, reason: `status: scope must be feed or symbol, is "node"` },
    { scenario: "a symbol's state without the symbol", text: `{"type":"status","scope":"symbol","state":"stale","age_ms":1}`, reason: "status: symbol must be a name, is absent" },
    { scenario: "a gap of no symbol", text: `{"type":"gap","channel":"trades","from":1,"to":2}`, reason: "gap: symbol must be a name, is absent" },
    { scenario: "a snapshot of trades", text: `{"type":"snapshot","channel":"trades","data":[]}`, reason: `snapshot: channel must be one with snapshots, is "trades"` },
    { scenario: "a snapshot of bars with updates", text: `{"type":"snapshot","channel":"bars_1s","data":[1]}`, reason: "snapshot: data must be bars, is [1]" },
    { scenario: "a stamp that is no time", text: `{"type":"trades","sent":"now","data":[]}`, reason: `trades: sent must be an integer, is "now"` },
    { scenario: "an error without words", text: `{"type":"error","code":"x","retry":false}`, reason: "error: message must be a string, is absent" },
  ])("$scenario", ({ text, reason }) => {
    expect(parse(text)).toEqual({ ok: false, reason });
  });

  test.each([
    { s: "" },
    { q: -1 },
    { q: "1007" },
    { n: 1.5 },
    { t: null },
    { p: 67123.45 },
    { p: "67,123.45" },
    { p: "1e5" },
    { b: "." },
    { a: "1." },
    { v: "NaN" },
    { z: "01" },
    { z: undefined },
    { r: "1" },
  ])("an update with %j", (change) => {
    expect(parse(ticker(change))).toMatchObject({ ok: false });
  });

  test.each([{ s: "" }, { q: 0.5 }, { t: "1" }, { p: "" }, { z: undefined }, { d: "buy" }, { d: undefined }, { r: null }])("a trade with %j", (change) => {
    expect(parse(trades(change))).toMatchObject({ ok: false });
  });

  test.each([{ o: "" }, { p: 1 }, { w: undefined }, { c: "+1" }, { cp: "1%" }, { k: -1 }])("statistics with %j", (change) => {
    expect(parse(stats(change))).toMatchObject({ ok: false });
  });

  test.each([{ t: null }, { q: -1 }, { h: "" }, { v: undefined }, { k: 1.5 }, { x: 0 }])("a bar with %j", (change) => {
    expect(parse(bars(change))).toMatchObject({ ok: false });
  });
});

// The server's own frames, which its tests hold it to.
const golden = new URL("../../../fanout/wire/testdata/", import.meta.url);

const frames = (existsSync(golden) ? readdirSync(golden) : [])
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({ name, text: readFileSync(new URL(name, golden), "utf8") }))
  .filter(({ text }) => "type" in JSON.parse(text)); // requests have only an op

describe.skipIf(frames.length === 0)("a golden frame of the server parses", () => {
  test.each(frames)("$name", ({ text }) => {
    expect(parse(text)).toEqual({ ok: true, message: JSON.parse(text) });
  });

  const mayLack = (type: unknown) =>
    type === "snapshot" || type === "gap" ? ["sent"] : ["id", "channel", "symbols", "denied", "rate", "stamps", "bytes_per_s", "subscriptions", "position", "sent", "operator"];

  test.each(frames)("$name, but not without a member that every such message has", ({ text }) => {
    const message = JSON.parse(text) as Record<string, unknown>;
    const must = Object.keys(message).filter((key) => !mayLack(message["type"]).includes(key));
    for (const key of must) expect(parse(JSON.stringify({ ...message, [key]: undefined })), key).toMatchObject({ ok: false });
  });
});
