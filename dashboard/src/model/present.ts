/** A value that is there by how its holder was made. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError("there is no such value");
  return value;
}
