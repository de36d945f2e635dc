// The server's answers to single questions: histories, what there is, and how it
// does.

export type { Connections, Partition, ServerReport, SlowClient } from "./report.ts";
export { Rest } from "./rest.ts";
