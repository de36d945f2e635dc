// Visits a server with the WebSocket of the npm package undici, the one that
// Node has built in: see report.mjs.
import { subscribe } from "node:diagnostics_channel";
import { WebSocket, ping } from "undici";
import { report, tasks } from "./report.mjs";
import { visit } from "./visit.mjs";

const onPong = new Map(); // by socket

subscribe("undici:websocket:pong", ({ payload, websocket }) => onPong.get(websocket)?.(Buffer.from(payload).toString()));

async function run(task) {
  const socket = new WebSocket(task.url, task.protocols);
  const control = {
    send: (text) => ping(socket, Buffer.from(text)),
    onPong: (listener) => onPong.set(socket, listener),
  };
  report(await visit(socket, task, control));
}

await Promise.all(tasks.map(run));
