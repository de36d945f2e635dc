// Follows the trades of a server with our own client until it is killed, and
// prints a line of JSON for all that happens:
//
//   node e2e/follow.mjs '{"url":...,"terms":[...]}'
import { WebSocket } from "undici";
import { Feed } from "../build/feed/index.js";

const { url, terms } = JSON.parse(process.argv[2]);
const say = (line) => console.log(JSON.stringify(line));

const feed = new Feed({
  url,
  socket: WebSocket,
  backoff: { first: 20, most: 100 },
  listener: {
    link: ({ kind, code }) => {
      if (kind === "connected" || kind === "ended") say({ kind, code });
    },
    trades: ({ data }) => data.forEach((trade) => say({ kind: "trade", ...trade })),
    ack: ({ symbols = [], denied = [] }) => say(denied.length === 0 ? { kind: "ack", granted: symbols.length } : { kind: "denied", denied }),
    gap: (gap) => say({ kind: "gap", gap }),
    refused: (error) => say({ kind: "refused", error }),
    fault: (fault) => say({ kind: "fault", fault }),
  },
});
feed.subscribe(terms, { channel: "trades" });
feed.open();
