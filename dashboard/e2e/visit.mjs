/**
 * Lives one WebSocket connection as its task says: subscribes, then talks and
 * pings without end, until the server closes. Resolves to what it saw.
 *
 * It runs in Node and, as source text, in a page, so it refers to nothing
 * outside itself. `control` sends ping frames where the library can:
 * `{ send(text), onPong(listener) }`.
 */
export function visit(socket, task, control) {
  const latest = new Map();
  const trades = new Map(); // rows by symbol
  const lastTrade = new Map(); // seq by symbol
  const bars = new Map();
  const members = { ticker: "s,q,n,t,p,z,b,a,v", trades: "s,q,t,p,z,d", bars_1s: "s,t,q,o,h,l,c,v,k,x" };
  const faults = [];
  const seen = { messages: 0, pings: 0, pongs: 0, answers: 0 };
  let stream = 0x811c9dc5; // FNV-1a of all updates, in order
  let timers = [];
  let said = 99; // the id of the last request; those of the opening are lower
  let talk = 0;
  let rounds = 0;

  const fault = (text) => faults.length < 10 && faults.push(text);
  const later = (ms, then) => {
    timers.push(setTimeout(then, ms));
    timers = timers.slice(-8);
  };
  const ask = (request) => socket.send(JSON.stringify({ ...request, id: ++said }));

  /** A round is some pings of the protocol, one after the other, and then one change of the watchlist. */
  const next = () => {
    if (talk++ < task.talk) {
      ask({ op: "ping" });
    } else {
      ask({ op: rounds++ % 2 === 0 ? "unsubscribe" : "subscribe", channel: "ticker", symbols: task.churn });
    }
  };
  const answered = (message) => {
    if (message.id < 100) return;
    if (message.id !== said) fault(`answer to ${message.id}, want ${said}`);
    seen.answers++;
    if (message.type === "pong") {
      next();
    } else {
      talk = 0;
      later(task.rest_ms, next);
    }
  };

  const takeUpdate = (update, type) => {
    const before = latest.get(update.s);
    if (before !== undefined && (update.q < before.q || update.n < before.n || (type === "ticker" && update.q === before.q))) {
      fault(`${type}: ${JSON.stringify(update)} after ${JSON.stringify(before)}`);
    }
    if (before === undefined && type === "ticker") fault(`${update.s}: an update before its snapshot`);
    latest.set(update.s, update);
    const row = `${Object.values(update).join("|")}\n`;
    for (let i = 0; i < row.length; i++) stream = Math.imul(stream ^ row.charCodeAt(i), 0x01000193) >>> 0;
  };
  const takeTrade = (trade) => {
    if (trade.q <= (lastTrade.get(trade.s) ?? -1)) return fault(`trades: ${JSON.stringify(trade)} after that of seq ${lastTrade.get(trade.s)}`);
    lastTrade.set(trade.s, trade.q);
    if (!trades.has(trade.s)) trades.set(trade.s, []);
    trades.get(trade.s).push(`${Object.values(trade).join("|")}\n`);
  };
  const takeBar = (bar) => {
    const before = bars.get(`${bar.s}|${bar.t}`);
    if (before !== undefined && (bar.q < before.q || bar.k < before.k)) fault(`bars: ${JSON.stringify(bar)} after ${JSON.stringify(before)}`);
    bars.set(`${bar.s}|${bar.t}`, bar);
  };
  const takers = { ticker: takeUpdate, trades: takeTrade, bars_1s: takeBar };
  const takeAll = (message, channel) => {
    for (const element of message.data) {
      if (Object.keys(element).join() !== members[channel]) fault(`the members of ${JSON.stringify(element)}`);
      takers[channel](element, message.type);
    }
  };
  const take = (text) => {
    const message = JSON.parse(text);
    if ((seen.messages++ === 0) !== (message.type === "hello")) fault(`message ${seen.messages} is ${text}`);
    switch (message.type) {
      case "snapshot":
        return takeAll(message, message.channel);
      case "ticker":
      case "trades":
      case "bars_1s":
        return takeAll(message, message.type);
      case "ack":
      case "pong":
        return answered(message);
      case "hello":
      case "heartbeat":
      case "notice":
      case "status":
        return;
      default:
        fault(`unexpected: ${text}`);
    }
  };

  const ping = () => {
    seen.pings++;
    control.send(String(seen.pings));
  };
  control?.onPong((text) => {
    if (text !== String(seen.pings)) fault(`pong ${JSON.stringify(text)}, want ${seen.pings}`);
    seen.pongs++;
    later(task.ping_ms, ping);
  });

  socket.addEventListener("open", () => {
    task.opening.forEach((text) => socket.send(text));
    next();
    if (control !== undefined) ping();
  });
  socket.addEventListener("message", (event) => {
    try {
      take(event.data);
    } catch (error) {
      fault(`${error.message}: ${String(event.data).slice(0, 500)}`);
    }
  });
  socket.addEventListener("error", (event) => fault(`the connection failed: ${event.message ?? event.error?.message ?? "no more is said"}`));
  return new Promise((resolve) => {
    socket.addEventListener("close", (event) => {
      timers.forEach(clearTimeout);
      const { protocol, extensions } = socket;
      resolve({ ...seen, stream, name: task.name, protocol, extensions, code: event.code, faults, updates: [...latest.values()], trades: [...trades], bars: [...bars.values()] });
    });
  });
}
