import { inodeOf, isUnbroken } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import type { LogContent } from "./log-content.ts";
import { contentOf } from "./log-folder.ts";
import type { LogFolder, Opened } from "./log-folder.ts";
import { newerBy } from "./rotation-count.ts";
import type { FileOrdinal } from "./rotation-count.ts";

/**
 * So many are open at most, and more than one only while they are no larger than this together: a deleted file takes its room on the disk until it
 * is closed.
 */
const MOST_FILES = 8;
const MOST_BYTES = 16 * 1024 * 1024;
/** A log rotation of the engine's takes no longer: some files are renamed. */
const LONGEST_ROTATION_NS = 1_000_000_000n;

/** A file, open, behind another one. */
export interface FileBehind {
  readonly content: LogContent;
  /** Its size when it was opened. */
  readonly bytes: number;
  /** Files between the two were deleted, or may have been. */
  readonly isLost: boolean;
}

/** The files behind the one that is read, in their order. They are opened as soon as they are known, lest the engine delete them unread. */
export class FilesBehind {
  readonly #folder: LogFolder;
  readonly #open: FileBehind[] = [];
  /** Of the newest file that was opened, where it is known. */
  #ordinal: FileOrdinal | undefined;
  /** The most that were there at once. */
  #most = 0;

  /** `ordinal`: of the file that is read first, where it is known. */
  constructor(folder: LogFolder, ordinal?: FileOrdinal) {
    this.#folder = folder;
    this.#ordinal = ordinal;
  }

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /** The first one. Who takes it closes it. */
  take(): FileBehind | undefined {
    return this.#open.shift();
  }

  /** Opens what there is behind `read` by now. "gone": neither that nor any other file is there. */
  async look(read: LogContent): Promise<"there" | "gone"> {
    const last = this.#open.at(-1)?.content ?? read;
    if (!last.isFinal && (await inodeOf(this.#folder.path)) === last.inode) {
      await this.#count(last);
      return "there";
    }
    const sizes = await Promise.all(this.#open.map(sizeOf));
    if (!hasRoom(sizes, 0)) return "there";
    let isGone = false;
    let isLost = false;
    // As long as others are open there is time.
    if (!this.isEmpty) await this.#folder.rotations.settle();
    const opened = await this.#folder.openAll(async (chain) => {
      this.#most = Math.max(this.#most, chain.length);
      const place = await this.#place(last, chain);
      const from = place === -1 ? await newerFrom(chain, last) : place + 1;
      const next = chain[from];
      isGone = place === -1 && next === undefined;
      isLost = next !== undefined && !(await this.#follows(next, last, chain, chain[place]));
      return fitting(chain.slice(from), sizes);
    });
    await this.#add(opened ?? [], isLost);
    return isGone ? "gone" : "there";
  }

  /** That is read first. */
  async begin(first: Opened): Promise<void> {
    this.#ordinal = await this.#folder.rotations.ordinalIn(first);
  }

  async close(): Promise<void> {
    this.#folder.rotations.close();
    for (const { content } of this.#open.splice(0)) await content.close();
  }

  /** `isDoubted`: nothing else than the count of log rotations may tell that no file is missing before them. */
  async #add(opened: readonly Opened[], isDoubted: boolean): Promise<void> {
    const first = opened[0];
    const newest = opened.at(-1);
    if (first === undefined || newest === undefined) return;
    const last = this.#ordinal;
    this.#ordinal = await this.#folder.rotations.ordinalIn(newest);
    const newer = last && this.#ordinal && newerBy(last, this.#ordinal);
    let isLost = isDoubted && newer !== first.file.number - newest.file.number + 1;
    for (const one of opened) {
      this.#open.push({ content: contentOf(one), bytes: one.file.bytes, isLost });
      isLost = false;
    }
  }

  /** Which of the files it is: by itself, or by its beginning where it was compressed since; -1 where it is deleted. */
  async #place(content: LogContent, chain: readonly ChainFile[]): Promise<number> {
    const own = chain.findIndex(({ inode }) => inode === content.inode);
    if (own !== -1 || content.isFinal) return own;
    const compressed = await this.#folder.compressed(chain, content);
    return compressed === undefined ? -1 : chain.indexOf(compressed);
  }

  /** Where `last` stands among the log's files is known from now on, if it can be. */
  async #count(last: LogContent): Promise<void> {
    if (this.#ordinal === undefined || !this.#folder.rotations.isCurrent(this.#ordinal))
      this.#ordinal = await this.#folder.rotations.ordinalOf(last.inode);
  }

  /** No file stands between `last` and `next`, nor has. `listed`: `last`, where it is there. */
  async #follows(
    next: ChainFile,
    last: LogContent,
    chain: readonly ChainFile[],
    listed: ChainFile | undefined,
  ): Promise<boolean> {
    if (listed !== undefined) return next.number === listed.number - 1;
    // Older ones than that are there: it was not the engine that deleted it.
    if (next !== chain[0]) return false;
    const { deletedAt } = await last.look();
    return deletedAt !== undefined && this.#isNewestDeletion(deletedAt, chain);
  }

  /**
   * Each log rotation of the engine's deletes the oldest file, and begins a new one right behind that. So the deletion was the newest rotation's,
   * and no file's but this one's, where the newest file was begun right behind it, and the one before that earlier. (Where files are compressed
   * the deletion is that of what was compressed.)
   */
  #isNewestDeletion(deletedAt: bigint, chain: readonly ChainFile[]): boolean {
    const [before, newest] = chain.slice(-2);
    if (before === undefined || newest === undefined) return false;
    if (chain.length !== this.#most || !isUnbroken(chain)) return false;
    if (chain.some(({ isCompressed }) => isCompressed)) return false;
    const isBegun = newest.born >= deletedAt && newest.born - deletedAt < LONGEST_ROTATION_NS;
    return isBegun && before.born > 0n && before.born < deletedAt;
  }
}

/** The first file that was made behind `deleted`, which somebody may have deleted though older ones are there. */
async function newerFrom(chain: readonly ChainFile[], deleted: LogContent): Promise<number> {
  // A compressed file is made after what is in it.
  if (deleted.isFinal) return 0;
  const { born } = await deleted.look();
  const from = chain.findIndex((file) => file.born === 0n || file.born >= born);
  return from === -1 ? chain.length : from;
}

/** It may have been written since it was opened. */
async function sizeOf({ content, bytes }: FileBehind): Promise<number> {
  return Math.max(bytes, (await content.look()).heldBytes);
}

/** Whether one more file, of so many bytes, may be opened behind files of these sizes. One may be always. */
function hasRoom(sizes: readonly number[], bytes: number): boolean {
  const last = sizes.at(-1);
  if (last === undefined) return true;
  // What is written now becomes as large as the one before it.
  const all = sizes.reduce((sum, size) => sum + size, Math.max(last, bytes));
  return sizes.length < MOST_FILES && all <= MOST_BYTES;
}

/** As many as there is room for that follow each other. */
function fitting(files: readonly ChainFile[], sizes: readonly number[]): ChainFile[] {
  const all = [...sizes];
  const fits: ChainFile[] = [];
  for (const file of files) {
    const before = fits.at(-1);
    const isNext = before === undefined || file.number === before.number - 1;
    if (!isNext || !hasRoom(all, file.bytes)) break;
    fits.push(file);
    all.push(Math.max(file.bytes, all.at(-1) ?? 0));
  }
  return fits;
}
