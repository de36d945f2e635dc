// Visits a server with the npm package ws: see report.mjs.
import WebSocket from "ws";
import { report, tasks } from "./report.mjs";
import { visit } from "./visit.mjs";

async function run(task) {
  const socket = new WebSocket(task.url, task.protocols, { ...task.options });
  const control = {
    send: (text) => socket.ping(text),
    onPong: (listener) => socket.on("pong", (payload) => listener(payload.toString())),
  };
  report(await visit(socket, task, control));
}

await Promise.all(tasks.map(run));
