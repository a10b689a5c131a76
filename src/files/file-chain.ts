import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../errors.ts";

/** One of a log's files. */
export interface ChainFile {
  readonly name: string;
  /** 0 for the one that is written, and more for older ones. */
  readonly number: number;
  readonly isCompressed: boolean;
  readonly inode: string;
  /** When it was made, in nanoseconds: an inode is used again. 0 where the file system does not tell. */
  readonly born: bigint;
  /** Its size. */
  readonly bytes: number;
}

/** The files of a log, oldest first. While one is compressed it is there twice: then the plain one counts. */
export async function listChain(folder: string, base: string): Promise<ChainFile[]> {
  const files = new Map<number, ChainFile>();
  for (const name of await namesIn(folder)) {
    const place = placeOf(name, base);
    if (place === undefined) continue;
    const known = files.get(place.number);
    if (known !== undefined && place.isCompressed) continue;
    const stats = await statsOf(join(folder, name));
    if (stats === undefined) continue;
    const { ino, birthtimeNs: born, size } = stats;
    files.set(place.number, { name, inode: String(ino), born, bytes: Number(size), ...place });
  }
  return [...files.values()].toSorted((one, other) => other.number - one.number);
}

/** Undefined where nothing is there. */
export async function inodeOf(path: string): Promise<string | undefined> {
  const stats = await statsOf(path);
  return stats && String(stats.ino);
}

async function statsOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

export function isAbsent(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

/** The newest is the one that is written, and none is missing between it and the oldest. */
export function isUnbroken(chain: readonly ChainFile[]): boolean {
  return chain.every(({ number }, place) => number === chain.length - 1 - place);
}

export function areSame(one: readonly ChainFile[], other: readonly ChainFile[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, inode, born }, index) => {
      const file = other[index];
      return file?.name === name && file.inode === inode && file.born === born;
    })
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** "base", "base.1", "base.2.gz". */
function placeOf(
  name: string,
  base: string,
): Pick<ChainFile, "number" | "isCompressed"> | undefined {
  if (name === base) return { number: 0, isCompressed: false };
  if (!name.startsWith(`${base}.`)) return undefined;
  const match = /^([1-9]\d{0,5})(\.gz)?$/.exec(name.slice(base.length + 1));
  if (match === null) return undefined;
  return { number: Number(match[1]), isCompressed: match[2] !== undefined };
}
