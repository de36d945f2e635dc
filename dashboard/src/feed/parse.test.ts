import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "./parse.ts";

const update = { s: "BTC-USD", q: 1007, n: 88, t: 1732242000123456, p: "67123.45", z: "0.0123", b: "67123.44", a: "67123.46", v: "120.5" };
const ticker = (change: object) => JSON.stringify({ type: "ticker", data: [{ ...update, ...change }] });

describe("parse accepts", () => {
  test.each([
    { scenario: "an update", text: ticker({}) },
    { scenario: "values that are not known yet", text: ticker({ p: "", z: "", b: "", a: "", v: "" }) },
    { scenario: "a negative price", text: ticker({ p: "-37.630" }) },
    { scenario: "members that a later version adds", text: ticker({ later: true }) },
    { scenario: "a message without updates", text: `{"type":"ticker","data":[]}` },
    { scenario: "an ack with verdicts", text: `{"type":"ack","id":"a","op":"subscribe","channel":"ticker","symbols":[],"denied":[{"symbol":"X","code":"unknown_symbol"}]}` },
    { scenario: "an ack of list", text: `{"type":"ack","op":"list","subscriptions":[{"channel":"ticker","symbols":["*"],"rate":10}]}` },
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
  ])("an update with %j", (change) => {
    expect(parse(ticker(change))).toMatchObject({ ok: false });
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
});
