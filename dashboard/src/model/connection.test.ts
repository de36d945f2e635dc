import { describe, expect, test } from "vitest";
import type { Hello, LinkEvent } from "../feed/index.ts";
import type { Connection } from "./connection.ts";
import { after, unconnected } from "./connection.ts";

const connecting: LinkEvent = { kind: "connecting" };
const connected: LinkEvent = { kind: "connected", hello: { node: "n1" } as Hello };
const lost: LinkEvent = { kind: "lost", code: 1006, reason: "", retryInMs: 500 };
const ended: LinkEvent = { kind: "ended", code: 4501, reason: "" };

describe("a connection", () => {
  test.each<{ scenario: string; events: LinkEvent[]; want: Connection }>([
    { scenario: "begins by connecting", events: [connecting], want: { state: "connecting" } },
    { scenario: "is live from hello on", events: [connecting, connected], want: { state: "live", node: "n1" } },
    {
      scenario: "is lost with the time of the next attempt",
      events: [connecting, connected, lost],
      want: { state: "lost", reason: "the connection broke", retryAt: 1500 },
    },
    {
      scenario: "stays lost while it tries again",
      events: [connecting, connected, lost, connecting],
      want: { state: "lost", reason: "the connection broke", retryAt: undefined },
    },
    { scenario: "is live again after hello alone", events: [connecting, lost, connecting, connected], want: { state: "live", node: "n1" } },
    {
      scenario: "ends when the server says so",
      events: [connecting, connected, ended],
      want: { state: "ended", reason: "nothing was subscribed" },
    },
    {
      scenario: "gives the server's own reason first",
      events: [connecting, { ...ended, reason: "maintenance" } as LinkEvent],
      want: { state: "ended", reason: "maintenance" },
    },
  ])("$scenario", ({ events, want }) => {
    expect(events.reduce((c, event) => after(event, c, 1000), unconnected)).toEqual(want);
  });
});
