import type { Fields, Shape } from "./check.ts";
import {
  brief,
  isCount,
  isDecimal,
  isFlag,
  isID,
  isInteger,
  isInterval,
  isMaybeDecimal,
  isName,
  isObject,
  isRate,
  isText,
  listOf,
  objectOf,
  oneOf,
  optional,
  wrong,
} from "./check.ts";
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
  const shape = typeof type === "string" ? shapeOf(type, value) : undefined;
  if (shape === undefined) return { ok: false, reason: `unknown type ${brief(type)}` };
  const fault = wrong(value, shape);
  if (fault !== undefined) return { ok: false, reason: `${type}: ${fault}` };
  return { ok: true, message: value as unknown as ServerMessage };
}

/** Of the messages that come in more than one shape, one member says which. */
function shapeOf(type: string, value: Fields): Shape | undefined {
  if (type === "snapshot") return snapshots.get(value["channel"]) ?? unknownSnapshot;
  if (type === "status" && value["scope"] === "symbol") return symbolStatus;
  return shapes.get(type);
}

const denied: Shape = [
  ["symbol", isText, "a string"],
  ["code", isText, "a string"],
];
const subscription: Shape = [
  ["channel", isText, "a string"],
  ["symbols", listOf(isText), "strings"],
  ["rate", optional(isRate), "a number from 0"],
  ["stamps", optional(isFlag), "true or false"],
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
  ["t", isInteger, "an integer"],
  ["p", isMaybeDecimal, "a decimal or empty"],
  ["z", isMaybeDecimal, "a decimal or empty"],
  ["b", isMaybeDecimal, "a decimal or empty"],
  ["a", isMaybeDecimal, "a decimal or empty"],
  ["v", isMaybeDecimal, "a decimal or empty"],
  ["r", optional(isInteger), "an integer"],
];
const trade: Shape = [
  ["s", isName, "a name"],
  ["q", isCount, "an integer from 0"],
  ["t", isInteger, "an integer"],
  ["p", isDecimal, "a decimal"],
  ["z", isMaybeDecimal, "a decimal or empty"],
  ["d", oneOf("b", "s", ""), "b, s or empty"],
  ["r", optional(isInteger), "an integer"],
];
const stat: Shape = [
  ["s", isName, "a name"],
  ["q", isCount, "an integer from 0"],
  ["t", isInteger, "an integer"],
  ["o", isDecimal, "a decimal"],
  ["h", isDecimal, "a decimal"],
  ["l", isDecimal, "a decimal"],
  ["p", isDecimal, "a decimal"],
  ["v", isDecimal, "a decimal"],
  ["w", isMaybeDecimal, "a decimal or empty"],
  ["c", isDecimal, "a decimal"],
  ["cp", isMaybeDecimal, "a decimal or empty"],
  ["k", isCount, "an integer from 0"],
];
const bar: Shape = [
  ["s", isName, "a name"],
  ["t", isInteger, "an integer"],
  ["q", isCount, "an integer from 0"],
  ["o", isDecimal, "a decimal"],
  ["h", isDecimal, "a decimal"],
  ["l", isDecimal, "a decimal"],
  ["c", isDecimal, "a decimal"],
  ["v", isDecimal, "a decimal"],
  ["k", isCount, "an integer from 0"],
  ["x", isFlag, "true or false"],
];

const isState = oneOf("live", "stale", "lagging", "down");
const state: Shape[number] = ["state", isState, "live, stale, lagging or down"];
const age: Shape[number] = ["age_ms", isInteger, "an integer"];
const sent: Shape[number] = ["sent", optional(isInteger), "an integer"];
const updates: Shape[number] = ["data", listOf(objectOf(update)), "updates"];
const stats: Shape = [["data", listOf(objectOf(stat)), "statistics"]];
const bars: Shape = [["data", listOf(objectOf(bar)), "bars"]];

const snapshots: ReadonlyMap<unknown, Shape> = new Map<unknown, Shape>([
  ["ticker", [sent, updates]],
  ["stats", stats],
  ["bars_1s", bars],
  ["bars_1m", bars],
  ["bars_5m", bars],
  ["bars_1h", bars],
]);
const unknownSnapshot: Shape = [["channel", oneOf(...(snapshots.keys() as Iterable<string>)), "one with snapshots"]];

const symbolStatus: Shape = [["symbol", isName, "a name"], state, age];

const shapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  [
    "hello",
    [
      ["v", isInterval, "an integer over 0"],
      ["conn", isText, "a string"],
      ["node", isText, "a string"],
      ["heartbeat_ms", isInterval, "an integer over 0"],
      ["limits", objectOf(limits), "the limits"],
      ["channels", listOf(isName), "names"],
      state,
      ["operator", optional(isFlag), "true or false"],
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
      ["stamps", optional(isFlag), "true or false"],
      ["bytes_per_s", optional(isCount), "an integer from 0"],
      ["subscriptions", optional(listOf(objectOf(subscription))), "subscriptions"],
      ["position", optional(isText), "a string"],
      ["operator", optional(isFlag), "true or false"],
    ],
  ],
  [
    "pong",
    [
      ["id", optional(isID), "an integer or a string"],
      ["t", isInteger, "an integer"],
      ["lag_ms", isCount, "an integer from 0"],
      ["conflated", isCount, "an integer from 0"],
      ["bytes", isCount, "an integer from 0"],
    ],
  ],
  ["ticker", [sent, updates]],
  ["trades", [sent, ["data", listOf(objectOf(trade)), "trades"]]],
  ["stats", stats],
  ["bars_1s", bars],
  ["bars_1m", bars],
  ["bars_5m", bars],
  ["bars_1h", bars],
  [
    "gap",
    [
      ["channel", isName, "a name"],
      ["symbol", isName, "a name"],
      ["from", isInteger, "an integer"],
      ["to", isInteger, "an integer"],
    ],
  ],
  ["status", [["scope", oneOf("feed"), "feed or symbol"], state, age]],
  [
    "heartbeat",
    [
      ["t", isInteger, "an integer"],
      ["lag_ms", isCount, "an integer from 0"],
      ["conflated", isCount, "an integer from 0"],
      state,
      age,
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
