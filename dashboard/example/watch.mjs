// Watches symbols of a Tickwire server: their newest values, every trade of
// those that are named, and how far all of it can be trusted.
//
//   node dashboard/example/watch.mjs ws://127.0.0.1:8080/v1/ws BTC-USD 'ETH-*'
//
// from the top folder, after `go generate ./...`, which puts the client into
// dashboard/build/feed. A server that wants a token gets TICKWIRE_TOKEN. In
// other projects copy that folder: it depends on nothing. Node 22 and browsers
// have a WebSocket of their own; Node 20 gets it here from the package undici.
import { WebSocket } from "undici";
import { Feed } from "../build/feed/index.js";

const [url, ...terms] = process.argv.slice(2);
if (url === undefined || terms.length === 0) {
  console.error("usage: node dashboard/example/watch.mjs ws://HOST:PORT/v1/ws SYMBOL...");
  process.exit(2);
}

/** @param {import("../build/feed/index.js").LinkEvent} event */
function link(event) {
  switch (event.kind) {
    case "connecting":
      return console.log("connecting");
    case "connected":
      return console.log(`connected to ${event.hello.node}, which has ${event.hello.channels.join(", ")}`);
    case "lost":
      return console.log(`lost (${event.code} ${event.reason}), trying again in ${Math.round(event.retryInMs)} ms`);
    case "ended":
      console.error(`ended for good: ${event.code} ${event.reason}`);
      process.exitCode = 1;
  }
}

const token = process.env["TICKWIRE_TOKEN"];

const feed = new Feed({
  url,
  socket: WebSocket,
  // A function, so that every connection could get a fresh one.
  ...(token !== undefined && { token: () => token }),
  listener: {
    link,
    ticker(message) {
      for (const { s, q, p, b, a } of message.data) console.log(`${s} at ${q}: price ${p || "?"}, bid ${b || "?"}, ask ${a || "?"}`);
    },
    trades(message) {
      for (const { s, q, p, z, d } of message.data) console.log(`${s} at ${q}: traded ${z || "?"} for ${p}${{ b: ", bought", s: ", sold", "": "" }[d]}`);
    },
    gap: ({ symbol, from, to }) => console.log(`${symbol}: trades from ${from} to ${to} are missing`),
    state: ({ symbol = "the feed", state }) => console.log(`${symbol} is ${state}`),
    ack({ denied = [] }) {
      for (const { symbol, code } of denied) console.log(`${symbol} was denied: ${code}`);
    },
    refused: ({ message }) => console.log(`refused: ${message}`),
    fault: ({ reason }) => console.log(`fault: ${reason}`),
  },
});

feed.subscribe(terms, { rate: 2 });
feed.subscribe(terms.filter((term) => !term.endsWith("*")), { channel: "trades" });
feed.open();

process.once("SIGINT", () => feed.close());
