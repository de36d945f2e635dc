export { Page } from "./page.ts";
export { Place } from "./place.ts";
