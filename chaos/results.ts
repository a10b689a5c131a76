import { appendFileSync, readFileSync } from "node:fs";
import type { Figures } from "./oracle.ts";
import type { EngineKind } from "./plan.ts";

/** What is kept of a run. */
export interface Result {
  readonly seed: number;
  readonly engine: EngineKind;
  readonly minutes: number;
  readonly violations: readonly string[];
  readonly figures: Figures;
}

export function keepResult(path: string, result: Result): void {
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}

export function readResults(paths: readonly string[]): Result[] {
  return paths.flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Result => JSON.parse(line)),
  );
}
