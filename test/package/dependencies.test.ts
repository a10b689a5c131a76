import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

const root = new URL("../../", import.meta.url).pathname;
const lock: { packages: Record<string, Locked> } = JSON.parse(
  readFileSync(`${root}package-lock.json`, "utf8"),
);

/** What an installation of the package brings. */
const installed = Object.entries(lock.packages)
  .filter(([path, { dev, devOptional }]) => path !== "" && dev !== true && devOptional !== true)
  .map(([path]) => path.replace(/^.*node_modules\//, ""))
  .toSorted();

it("each dependency, and each of its own, is justified in docs/security.md, and there are no others", () => {
  const page = readFileSync(`${root}docs/security.md`, "utf8");
  const rows = page
    .slice(page.indexOf("## Dependencies"))
    .split("\n")
    .filter((line) => line.startsWith("| `") && !line.includes("optional peers"));
  const justified = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  );
  expect(justified.toSorted()).toEqual(installed);
  expect(installed).toHaveLength(18);
});
