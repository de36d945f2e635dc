import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, test } from "vitest";

// Data goes feed -> rest -> model -> view; imports point the other way. That the model
// and the feed know no DOM is the compiler's part: see their tsconfig.json.
const law: Readonly<Record<string, { may: readonly string[]; packages?: readonly string[]; typesOnly?: boolean }>> = {
  feed: { may: [] },
  rest: { may: ["feed"] },
  model: { may: ["feed", "rest"], typesOnly: true },
  view: { may: ["model"], packages: ["ag-grid-community", "lightweight-charts"] },
};

interface Import {
  readonly from: string;
  readonly target: string;
  /** The folder below src that target is in; undefined for a package. */
  readonly folder: string | undefined;
  readonly isType: boolean;
}

const forms = [
  /^(?:import|export)\s(?<type>type\s)?[^;"']*?\sfrom\s+["'](?<target>[^"']+)["']/gm,
  /\bimport\s*\(?\s*["'](?<target>[^"']+)["']/g,
];

function importsOf(folder: string): Import[] {
  const files = readdirSync(`src/${folder}`).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("fake."));
  return files.flatMap((name) => {
    const from = `src/${folder}/${name}`;
    const text = readFileSync(from, "utf8");
    return forms.flatMap((form) => [...text.matchAll(form)]).map(({ groups }) => {
      const target = groups?.["target"] ?? "";
      const inside = target.startsWith(".") ? posix.join(posix.dirname(from), target).split("/")[1] : undefined;
      return { from, target, folder: inside, isType: groups?.["type"] !== undefined };
    });
  });
}

describe.each(Object.entries(law))("%s", (folder, { may, packages = [], typesOnly = false }) => {
  const imports = importsOf(folder);
  const abroad = imports.filter((i) => i.folder !== folder);

  test("imports something, so that this test sees anything at all", () => {
    expect(imports.length).toBeGreaterThan(0);
  });

  test(`imports nothing from elsewhere${may.map((m) => ` but ${m}`).join("")}`, () => {
    expect(abroad.filter((i) => (i.folder === undefined ? !packages.includes(i.target.split("/")[0] ?? "") : !may.includes(i.folder)))).toEqual([]);
  });

  if (!typesOnly) return;
  test("imports only types from there", () => {
    expect(abroad.filter((i) => !i.isType)).toEqual([]);
  });
});
