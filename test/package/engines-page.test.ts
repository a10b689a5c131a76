import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BEGIN, END, table } from "../support/matrix/page.ts";
import { DRIVERS, ROTATED, SCENARIOS } from "../support/matrix/scenarios.ts";
import { root } from "./support.ts";

const page = readFileSync(join(root, "docs/engines.md"), "utf8");
const results = JSON.parse(readFileSync(join(root, "test/engines/results.json"), "utf8"));

/** A formatter aligns the columns. */
function cells(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+$/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}

describe("docs/engines.md", () => {
  it("shows the newest results, with a row for each scenario", () => {
    const block = page.slice(page.indexOf(BEGIN), page.indexOf(END));
    expect(cells(block)).toEqual(cells(table(results)));
    for (const title of Object.values(SCENARIOS)) expect(block).toContain(`| ${title} `);
  });

  it("has the results of each scenario, on each engine and driver", () => {
    const engines = Object.keys(results).toSorted();
    expect(engines.length).toBeGreaterThanOrEqual(6);
    const rows = Object.keys(SCENARIOS).toSorted();
    const drivers = new Set([...DRIVERS, ...Object.values(ROTATED).flat()].map(({ name }) => name));
    for (const engine of engines) {
      const { cells: byApi, files } = results[engine];
      // Podman's files that are replaced are not read.
      const isDocker = engine.startsWith("docker-");
      expect(Object.keys(byApi).toSorted()).toEqual(rows.filter((row) => row !== "refused"));
      expect(Object.keys(files).toSorted()).toEqual(
        rows.filter((row) => isDocker || row !== "ownRotation"),
      );
      const named = Object.values<object>({ ...byApi, ...files }).flatMap((row) =>
        Object.keys(row),
      );
      expect(named.filter((name) => !drivers.has(name))).toEqual([]);
    }
  });

  it("has a body for each scenario in test/engines, and none besides", () => {
    const folder = join(root, "test/engines");
    const bodies = readdirSync(folder)
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(folder, name), "utf8"))
      .flatMap((text) =>
        [...text.matchAll(/^(?:scenario|filesScenario)\(\s*"(\w+)"/gm)].map(
          ([, name = ""]) => name,
        ),
      );
    expect(bodies.toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
  });

  it("names files that exist", () => {
    const named = [...page.matchAll(/`((?:src|test)\/[^`\s]+)`/g)].map(([, path = ""]) => path);
    const all = new Set(
      ["src", "test"].flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
          join(folder, name),
        ),
      ),
    );
    expect(named.filter((path) => !all.has(path.replace(/\/$/, "")))).toEqual([]);
  });
});
