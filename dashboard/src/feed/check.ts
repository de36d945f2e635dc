/** What JSON.parse calls an object. */
export type Fields = Record<string, unknown>;

export type Check = (value: unknown) => boolean;

/** The members that an object must have, each with what it must be. */
export type Shape = readonly (readonly [member: string, check: Check, need: string])[];

export const isObject = (v: unknown): v is Fields => typeof v === "object" && v !== null && !Array.isArray(v);
export const isText: Check = (v) => typeof v === "string";
export const isName: Check = (v) => typeof v === "string" && v !== "";
export const isCount: Check = (v) => Number.isSafeInteger(v) && (v as number) >= 0;
export const isInterval: Check = (v) => Number.isSafeInteger(v) && (v as number) > 0;
export const isInteger: Check = (v) => Number.isSafeInteger(v);
export const isRate: Check = (v) => typeof v === "number" && v >= 0;
export const isFlag: Check = (v) => typeof v === "boolean";
export const isID: Check = (v) => typeof v === "string" || Number.isInteger(v);

const plain = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
export const isDecimal: Check = (v) => typeof v === "string" && plain.test(v);
export const isMaybeDecimal: Check = (v) => v === "" || isDecimal(v);

export const oneOf =
  (...values: readonly string[]): Check =>
  (v) =>
    values.includes(v as string);
export const optional =
  (check: Check): Check =>
  (v) =>
    v === undefined || check(v);
export const listOf =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every(check);
export const objectOf =
  (shape: Shape): Check =>
  (v) =>
    isObject(v) && wrong(v, shape) === undefined;

/** The first member of v that is not as shape says. */
export function wrong(v: Fields, shape: Shape): string | undefined {
  for (const [member, check, need] of shape) {
    if (!check(v[member])) return `${member} must be ${need}, is ${brief(v[member])}`;
  }
  return undefined;
}

export function brief(v: unknown): string {
  const text = JSON.stringify(v) ?? "absent";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
