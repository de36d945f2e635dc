import { execFileSync, spawn } from "node:child_process";
import { on, once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

const golden = (name: string): string => readFileSync(`../fanout/wire/testdata/${name}.json`, "utf8");

/** What a server answers to each operation, by its golden messages. */
const answers: Readonly<Record<string, readonly string[]>> = {
  "subscribe ticker": [golden("ack_subscribe"), golden("snapshot"), golden("ticker").replace('"q":1007,"n":88', '"q":1008,"n":89').replace('"q":4,"n":2', '"q":5,"n":3')],
  "subscribe trades": [golden("trades"), golden("gap"), golden("status_symbol")],
};

interface Asked {
  readonly op: string;
  readonly channel?: string;
}

let server: WebSocketServer;
let connections: AsyncIterator<unknown[]>;

beforeAll(async () => {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "--build", "src/feed"]);
  server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  connections = on(server, "connection");
  await once(server, "listening");
});
afterAll(() => server.close());

/** Serves one connection until it has asked for trades, then ends it with code. */
async function serve(code: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  const [socket] = (await connections.next()).value as [WebSocket];
  socket.on("message", (text) => {
    const request = JSON.parse(String(text)) as Asked;
    asked.push(request);
    for (const answer of answers[`${request.op} ${request.channel}`] ?? []) socket.send(answer);
    if (request.channel === "trades") socket.close(code, "enough");
  });
  socket.send(golden("hello"));
  await once(socket, "close");
  return asked;
}

test("the example shows what it is told, comes back where it stopped, and ends when it must", { timeout: 30_000 }, async () => {
  const { port } = server.address() as AddressInfo;
  const watch = spawn(process.execPath, ["example/watch.mjs", `ws://127.0.0.1:${port}/v1/ws`, "BTC-USD", "ETH-*"], {
    env: { ...process.env, TICKWIRE_TOKEN: "secret" },
  });
  let said = "";
  for (const stream of [watch.stdout, watch.stderr]) stream.on("data", (text) => (said += text));
  const ended = once(watch, "close");
  onTestFinished(() => void watch.kill());
  const early = ended.then(() => Promise.reject(new Error(`it ended without connecting: ${said}`)));
  const first = await Promise.race([serve(4000), early]);
  const second = await Promise.race([serve(4599), early]);
  expect(await ended, said).toEqual([1, null]);
  expect(first).toEqual([
    { op: "auth", id: 1, token: "secret" },
    { op: "subscribe", id: 2, channel: "ticker", symbols: ["BTC-USD"], rate: 2 },
    { op: "subscribe", id: 3, channel: "ticker", symbols: ["ETH-*"], rate: 2 },
    { op: "subscribe", id: 4, channel: "trades", symbols: ["BTC-USD"] },
  ]);
  expect(second).toMatchObject([
    { op: "auth", token: "secret" },
    { channel: "ticker", symbols: ["BTC-USD"], since: { "BTC-USD": 1008 } },
    { channel: "ticker", symbols: ["ETH-*"], since: { "ETH-USDT-PERP": 5 } },
    { channel: "trades", symbols: ["BTC-USD"], since: { "BTC-USD": 4711 } },
  ]);
  for (const line of [
    "connected to node-1, which has ticker, trades, stats, bars_1s, bars_1m, bars_5m, bars_1h",
    "XYZ was denied: unknown_symbol",
    "BTC-USD at 1007: price 67123.45, bid 67123.44, ask 67123.46",
    "ETH-USDT-PERP at 5: price ?, bid 2683.80000000, ask 2683.81000000",
    "BTC-USD at 1006: traded 0.5 for 67123.44, sold",
    "BTC-USD: trades from 1008 to 4711 are missing",
    "BTC-USD is stale",
    "lost (4000 enough), trying again in 0 ms",
    "ended for good: 4599 enough",
  ]) {
    expect(said.split("\n")).toContain(line);
  }
  expect(said).not.toContain("secret");
});
