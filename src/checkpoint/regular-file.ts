import { constants, open, lstat, readlink, realpath, stat } from "node:fs/promises";
import type { BigIntStats, Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { codeOf } from "../errors.ts";

/** Others than its owner and its group may write into it. */
const WRITABLE_BY_ALL = 0o002;

/**
 * Where a file really is. A link is followed: operators keep data on another disk by links. In a folder that everybody may write to,
 * such as /tmp, one of another user is not, who could lead it to any file of ours (as Linux's `protected_symlinks` has it).
 *
 * @throws Error that says why not
 */
export async function realPlace(path: string): Promise<string> {
  const link = await lstat(path).catch(missing);
  if (link === undefined || !link.isSymbolicLink()) return path;
  const folder = await stat(dirname(path));
  const isTrusted = link.uid === process.getuid?.() || link.uid === folder.uid;
  if (!isTrusted && (folder.mode & WRITABLE_BY_ALL) !== 0)
    throw new Error(`it is a link of another user (${link.uid}) in a folder that all may write to`);
  const place = await realpath(path).catch(missing);
  // It leads to a file that is yet to be written.
  return place ?? resolve(dirname(path), await readlink(path));
}

/**
 * A file's content. Never waits, whatever is there meanwhile: a pipe that nobody writes to, a device without an end.
 *
 * @throws Error that says what it is, where it is no regular file
 */
export async function readRegular(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    refuseOthers(await file.stat());
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** @throws Error that says what it is, where it is no regular file */
export function refuseOthers(stats: Stats | BigIntStats): void {
  const what = stats.isFile()
    ? undefined
    : stats.isDirectory()
      ? "a folder"
      : stats.isFIFO()
        ? "a pipe"
        : stats.isSocket()
          ? "a socket"
          : "a device";
  if (what !== undefined) throw new Error(`it is ${what}, and not a file`);
}

function missing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}
