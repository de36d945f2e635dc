import { expect, test } from "vitest";
import { Rate } from "./rate.ts";

test.each([20_000, 20_130, 20_490])("a steady stream has its rate, whatever the phase of the window: at %i ms", (end) => {
  const rate = new Rate(0);
  for (let now = 0; now < end; now += 10) rate.add(4, now);
  expect(rate.perSecond(end)).toBeCloseTo(400, 6);
});

test("a stream that began a moment ago is not thinned over the whole window", () => {
  const rate = new Rate(100_000);
  for (let now = 100_000; now < 102_000; now += 10) rate.add(1, now);
  expect(rate.perSecond(102_000)).toBeCloseTo(100, 0);
});

test("a single tick right after the beginning is not a burst", () => {
  const rate = new Rate(0);
  rate.add(1, 1);
  expect(rate.perSecond(2)).toBe(1);
});

test("what has left the window is forgotten, slot by slot and after a long pause", () => {
  const rate = new Rate(0);
  for (let now = 0; now < 10_000; now += 10) rate.add(1, now);
  const full = rate.perSecond(10_000);
  const half = rate.perSecond(12_500);
  expect(half).toBeLessThan(full * 0.6);
  expect(half).toBeGreaterThan(full * 0.4);
  expect(rate.perSecond(15_001)).toBe(0);
  rate.add(5, 1_000_000);
  expect(rate.perSecond(1_000_000)).toBeCloseTo(5 / 4.5);
});
