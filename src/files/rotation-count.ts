import type { FSWatcher } from "node:fs";
import { isUnbroken } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import { eventsSoFar, watchDoubts, watchFolder } from "./folder-watch.ts";
import type { LogFolder } from "./log-folder.ts";

/** While files are renamed it is tried so often. */
const LOOKS = 8;
/** A log rotation renames the newest file, and makes another in its place. */
const CHANGES = 2;

/** Which of a log's files it is. */
export interface FileOrdinal {
  /** Newer ones have more. */
  readonly ordinal: number;
  /** Only where this is the same two ordinals can be compared. */
  readonly count: number;
}

/** A moment. */
export type RotationMark = number;

/** By how many files `newer` is newer; undefined where that is not known. */
export function newerBy(older: FileOrdinal, newer: FileOrdinal): number | undefined {
  return older.count === newer.count ? newer.ordinal - older.ordinal : undefined;
}

type State =
  /** Nobody has asked yet. */
  | { readonly type: "new" }
  | { readonly type: "counting"; readonly watcher: FSWatcher }
  /** The files are large, or can't be watched. */
  | { readonly type: "off" }
  | { readonly type: "closed" };

/**
 * Numbers the files of a log that are filled within a moment, by the events of its rotations: so it is known how many stood between two of them, though those are
 * deleted. Where events may have been lost it begins anew, and knows nothing of what was before.
 */
export class RotationCount {
  readonly #folder: LogFolder;
  #state: State = { type: "new" };
  #count = 0;
  #doubts = watchDoubts();
  /** Files were made, renamed or removed so often; and of that the newest one, or what was to be that. */
  #events = 0;
  #changes = 0;
  /** So many changes there were when the count began. Undefined: it is to begin. */
  #from: number | undefined;

  constructor(folder: LogFolder) {
    this.#folder = folder;
  }

  /** Of an open file. Undefined where it can't be told, or the file is deleted. */
  async ordinalOf(inode: string): Promise<FileOrdinal | undefined> {
    if (this.#state.type === "new") await this.#begin();
    for (let look = 0; look < LOOKS && this.#state.type === "counting"; look++) {
      await eventsSoFar();
      const events = this.#events;
      const chain = await this.#folder.list();
      const number = chain.find((file) => file.inode === inode)?.number;
      // While it is the newest, none has come that is not counted.
      if (number !== 0) await eventsSoFar();
      if (events !== this.#events || !isUnbroken(chain)) continue;
      return number === undefined ? undefined : this.#ordinalAt(number);
    }
    return undefined;
  }

  /** A moment before now: right before, unless that `isUrgent`. */
  async mark(isUrgent: boolean): Promise<RotationMark> {
    if (!isUrgent && this.#state.type === "counting") await eventsSoFar();
    return this.#changes;
  }

  /**
   * Of an open file, as it stood in a listing that was made behind `mark`: also where it is deleted since. Undefined where it can't be told.
   */
  async ordinalIn(
    chain: readonly ChainFile[],
    file: ChainFile,
    mark: RotationMark,
  ): Promise<FileOrdinal | undefined> {
    const newest = chain.at(-1) ?? file;
    const found = await this.ordinalOf(newest.inode);
    // Its inode may be another file's by now, if all of them are deleted.
    const rotations = Math.ceil((this.#changes - mark) / CHANGES);
    if (found === undefined || (newest !== file && rotations >= chain.length)) return undefined;
    return { ...found, ordinal: found.ordinal - (file.number - newest.number) };
  }

  isCurrent({ count }: FileOrdinal): boolean {
    this.#doubt();
    return this.#state.type === "counting" && count === this.#count;
  }

  close(): void {
    if (this.#state.type === "counting") this.#state.watcher.close();
    this.#state = { type: "closed" };
  }

  async #begin(): Promise<void> {
    const { folder, base } = this.#folder;
    const isSwift = await this.#folder.isSwift();
    if (this.#state.type !== "new") return;
    this.#state = { type: "off" };
    if (!isSwift) return;
    try {
      const watcher = watchFolder(folder, (event, name) => {
        if (event !== "rename") return;
        this.#events++;
        if (name === base) this.#changes++;
      });
      watcher.on("error", () => {
        this.close();
      });
      this.#state = { type: "counting", watcher };
    } catch {
      // There are too many watches.
    }
  }

  /** No log rotation is under way. */
  #ordinalAt(number: number): FileOrdinal {
    this.#doubt();
    const changes = this.#changes - (this.#from ?? 0);
    // Half a rotation is none of the engine's.
    if (this.#from === undefined || changes % CHANGES !== 0) {
      this.#from = this.#changes;
      this.#count++;
      return { ordinal: 0 - number, count: this.#count };
    }
    return { ordinal: changes / CHANGES - number, count: this.#count };
  }

  #doubt(): void {
    const doubts = watchDoubts();
    if (doubts === this.#doubts) return;
    this.#doubts = doubts;
    this.#from = undefined;
    this.#count++;
  }
}
