import type { ServerMessage } from "./protocol.ts";

/** A message, or the reason why the text is none. */
export type Parsed =
  | { readonly ok: true; readonly message: ServerMessage }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads one text frame of the server. It checks every member that the protocol
 * names, lets pass those it does not (a newer server may say more), and never
 * throws.
 */
export function parse(text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: "not JSON" };
  }
  if (!isObject(value)) return { ok: false, reason: "not an object" };
  const type = value["type"];
  const shape = typeof type === "string" ? shapes.get(type) : undefined;
  if (shape === undefined) return { ok: false, reason: `unknown type ${brief(type)}` };
  const fault = wrong(value, shape);
  if (fault !== undefined) return { ok: false, reason: `${type}: ${fault}` };
  return { ok: true, message: value as unknown as ServerMessage };
}

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;
type Shape = readonly (readonly [member: string, check: Check, need: string])[];

const isObject = (v: unknown): v is Fields => typeof v === "object" && v !== null && !Array.isArray(v);
const isText: Check = (v) => typeof v === "string";
const isName: Check = (v) => typeof v === "string" && v !== "";
const isCount: Check = (v) => Number.isSafeInteger(v) && (v as number) >= 0;
const isInterval: Check = (v) => Number.isSafeInteger(v) && (v as number) > 0;
const isTime: Check = (v) => Number.isSafeInteger(v);
const isRate: Check = (v) => typeof v === "number" && v >= 0;
const isFlag: Check = (v) => typeof v === "boolean";
const isID: Check = (v) => typeof v === "string" || Number.isInteger(v);

const plain = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const isDecimal: Check = (v) => v === "" || (typeof v === "string" && plain.test(v));

const optional =
  (check: Check): Check =>
  (v) =>
    v === undefined || check(v);
const listOf =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every(check);
const objectOf =
  (shape: Shape): Check =>
  (v) =>
    isObject(v) && wrong(v, shape) === undefined;

const denied: Shape = [
  ["symbol", isText, "a string"],
  ["code", isText, "a string"],
];
const subscription: Shape = [
  ["channel", isText, "a string"],
  ["symbols", listOf(isText), "strings"],
  ["rate", optional(isRate), "a number from 0"],
];
const limits: Shape = [
  ["message_bytes", isInterval, "an integer over 0"],
  ["terms", isInterval, "an integer over 0"],
  ["rates", isInterval, "an integer over 0"],
  ["idle_ms", isInterval, "an integer over 0"],
];
const update: Shape = [
  ["s", isName, "a name"],
  ["q", isCount, "an integer from 0"],
  ["n", isCount, "an integer from 0"],
  ["t", isTime, "an integer"],
  ["p", isDecimal, "a decimal or empty"],
  ["z", isDecimal, "a decimal or empty"],
  ["b", isDecimal, "a decimal or empty"],
  ["a", isDecimal, "a decimal or empty"],
  ["v", isDecimal, "a decimal or empty"],
];
const updates = listOf(objectOf(update));

const shapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  [
    "hello",
    [
      ["v", isInterval, "an integer over 0"],
      ["conn", isText, "a string"],
      ["node", isText, "a string"],
      ["heartbeat_ms", isInterval, "an integer over 0"],
      ["limits", objectOf(limits), "the limits"],
    ],
  ],
  [
    "ack",
    [
      ["id", optional(isID), "an integer or a string"],
      ["op", isText, "a string"],
      ["channel", optional(isText), "a string"],
      ["symbols", optional(listOf(isText)), "strings"],
      ["denied", optional(listOf(objectOf(denied))), "verdicts"],
      ["rate", optional(isRate), "a number from 0"],
      ["subscriptions", optional(listOf(objectOf(subscription))), "subscriptions"],
    ],
  ],
  [
    "pong",
    [
      ["id", optional(isID), "an integer or a string"],
      ["t", isTime, "an integer"],
    ],
  ],
  [
    "snapshot",
    [
      ["channel", isText, "a string"],
      ["data", updates, "updates"],
    ],
  ],
  ["ticker", [["data", updates, "updates"]]],
  [
    "heartbeat",
    [
      ["t", isTime, "an integer"],
      ["lag_ms", isCount, "an integer from 0"],
      ["conflated", isCount, "an integer from 0"],
    ],
  ],
  [
    "notice",
    [
      ["code", isText, "a string"],
      ["in_ms", isCount, "an integer from 0"],
    ],
  ],
  [
    "error",
    [
      ["id", optional(isID), "an integer or a string"],
      ["code", isText, "a string"],
      ["message", isText, "a string"],
      ["retry", isFlag, "true or false"],
    ],
  ],
]);

/** The first member of v that is not as shape says. */
function wrong(v: Fields, shape: Shape): string | undefined {
  for (const [member, check, need] of shape) {
    if (!check(v[member])) return `${member} must be ${need}, is ${brief(v[member])}`;
  }
  return undefined;
}

function brief(v: unknown): string {
  const text = JSON.stringify(v) ?? "absent";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
