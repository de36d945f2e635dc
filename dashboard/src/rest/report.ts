import { isCount, isInteger, isObject, isText, listOf, objectOf, optional, wrong } from "../feed/check.ts";
import type { Shape } from "../feed/check.ts";
import type { Micros, State } from "../feed/index.ts";

/**
 * How the server does, for operators. Counters begin with its process and never
 * fall: rates are differences between two reports, by their times.
 */
export interface ServerReport {
  readonly node: string;
  readonly version: string;
  /** When this was so. */
  readonly time: Micros;
  readonly up_ms: number;
  readonly connections: Connections;
  /** Names and patterns that are subscribed. */
  readonly terms: number;
  readonly symbols: number;
  /** Of the symbols, those that somebody watches. */
  readonly watched: number;
  /** Ticks that became their symbol's newest value, and those that did not. */
  readonly ticks: number;
  readonly skipped: number;
  /** Messages that were given to sockets, and the updates in them. */
  readonly frames: number;
  readonly updates: number;
  /** Of those before compression, and as they went out. */
  readonly text_bytes: number;
  readonly bytes: number;
  readonly conflated: number;
  readonly gaps: number;
  readonly shards: number;
  readonly pulses: number;
  /** Microseconds that all shards together spent in pulses. */
  readonly pulse_us: number;
  readonly feed: { readonly state: State; readonly age_ms: number; readonly lag_ms: number };
  readonly partitions: readonly Partition[];
  readonly heap_bytes: number;
  readonly goroutines: number;
  /** Those furthest behind first: connections that take less than there is. */
  readonly slowest: readonly SlowClient[];
}

export interface Connections {
  /** Those included that are no stream. */
  readonly all: number;
  readonly plain: number;
  readonly deflate: number;
  readonly events: number;
  /** For a token. */
  readonly waiting: number;
  readonly delayed: number;
}

/** How far the server is in a partition of its topic. */
export interface Partition {
  readonly partition: number;
  readonly next: number;
  readonly end: number;
  readonly lag: number;
  readonly ticks: number;
  /** 0: it is at the end. */
  readonly behind_ms: number;
  /** 0: it is connected. */
  readonly down_ms: number;
}

export interface SlowClient {
  readonly conn: string;
  readonly kind: string;
  readonly subject?: string;
  readonly delay_ms: number;
  /** When it came. */
  readonly since: Micros;
  /** 0: it takes what it is given. */
  readonly blocked_ms: number;
  /** Symbols of which it is still to be told something. */
  readonly pending: number;
  readonly conflated: number;
  readonly bytes: number;
}

const counts = (...members: readonly string[]): Shape => members.map((member) => [member, isCount, "an integer from 0"]);

const feed: Shape = [["state", isText, "a state"], ...counts("age_ms", "lag_ms")];
const connections = counts("all", "plain", "deflate", "events", "waiting", "delayed");
const partition: Shape = [...counts("partition", "lag", "ticks", "behind_ms", "down_ms"), ["next", isInteger, "an integer"], ["end", isInteger, "an integer"]];
const client: Shape = [
  ["conn", isText, "a string"],
  ["kind", isText, "a string"],
  ["subject", optional(isText), "a string"],
  ...counts("delay_ms", "since", "blocked_ms", "pending", "conflated", "bytes"),
];
const report: Shape = [
  ["node", isText, "a string"],
  ["version", isText, "a string"],
  ...counts("time", "up_ms", "terms", "symbols", "watched", "ticks", "skipped", "frames", "updates", "text_bytes", "bytes", "conflated", "gaps"),
  ...counts("shards", "pulses", "pulse_us", "heap_bytes", "goroutines"),
  ["connections", objectOf(connections), "connections"],
  ["feed", objectOf(feed), "a feed's state"],
  ["partitions", listOf(objectOf(partition)), "partitions"],
  ["slowest", listOf(objectOf(client)), "clients"],
];

/** Takes an answer for a report if it is one. What a newer server says besides is let pass. */
export function reportOf(answer: unknown): ServerReport {
  if (!isObject(answer)) throw new Error("the answer is no report");
  const fault = wrong(answer, report);
  if (fault !== undefined) throw new Error(`the answer is no report: ${fault}`);
  return answer as unknown as ServerReport;
}
