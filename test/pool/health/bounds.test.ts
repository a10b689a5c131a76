import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { STEADY_MS } from "../../../src/source/attempts.ts";

const text = readFileSync(join(import.meta.dirname, "../../../docs/operating.md"), "utf8");

describe("docs/operating.md", () => {
  it("has each bound with its value, and no other", () => {
    const rows = [...text.matchAll(/^\| `(\w+Ms)` +\| (\d+) s +\|/gm)];
    const documented = rows.map(([, name = "", seconds]) => [name, Number(seconds) * 1_000]);
    expect(Object.fromEntries(documented)).toEqual(BOUNDS);
  });

  it("says how long a stream has to stay open", () => {
    expect(text).toContain(`or after ${STEADY_MS / 1_000} s.`);
  });
});
