import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Checkpoint, CheckpointStore } from "../../src/index.ts";

/** A folder of the running test's own. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dp-checkpoint-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function entries(given: Readonly<Record<string, Checkpoint>>): Map<string, Checkpoint> {
  return new Map(Object.entries(given));
}

/** All that a store holds. */
export async function contents(store: CheckpointStore): Promise<Record<string, Checkpoint>> {
  const all: Record<string, Checkpoint> = {};
  for await (const key of store.keys("")) {
    const checkpoint = await store.load(key);
    if (checkpoint !== undefined) all[key] = checkpoint;
  }
  return all;
}
