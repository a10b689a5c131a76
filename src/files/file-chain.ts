import { lstatSync, readdirSync } from "node:fs";
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
  const places = placesOf(await namesIn(folder), base);
  return chainOf(places, await Promise.all(places.map(({ name }) => statsOf(join(folder, name)))));
}

/** As `listChain`, without a thread to wait for it. */
export function listChainNow(folder: string, base: string): ChainFile[] {
  const places = placesOf(namesNow(folder), base);
  return chainOf(
    places,
    places.map(({ name }) => statsNow(join(folder, name))),
  );
}

/** Undefined where nothing is there. */
export async function inodeOf(path: string): Promise<string | undefined> {
  const stats = await statsOf(path);
  return stats && String(stats.ino);
}

/** As `inodeOf`, likewise. */
export function inodeNow(path: string): string | undefined {
  const stats = statsNow(path);
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

function statsNow(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
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

function namesNow(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

type Place = Pick<ChainFile, "name" | "number" | "isCompressed">;

function placesOf(names: readonly string[], base: string): Place[] {
  return names.map((name) => placeOf(name, base)).filter((place) => place !== undefined);
}

/** `stats`: of the file in each place; undefined where there is none any more. */
function chainOf(
  places: readonly Place[],
  stats: readonly (BigIntStats | undefined)[],
): ChainFile[] {
  const files = new Map<number, ChainFile>();
  for (const [index, place] of places.entries()) {
    const found = stats[index];
    if (found === undefined || (place.isCompressed && files.has(place.number))) continue;
    const { ino, birthtimeNs: born, size } = found;
    files.set(place.number, { ...place, inode: String(ino), born, bytes: Number(size) });
  }
  return [...files.values()].toSorted((one, other) => other.number - one.number);
}

/** "base", "base.1", "base.2.gz". */
function placeOf(name: string, base: string): Place | undefined {
  if (name === base) return { name, number: 0, isCompressed: false };
  if (!name.startsWith(`${base}.`)) return undefined;
  const match = /^([1-9]\d{0,5})(\.gz)?$/.exec(name.slice(base.length + 1));
  if (match === null) return undefined;
  return { name, number: Number(match[1]), isCompressed: match[2] !== undefined };
}
