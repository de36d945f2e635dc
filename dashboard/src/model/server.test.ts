import { beforeEach, describe, expect, test } from "vitest";
import { report } from "../rest/fake.ts";
import type { ServerReport } from "../rest/index.ts";
import { ManualClock, settled } from "./fake.ts";
import { Server } from "./server.ts";

/** A server that answers when the test wants it to. */
class Asked {
  #open: { answer(report: ServerReport): void; fail(error: unknown): void }[] = [];
  questions = 0;

  server(): Promise<ServerReport> {
    this.questions++;
    return new Promise((answer, fail) => this.#open.push({ answer, fail }));
  }

  async answer(change: object): Promise<void> {
    this.#open.shift()?.answer(report(change) as never);
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.#open.shift()?.fail(error);
    await settled();
  }
}

const start = 1_700_000_000_000_000;

let clock: ManualClock;
let asked: Asked;
let server: Server;
let changes: number;

beforeEach(() => {
  clock = new ManualClock();
  asked = new Asked();
  changes = 0;
  server = new Server(asked, clock, () => void changes++);
});

function look(): void {
  server.open = true;
  server.allowed = true;
  clock.pass(0);
}

describe("the server is asked", () => {
  test.each([
    { scenario: "the panel is not open", is: { open: false, visible: true, allowed: true } },
    { scenario: "the page cannot be seen", is: { open: true, visible: false, allowed: true } },
    { scenario: "the page is no operator's", is: { open: true, visible: true, allowed: false } },
  ])("nothing while $scenario", ({ is }) => {
    Object.assign(server, is);
    clock.pass(10_000);
    expect(asked.questions).toBe(0);
    Object.assign(server, { open: true, visible: true, allowed: true });
    clock.pass(0);
    expect(asked.questions).toBe(1);
  });

  test("every two seconds", async () => {
    look();
    for (let i = 1; i <= 3; i++) {
      await asked.answer({ time: start + i });
      clock.pass(1999);
      expect(asked.questions).toBe(i);
      clock.pass(1);
      expect(asked.questions).toBe(i + 1);
    }
    expect(changes).toBe(3);
  });

  test("one question at a time, and the next as soon as a late answer is there", async () => {
    look();
    clock.pass(7000);
    server.open = false;
    server.open = true;
    server.visible = true;
    clock.pass(7000);
    expect(asked.questions).toBe(1);
    await asked.answer({});
    clock.pass(0);
    expect(asked.questions).toBe(2);
  });

  test("no sooner because it is closed and opened", async () => {
    look();
    await asked.answer({});
    clock.pass(500);
    server.open = false;
    server.open = true;
    clock.pass(1499);
    expect(asked.questions).toBe(1);
    clock.pass(1);
    expect(asked.questions).toBe(2);
  });
});

describe("the pace", () => {
  const before = { time: start, up_ms: 9000, ticks: 100, skipped: 5, frames: 10, updates: 40, text_bytes: 9000, bytes: 3000, conflated: 7, pulses: 50, pulse_us: 20_000 };
  const after = { time: start + 2_000_000, up_ms: 11_000, ticks: 4100, skipped: 7, frames: 110, updates: 540, text_bytes: 29_000, bytes: 8000, conflated: 107, pulses: 250, pulse_us: 420_000 };

  async function told(...reports: readonly object[]): Promise<void> {
    look();
    for (const one of reports) {
      await asked.answer(one);
      clock.pass(2000);
    }
  }

  test("is of the time between two reports, as they tell it", async () => {
    await told(before);
    expect(server.pace).toBeUndefined();
    await asked.answer(after);
    expect(server.pace).toEqual({
      ticksPerS: 2000, skippedPerS: 1, framesPerS: 50, updatesPerS: 250, bytesPerS: 2500, conflatedPerS: 50,
      ratio: 4, pulseMs: 2, busy: 0.1,
    });
  });

  test("of a server that does nothing has no ratio and no pulse", async () => {
    await told(before, { ...before, time: start + 1e6 });
    expect(server.pace).toMatchObject({ ticksPerS: 0, bytesPerS: 0, ratio: undefined, pulseMs: undefined, busy: 0 });
  });

  test("stays when the same report comes again", async () => {
    await told(before, after);
    const { pace } = server;
    await asked.answer(after);
    expect(server.pace).toBe(pace);
  });

  test.each([
    { scenario: "a counter has fallen", then: { ...after, ticks: 99 } },
    { scenario: "its time has gone back", then: { ...after, time: start - 1 } },
    { scenario: "it is another node", then: { ...after, node: "n2" } },
    { scenario: "it has been up for less", then: { ...after, up_ms: 10 } },
  ])("begins anew when $scenario", async ({ then }) => {
    await told(before, { ...before, time: start + 1e6 });
    await asked.answer(then);
    expect([server.pace, server.report?.ticks]).toEqual([undefined, then.ticks]);
    clock.pass(2000);
    await asked.answer({ ...then, time: then.time + 1e6, up_ms: then.up_ms + 1000, ticks: then.ticks + 30 });
    expect(server.pace?.ticksPerS).toBe(30);
  });
});

describe("a question that fails", () => {
  test("leaves what is shown, with its age, until one is answered", async () => {
    look();
    await asked.answer({ ticks: 5 });
    clock.pass(2000);
    await asked.fail(new Error("/v1/server: status 503"));
    clock.pass(1000);
    expect([server.problem, server.ageMs, server.report?.ticks]).toEqual(["/v1/server: status 503", 3000, 5]);
    clock.pass(1000);
    await asked.answer({ time: start + 4e6, ticks: 6 });
    expect([server.problem, server.ageMs, server.report?.ticks]).toEqual([undefined, 0, 6]);
  });

  test("is told also when there is nothing to show", async () => {
    look();
    await asked.fail("gone");
    expect([server.problem, server.report]).toEqual(["gone", undefined]);
  });
});

test("who may see it no longer sees nothing of it, and nothing that comes late", async () => {
  look();
  await asked.answer({});
  clock.pass(2000);
  server.allowed = false;
  await asked.answer({ time: start + 1 });
  expect([server.report, server.pace, server.problem]).toEqual([undefined, undefined, undefined]);
  clock.pass(60_000);
  expect(asked.questions).toBe(2);
});
