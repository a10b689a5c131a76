import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Figures } from "./oracle.ts";
import type { Driver, EngineKind, Reading } from "./plan.ts";
import type { Story } from "./run.ts";

/** What is kept of a run. */
export interface Result {
  /** The day it was played. */
  readonly date?: string;
  readonly seed: number;
  readonly engine: EngineKind;
  /** Absent from what was kept before there was a choice: by the engine. */
  readonly read?: Reading;
  readonly driver?: Driver;
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

/** All that is known of a run: what the collectors wrote, and what the engine's logs held. */
export async function keepStory(path: string, story: Story): Promise<void> {
  const { plan, disturbances, acts, runs, world } = story;
  const containers = await Promise.all(
    world.containers.map(async (container) => ({
      name: container.name,
      id: container.id,
      kind: container.kind,
      truth: await world.truth(container),
    })),
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ plan, disturbances, acts, runs, containers }));
}
