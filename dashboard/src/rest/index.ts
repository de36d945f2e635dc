// The server's answers to single questions: histories, and what there is.

export { Rest } from "./rest.ts";
