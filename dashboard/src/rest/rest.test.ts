import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { SymbolName } from "../feed/index.ts";
import { report } from "./fake.ts";
import { Rest } from "./rest.ts";

afterEach(() => vi.unstubAllGlobals());

/** A server that gives every question one answer, and what it was asked. */
function answering(answer: unknown, status = 200) {
  const asked: { readonly url: string; readonly authorization: string | null }[] = [];
  vi.stubGlobal("fetch", async (url: string, { headers }: { headers: Headers }) => {
    asked.push({ url, authorization: headers.get("Authorization") });
    return new Response(JSON.stringify(answer), { status });
  });
  return asked;
}

const rest = (token?: string) => new Rest(() => token);

describe("a question", () => {
  test("has no token when there is none", async () => {
    const asked = answering({ symbols: ["A", "B"] });
    expect(await rest().symbols()).toEqual(["A", "B"]);
    expect(asked).toEqual([{ url: "/v1/symbols", authorization: null }]);
  });

  test("has the token of now in its header, and never in its address", async () => {
    const asked = answering({ data: [] });
    let token = "t1";
    const asker = new Rest(() => token);
    await asker.bars("A&B" as SymbolName, "bars_1m", 5);
    token = "t2";
    await asker.trades("A" as SymbolName, 7);
    expect(asked).toEqual([
      { url: "/v1/bars?symbol=A%26B&channel=bars_1m&limit=5", authorization: "Bearer t1" },
      { url: "/v1/trades?symbol=A&limit=7", authorization: "Bearer t2" },
    ]);
  });

  test.each([
    { scenario: "refused", answer: { code: "unauthorized" }, status: 401, reason: "/v1/symbols: status 401" },
    { scenario: "answered by something else", answer: { data: [] }, status: 200, reason: "the answer has no list symbols" },
    { scenario: "answered by nothing", answer: null, status: 200, reason: "the answer has no list symbols" },
  ])("that is $scenario fails, and says why without the token", async ({ answer, status, reason }) => {
    answering(answer, status);
    await expect(rest("secret").symbols()).rejects.toThrow(new Error(reason));
  });
});

describe("the server's report", () => {
  test("is taken as it is, with what a later server adds", async () => {
    const answer = report({ later: 1, slowest: [{ conn: "c", kind: "plain", delay_ms: 0, since: 1, blocked_ms: 0, pending: 1, conflated: 2, bytes: 3 }] });
    answering(answer);
    expect(await rest().server()).toEqual(answer);
  });

  test.each([
    { scenario: "no object", answer: [], reason: "the answer is no report" },
    { scenario: "an error", answer: { type: "error" }, reason: "the answer is no report: node must be a string, is absent" },
    { scenario: "a counter that is none", answer: report({ ticks: "7" }), reason: 'the answer is no report: ticks must be an integer from 0, is "7"' },
    { scenario: "no list of partitions", answer: report({ partitions: null }), reason: "the answer is no report: partitions must be partitions, is null" },
    { scenario: "a partition without lag", answer: report({ partitions: [{ partition: 0 }] }), reason: 'the answer is no report: partitions must be partitions, is [{"partition":0}]' },
    { scenario: "a client without a name", answer: report({ slowest: [{ kind: "plain" }] }), reason: 'the answer is no report: slowest must be clients, is [{"kind":"plain"}]' },
    { scenario: "connections that are a number", answer: report({ connections: 3 }), reason: "the answer is no report: connections must be connections, is 3" },
  ])("is not taken for one if it is $scenario", async ({ answer, reason }) => {
    answering(answer);
    await expect(rest().server()).rejects.toThrow(new Error(reason));
  });

  test("has the members that the served OpenAPI document says are required", async () => {
    const { Server } = JSON.parse(readFileSync("../fanout/gateway/apidoc/schemas.json", "utf8")) as { Server: { required: string[] } };
    for (const member of Server.required) {
      answering(report({ [member]: undefined }));
      await expect(rest().server(), member).rejects.toThrow(`${member} must be`);
    }
    expect(Object.keys(report()).sort()).toEqual(Server.required.sort());
  });
});
