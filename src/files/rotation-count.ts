import type { FSWatcher } from "node:fs";
import { isAbsent, isUnbroken } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import { eventsSoFar, watchDoubts, watchFolder } from "./folder-watch.ts";

/** While files are renamed it is tried so often. */
const LOOKS = 4;
/** A log rotation renames the newest file, and makes another in its place. */
const CHANGES = 2;

/** Which of a log's files it is. */
export interface FileOrdinal {
  /** Newer ones have more. */
  readonly ordinal: number;
  /** Only where this is the same two ordinals can be compared. */
  readonly count: number;
}

/** A moment of the count. */
export interface RotationMark {
  readonly changes: number;
  readonly doubts: number;
}

/** The folder that it counts in. */
interface Counted {
  readonly folder: string;
  /** The newest file's name. */
  readonly base: string;
  list(): Promise<ChainFile[]>;
  isSwift(): Promise<boolean>;
}

/** A file as it stood in a listing. */
interface Listed {
  readonly file: ChainFile;
  readonly chain: readonly ChainFile[];
  /** `RotationCount.mark` of before it was made; undefined where that is not known. */
  readonly mark: RotationMark | undefined;
}

/** By how many files `newer` is newer; undefined where that is not known. */
export function newerBy(older: FileOrdinal, newer: FileOrdinal): number | undefined {
  return older.count === newer.count ? newer.ordinal - older.ordinal : undefined;
}

type State =
  /** It is not known yet whether it is of use, or the folder is not there. */
  | { readonly type: "new" }
  | { readonly type: "counting"; readonly watcher: FSWatcher }
  /** The folder can't be watched. */
  | { readonly type: "off" }
  | { readonly type: "closed" };

/**
 * Numbers the files of a log that are filled within a moment, by the events of its rotations: so it is known how many stood between two of them, though those are
 * deleted. Where events may have been lost it begins anew, and knows nothing of what was before.
 */
export class RotationCount {
  readonly #counted: Counted;
  #state: State = { type: "new" };
  #count = 0;
  #doubts = watchDoubts();
  /** Files were made, renamed or removed so often; and of that the newest one, or what was to be that. */
  #events = 0;
  #changes = 0;
  /** So many changes there were when the count began. Undefined: it is to begin. */
  #from: number | undefined;

  constructor(counted: Counted) {
    this.#counted = counted;
  }

  /** Counts from now on, where that is of use. What was listed before can't be told. */
  async begin(): Promise<void> {
    if (this.#state.type === "new" && (await this.#counted.isSwift())) this.#watch();
  }

  /** Of an open file. Undefined where it can't be told, or the file is deleted. Never rejects. */
  async ordinalOf(inode: string): Promise<FileOrdinal | undefined> {
    await this.begin();
    for (let look = 0; look < LOOKS && this.#state.type === "counting"; look++) {
      await eventsSoFar();
      const events = this.#events;
      // Who reads the files says what is wrong with their folder.
      const chain = await this.#counted.list().catch(() => []);
      const number = chain.find((file) => file.inode === inode)?.number;
      // While it is the newest, none has come that is not counted.
      if (number !== 0) await eventsSoFar();
      if (events !== this.#events || !isUnbroken(chain)) continue;
      return number === undefined ? undefined : this.#ordinalAt(number);
    }
    return undefined;
  }

  /** Of now, or of a moment ago. Undefined: nothing is counted. */
  get mark(): RotationMark | undefined {
    if (this.#state.type !== "counting") return undefined;
    return { changes: this.#changes, doubts: watchDoubts() };
  }

  /** `mark` is of now. */
  async settle(): Promise<void> {
    if (this.#state.type === "counting") await eventsSoFar();
  }

  /** Of an open file, also where it is deleted since it was listed. Undefined where it can't be told. */
  async ordinalIn({ file, chain, mark }: Listed): Promise<FileOrdinal | undefined> {
    const newest = chain.at(-1) ?? file;
    const found = await this.ordinalOf(newest.inode);
    if (newest === file) return found;
    // Where all that were listed are deleted, its inode may be another file's.
    if (found === undefined || this.#mostSince(mark) >= chain.length)
      return this.ordinalOf(file.inode);
    return { ...found, ordinal: found.ordinal - (file.number - newest.number) };
  }

  isCurrent({ count }: FileOrdinal): boolean {
    this.#doubt();
    const isOn = this.#state.type === "counting" && this.#from !== undefined;
    return isOn && count === this.#count;
  }

  close(): void {
    if (this.#state.type === "counting") this.#state.watcher.close();
    this.#state = { type: "closed" };
  }

  #mostSince(mark: RotationMark | undefined): number {
    if (mark?.doubts !== watchDoubts()) return Infinity;
    return Math.ceil((this.#changes - mark.changes) / CHANGES);
  }

  #watch(): void {
    // It may have been closed meanwhile.
    if (this.#state.type !== "new") return;
    const { folder, base } = this.#counted;
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
    } catch (error) {
      // There are too many watches; or it is not there yet.
      if (!isAbsent(error)) this.#state = { type: "off" };
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
  }
}
