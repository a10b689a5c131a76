import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, readdir, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const SUFFIX = /^\.[0-9a-f]{16}\.tmp$/;
/** What a process that was killed left is removed once it is older than this. */
const LEFTOVER_MS = 60_000;

/**
 * Replaces a file, all or nothing: who reads it meanwhile, or after a loss of power, finds the old content or the new. Of the
 * libraries that do this each had a fault that matters here; see docs/maintainers/engines-quirks.md.
 *
 * `written` is told of the new file before it takes the old one's place: a call that fails may have replaced it all the same.
 */
export async function replaceFile(
  target: string,
  content: string,
  mode: number,
  written: (file: BigIntStats) => void,
): Promise<void> {
  const temporary = `${target}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
      written(await file.stat({ bigint: true }));
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    // The error that matters is the first.
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Removes what processes that were killed while they replaced the file have left beside it. */
export async function removeLeftovers(target: string): Promise<void> {
  const own = basename(target);
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(own) || !SUFFIX.test(name.slice(own.length))) continue;
    const leftover = join(dirname(target), name);
    const { mtimeMs } = await stat(leftover);
    if (Date.now() - mtimeMs > LEFTOVER_MS) await unlink(leftover);
  }
}

/** Makes a rename outlive a loss of power. Not every system lets folders be synced. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Then the file is that of the save before.
  }
}
