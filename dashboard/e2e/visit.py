"""Visits a server with the Python library websockets: see report.mjs, whose tasks
and reports these are, and visit.mjs, which lives a connection the same way."""

import asyncio
import hashlib
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

MEMBERS = {"ticker": "sqntpzbav", "trades": "sqtpzd", "bars_1s": "stqohlcvkx"}


def row(element, members):
    return "|".join(str(element[name]) for name in members) + "\n"


def sha256(rows):
    return hashlib.sha256("".join(rows).encode()).hexdigest()


class Ledger:
    """What a connection has brought."""

    def __init__(self):
        self.latest, self.trades, self.last, self.bars = {}, {}, {}, {}
        self.stream, self.messages, self.faults = 0x811C9DC5, 0, []

    def fault(self, text):
        if len(self.faults) < 10:
            self.faults.append(text)

    def take(self, text):
        """Takes a message and returns what it answers, if it is an answer."""
        message = json.loads(text)
        kind = message["type"]
        self.messages += 1
        if (self.messages == 1) != (kind == "hello"):
            self.fault(f"message {self.messages} is {text}")
        channel = message["channel"] if kind == "snapshot" else kind
        if channel in MEMBERS:
            for element in message["data"]:
                if "".join(element) != MEMBERS[channel]:
                    self.fault(f"the members of {element}")
                getattr(self, "take_" + channel)(element, kind)
        elif kind in ("ack", "pong"):
            return message
        elif kind not in ("hello", "heartbeat", "notice", "status"):
            self.fault(f"unexpected: {text}")
        return None

    def take_ticker(self, update, kind):
        before = self.latest.get(update["s"])
        if before is None:
            if kind == "ticker":
                self.fault(f"{update}: an update before its snapshot")
        elif update["q"] < before["q"] or update["n"] < before["n"] or kind == "ticker" and update["q"] == before["q"]:
            self.fault(f"{kind}: {update} after {before}")
        self.latest[update["s"]] = update
        for byte in row(update, MEMBERS["ticker"]).encode():
            self.stream = (self.stream ^ byte) * 0x01000193 & 0xFFFFFFFF

    def take_trades(self, trade, _):
        symbol = trade["s"]
        if trade["q"] <= self.last.get(symbol, -1):
            return self.fault(f"trades: {trade} after that of seq {self.last[symbol]}")
        self.last[symbol] = trade["q"]
        self.trades.setdefault(symbol, []).append(row(trade, MEMBERS["trades"]))

    def take_bars_1s(self, bar, _):
        key = bar["s"], bar["t"]
        before = self.bars.get(key)
        if before is not None and (bar["q"] < before["q"] or bar["k"] < before["k"]):
            self.fault(f"bars: {bar} after {before}")
        self.bars[key] = bar

    def sums(self):
        trades = [one for symbol in sorted(self.trades) for one in self.trades[symbol]]
        return {
            "symbols": len(self.latest),
            "hash": sha256(sorted(row(one, MEMBERS["ticker"]) for one in self.latest.values())),
            "trades": len(trades),
            "tradeHash": sha256(trades),
            "bars": len(self.bars),
            "barHash": sha256(sorted(row(one, "stqohlcvk") for one in self.bars.values())),
            "stream": self.stream,
            "messages": self.messages,
            "faults": self.faults,
        }


class Visit:
    def __init__(self, task, socket):
        self.task, self.socket, self.ledger = task, socket, Ledger()
        self.said, self.answered = 99, asyncio.Queue()
        self.pings = self.pongs = self.answers = 0

    async def ask(self, **request):
        self.said += 1
        await self.socket.send(json.dumps({**request, "id": self.said}))
        message = await self.answered.get()
        if message["id"] != self.said:
            self.ledger.fault(f"answer to {message['id']}, want {self.said}")
        self.answers += 1

    async def talk(self):
        """Some pings of the protocol, one after the other, and then one change of the watchlist."""
        for text in self.task["opening"]:
            await self.socket.send(text)
        while True:
            for op in ("unsubscribe", "subscribe"):
                for _ in range(self.task["talk"]):
                    await self.ask(op="ping")
                await self.ask(op=op, channel="ticker", symbols=self.task["churn"])
                await asyncio.sleep(self.task["rest_ms"] / 1000)

    async def ping(self):
        while True:
            self.pings += 1
            pong = await self.socket.ping(str(self.pings))
            await pong
            self.pongs += 1
            await asyncio.sleep(self.task["ping_ms"] / 1000)

    async def read(self):
        try:
            while True:
                message = self.ledger.take(await self.socket.recv())
                if message is not None and message["id"] >= 100:
                    self.answered.put_nowait(message)
        except ConnectionClosed:
            pass

    async def live(self):
        speaking = [asyncio.create_task(self.talk()), asyncio.create_task(self.ping())]
        await self.read()
        for one in speaking:
            one.cancel()
        for error in await asyncio.gather(*speaking, return_exceptions=True):
            if not isinstance(error, (asyncio.CancelledError, ConnectionClosed)):
                self.ledger.fault(repr(error))


async def run(task):
    # No keepalive of its own: on a slow line and a busy machine its patience ends before the test's.
    options = {"subprotocols": task["protocols"] or None, "max_size": None, "ping_interval": None, **(task["options"] or {})}
    async with connect(task["url"], **options) as socket:
        visit = Visit(task, socket)
        await visit.live()
        seen = {
            "name": task["name"],
            "protocol": socket.subprotocol or "",
            "extensions": socket.response.headers.get("Sec-WebSocket-Extensions", ""),
            "code": socket.close_code,
            "pings": visit.pings,
            "pongs": visit.pongs,
            "answers": visit.answers,
        }
        print(json.dumps({**seen, **visit.ledger.sums()}), flush=True)


async def main():
    await asyncio.gather(*map(run, json.loads(sys.argv[1])))


asyncio.run(main())
