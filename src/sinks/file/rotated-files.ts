import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../errors.ts";

/** What is added to the name of a file that is rotated: its end in UTC, and a number where that name is taken. */
const ENDING = /^\.\d{8}T\d{6}\.\d{3}Z(?:-\d+)?$/;

/** Gives the file the name of a rotated one. */
export async function rotate(path: string, now: Date): Promise<void> {
  const name = `${path}.${now.toISOString().replace(/[-:]/g, "")}`;
  const names = new Set(await rotatedFiles(path));
  const isTaken = (number: number): boolean => names.has(basename(numbered(name, number)));
  let number = 0;
  while (isTaken(number)) number++;
  await rename(path, numbered(name, number));
}

function numbered(name: string, number: number): string {
  return number === 0 ? name : `${name}-${number}`;
}

/** Deletes the oldest rotated files but so many. */
export async function prune(path: string, keep: number): Promise<void> {
  if (keep === Infinity) return;
  const names = await rotatedFiles(path);
  for (const name of names.slice(0, Math.max(0, names.length - keep)))
    await rm(join(dirname(path), name), { force: true });
}

/** The oldest first. */
async function rotatedFiles(path: string): Promise<string[]> {
  const own = basename(path);
  const names = await readdir(dirname(path));
  const rotated = names.filter(
    (name) => name.startsWith(own) && ENDING.test(name.slice(own.length)),
  );
  // Numbers count: "-10" is later than "-9".
  return rotated.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** So that a new name outlasts a power failure. Windows knows no such thing, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } catch (error) {
    // File systems that have no such operation say so.
    if (!["EINVAL", "ENOTSUP"].includes(codeOf(error))) throw error;
  } finally {
    await folder.close();
  }
}
