import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join, sep } from "node:path";
import { DockspoolError, codeOf, messageOf } from "../errors.ts";
import { isAbsent } from "./file-chain.ts";
import { unreadable } from "./unreadable.ts";

/** A regular file that is open for reading. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly path: string;
  readonly inode: string;
  /** Reading leaves its time of access as it is: the disk has nothing to write. Only its owner, and root, may ask for that. */
  readonly isUntouched: boolean;
}

/**
 * Opens a file of a log's folder. Undefined where it is not there.
 *
 * @throws DockspoolError FILES_UNREADABLE where it is outside `root`, no regular file, or may not be read
 */
export async function openFile(
  root: string,
  folder: string,
  name: string,
): Promise<OpenFile | undefined> {
  const path = join(folder, name);
  const real = await realFolder(root, folder);
  return real === undefined ? undefined : openIn(real, name, path);
}

/**
 * Where a folder really is; undefined where it is not there.
 *
 * @throws DockspoolError FILES_UNREADABLE where that is outside `root`
 */
export async function realFolder(root: string, folder: string): Promise<string | undefined> {
  return unlessAbsent(folder, async () => {
    const [within, real] = await Promise.all([realpath(root), realpath(folder)]);
    if (real !== within && !real.startsWith(within.endsWith(sep) ? within : within + sep))
      throw unreadable(folder, `it is ${real}, outside ${within}`);
    return real;
  });
}

/** Opens a file of a real folder. `path`: what it is called. As `openFile`. */
export async function openIn(
  real: string,
  name: string,
  path: string,
): Promise<OpenFile | undefined> {
  return unlessAbsent(path, async () => checked(await opened(join(real, name)), path));
}

async function opened(file: string): Promise<Pick<OpenFile, "handle" | "isUntouched">> {
  // A pipe would keep the opening waiting.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  // Linux alone has it.
  const untouched: number | undefined = constants.O_NOATIME;
  try {
    if (untouched !== undefined)
      return { handle: await open(file, flags | untouched), isUntouched: true };
  } catch (error) {
    if (codeOf(error) !== "EPERM") throw error;
  }
  return { handle: await open(file, flags), isUntouched: false };
}

async function unlessAbsent<T>(path: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (DockspoolError.is(error)) throw error;
    const reason = codeOf(error) === "ELOOP" ? "it is a symbolic link" : messageOf(error);
    throw unreadable(path, reason, error);
  }
}

async function checked(
  { handle, isUntouched }: Pick<OpenFile, "handle" | "isUntouched">,
  path: string,
): Promise<OpenFile> {
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw unreadable(path, "it is no regular file");
    return { handle, path, inode: String(stats.ino), isUntouched };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
