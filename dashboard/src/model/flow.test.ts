import { describe, expect, test } from "vitest";
import type { Micros } from "../feed/index.ts";
import { ManualClock } from "./fake.ts";
import { Flow, Offset } from "./flow.ts";

describe("flow", () => {
  test("is what came a second", () => {
    const clock = new ManualClock();
    const flow = new Flow(clock);
    for (let i = 0; i < 10; i++) {
      flow.frame(500);
      flow.updates(3, 12);
      clock.pass(100);
    }
    expect([flow.framesPerS, flow.bytesPerS, flow.updatesPerS, flow.ticksPerS]).toEqual([10, 5000, 30, 120]);
  });

  test("counts the ticks that came merged into later ones, and never less than none", () => {
    const flow = new Flow(new ManualClock());
    flow.updates(3, 12);
    flow.updates(4, 0); // of symbols whose count is not known yet
    expect(flow.merged).toBe(9);
  });

  test("compares its text with what the server says of the wire, between two answers on one connection", () => {
    const flow = new Flow(new ManualClock());
    flow.frame(900); // what came before the first answer is not comparable
    flow.wire(1000);
    expect(flow.compression).toBeUndefined();
    flow.frame(5000);
    flow.wire(3000);
    expect(flow.compression).toBe(2.5);
    flow.wire(3000);
    expect(flow.compression).toBe(2.5);
    flow.reconnected();
    flow.wire(200);
    expect(flow.compression).toBeUndefined();
    flow.frame(300);
    flow.wire(100); // the connection got another subscriber, whose count begins anew
    expect(flow.compression).toBeUndefined();
    flow.frame(400);
    flow.wire(300);
    expect(flow.compression).toBe(2);
  });

  test("knows the quantiles of the newest ages", () => {
    const flow = new Flow(new ManualClock());
    expect(flow.ageQuantile(0.5)).toBeUndefined();
    for (let i = 0; i < 5000; i++) flow.age(1e6);
    for (let i = 1; i <= 2048; i++) flow.age(i);
    expect([flow.ageQuantile(0.5), flow.ageQuantile(0.99), flow.ageQuantile(1)]).toEqual([1025, 2028, 2048]);
    flow.forgetAges();
    expect(flow.ageQuantile(0.5)).toBeUndefined();
  });
});

describe("the offset of the server's clock", () => {
  const server = (ms: number) => (ms * 1000) as Micros;

  test("is 0 while it is not known", () => {
    expect(new Offset().ms).toBe(0);
  });

  test("is taken from the shortest of the last trips", () => {
    const offset = new Offset();
    offset.add(1000, 1200, server(1500)); // 400 ahead, in 200 ms
    offset.add(2000, 2010, server(2305)); // 300 ahead, in 10 ms
    offset.add(3000, 3900, server(9000));
    expect([offset.ms, offset.tripMs]).toEqual([300, 10]);
    for (let i = 0; i < 8; i++) offset.add(4000, 4020, server(4110)); // the others are too long ago
    expect([offset.ms, offset.tripMs]).toEqual([100, 20]);
  });
});
