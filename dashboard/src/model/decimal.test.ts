import { describe, expect, test } from "vitest";
import type { Decimal } from "../feed/index.ts";
import { compare, difference, percent, sign } from "./decimal.ts";

const d = (text: string) => text as Decimal;

describe("difference is exact", () => {
  test.each([
    { x: "67123.45", y: "67123.40", want: "0.05" },
    { x: "67123.40", y: "67123.45", want: "-0.05" },
    { x: "0.3", y: "0.1", want: "0.2" }, // 0.19999999999999998 in binary
    { x: "1.10", y: "1.10", want: "0.00" },
    { x: "2.500", y: "1.5", want: "1.000" },
    { x: "5", y: "0.00000001", want: "4.99999999" },
    { x: "-37.63", y: "18.27", want: "-55.90" },
    { x: "-1", y: "-1.5", want: "0.5" },
    { x: "123456789012345678901234.000000000000000001", y: "123456789012345678901233", want: "1.000000000000000001" },
  ])("$x - $y = $want", ({ x, y, want }) => {
    expect(difference(d(x), d(y))).toBe(want);
  });
});

describe("compare and sign", () => {
  test.each([
    { x: "1.0", y: "1.00", want: 0 },
    { x: "9", y: "10", want: -1 },
    { x: "-9", y: "-10", want: 1 },
    { x: "10.5", y: "9.75", want: 1 },
    { x: "10.5", y: "10.45", want: 1 },
    { x: "10.50", y: "10.5", want: 0 },
    { x: "10.501", y: "10.5", want: 1 },
    { x: "007", y: "10", want: -1 },
    { x: "-1", y: "0.5", want: -1 },
    { x: "0.5", y: "-1", want: 1 },
    { x: "-0.00", y: "0", want: 0 },
    { x: "-0.10", y: "-0.1", want: 0 },
    { x: "-0.12", y: "-0.13", want: 1 },
    { x: "-1.5", y: "-12", want: 1 },
    { x: "0.00000002", y: "0.00000001", want: 1 },
  ])("$x against $y is $want", ({ x, y, want }) => {
    expect(compare(d(x), d(y))).toBe(want);
  });

  test.each([
    { x: "0.00", want: 0 },
    { x: "-0.0", want: 0 },
    { x: "-0.01", want: -1 },
    { x: "10", want: 1 },
  ])("the sign of $x is $want", ({ x, want }) => {
    expect(sign(d(x))).toBe(want);
  });
});

describe("percent rounds half away from zero", () => {
  test.each([
    { part: "0.05", whole: "200", want: "0.03" }, // 0.025
    { part: "-0.05", whole: "200", want: "-0.03" },
    { part: "0.0499", whole: "200", want: "0.02" },
    { part: "-0.001", whole: "200", want: "0.00" },
    { part: "50", whole: "-200", want: "25.00" }, // of a negative price: up is up
    { part: "3", whole: "3", want: "100.00" },
    { part: "1", whole: "0.00", want: undefined },
  ])("$part of $whole is $want", ({ part, whole, want }) => {
    expect(percent(d(part), d(whole), 2)).toBe(want);
  });
});
