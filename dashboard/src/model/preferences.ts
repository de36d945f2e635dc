import type { SymbolName } from "../feed/index.ts";
import { Watchlists } from "./watchlists.ts";

export type Theme = "auto" | "dark" | "light";

/** A column of the table as a person left it. */
export interface ColumnPreference {
  readonly id: string;
  readonly hidden: boolean;
  readonly width?: number;
}

/** Where texts are kept; a browser's localStorage is one. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
}

const KEY = "tickwire.preferences.1";

/** What one person wants, kept in the browser. */
export class Preferences {
  readonly watchlists: Watchlists;
  readonly #store: Store;
  theme: Theme;
  columns: readonly ColumnPreference[];
  /** Updates a second of each symbol; 0: every change. */
  rate: number;
  /** 0: none. */
  bytesPerS: number;

  constructor(store: Store) {
    this.#store = store;
    const kept = read(store);
    this.theme = kept["theme"] === "dark" || kept["theme"] === "light" ? kept["theme"] : "auto";
    this.columns = list(kept["columns"]).flatMap(column);
    this.rate = number(kept["rate"], 5);
    this.bytesPerS = number(kept["bytesPerS"], 0);
    const lists = list(kept["lists"]).flatMap((l) => (isRecord(l) && typeof l["name"] === "string" ? [[l["name"], names(l["symbols"])] as const] : []));
    this.watchlists = new Watchlists(names(kept["favourites"]), lists);
  }

  /** Keeps everything as it is now. A browser that lets nothing be kept is no reason to stop. */
  save(): void {
    const { watchlists, theme, columns, rate, bytesPerS } = this;
    const lists = watchlists.names.map((name) => ({ name, symbols: [...(watchlists.get(name) ?? [])] }));
    const text = JSON.stringify({ theme, columns, rate, bytesPerS, favourites: [...watchlists.favourites], lists });
    try {
      this.#store.setItem(KEY, text);
    } catch {
      return; // it is full, or forbidden
    }
  }
}

// What is kept may be of another version, or of someone who tried things out.

function read(store: Store): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEY) ?? "{}");
    return isRecord(kept) ? kept : {};
  } catch {
    return {};
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const names = (value: unknown): SymbolName[] => list(value).filter((v) => typeof v === "string" && v !== "") as SymbolName[];
const number = (value: unknown, otherwise: number): number => (typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : otherwise);

function column(value: unknown): ColumnPreference[] {
  if (!isRecord(value) || typeof value["id"] !== "string") return [];
  const kept = { id: value["id"], hidden: value["hidden"] === true };
  const width = number(value["width"], 0);
  return [width > 0 ? { ...kept, width } : kept];
}
