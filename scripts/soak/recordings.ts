import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Told } from "./page.ts";
import { recordingOf } from "./samples.ts";
import type { SoakOptions } from "./samples.ts";

const NAMES = ["rotations", "real-time"] as const;
const FOLDER = new URL("./recordings/", import.meta.url);

/** The file that docs/maintainers/soak.md is made from, for a run of this kind. */
export function recordingPath({ rotations }: Pick<SoakOptions, "rotations">): string {
  return pathOf(rotations === undefined ? "real-time" : "rotations");
}

/** All that was recorded. */
export async function readRecordings(): Promise<Told[]> {
  const names = NAMES.filter((name) => existsSync(pathOf(name)));
  return await Promise.all(
    names.map(async (name) => ({
      name,
      recording: recordingOf(await readFile(pathOf(name), "utf8")),
    })),
  );
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`${name}.jsonl`, FOLDER));
}
