declare const brand: unique symbol;

/** A `T` that no other `T` can stand in for: a price is not just any string. */
export type Nominal<T, Name extends string> = T & { readonly [brand]: Name };
