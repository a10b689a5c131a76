import { inodeOf, isUnbroken } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import type { LogContent } from "./log-content.ts";
import { contentOf } from "./log-folder.ts";
import type { LogFolder } from "./log-folder.ts";

/**
 * So many are open at most, and more than one only while they are no larger than this together: a deleted file takes its room on the disk until it
 * is closed.
 */
const MOST_FILES = 8;
const MOST_BYTES = 16 * 1024 * 1024;

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
  /** The most that were there at once. */
  #most = 0;

  constructor(folder: LogFolder) {
    this.#folder = folder;
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
    if (this.#room <= 0) return "there";
    if (!last.isFinal && (await inodeOf(this.#folder.path)) === last.inode) return "there";
    let isGone = false;
    let isLost = false;
    const opened = await this.#folder.openAll(async (chain) => {
      this.#most = Math.max(this.#most, chain.length);
      const place = await this.#place(last, chain);
      const next = chain[place + 1];
      isGone = place === -1 && next === undefined;
      isLost = next !== undefined && !(await this.#follows(next, last, chain, chain[place]));
      return this.#fitting(chain.slice(place + 1));
    });
    for (const one of opened ?? []) {
      this.#open.push({ content: contentOf(one), bytes: one.file.bytes, isLost });
      isLost = false;
    }
    return isGone ? "gone" : "there";
  }

  async close(): Promise<void> {
    for (const { content } of this.#open.splice(0)) await content.close();
  }

  /** For so many bytes of files. */
  get #room(): number {
    if (this.#open.length >= MOST_FILES) return 0;
    return this.#open.reduce((room, { bytes }) => room - bytes, MOST_BYTES);
  }

  /** One at least, and as many as there is room for that follow each other. */
  #fitting(files: readonly ChainFile[]): ChainFile[] {
    const fitting: ChainFile[] = [];
    let room = this.#room;
    for (const file of files) {
      const before = fitting.at(-1);
      if (before !== undefined) {
        room -= before.bytes;
        const isFull = this.#open.length + fitting.length >= MOST_FILES || file.bytes > room;
        if (isFull || file.number !== before.number - 1) break;
      }
      fitting.push(file);
    }
    return fitting;
  }

  /** Which of the files it is: by itself, or by its beginning where it was compressed since; -1 where it is deleted. */
  async #place(content: LogContent, chain: readonly ChainFile[]): Promise<number> {
    const own = chain.findIndex(({ inode }) => inode === content.inode);
    if (own !== -1 || content.isFinal) return own;
    const compressed = await this.#folder.compressed(chain, content);
    return compressed === undefined ? -1 : chain.indexOf(compressed);
  }

  /** No file stands between `last` and `next`, nor has. `listed`: `last`, where it is there. */
  async #follows(
    next: ChainFile,
    last: LogContent,
    chain: readonly ChainFile[],
    listed: ChainFile | undefined,
  ): Promise<boolean> {
    if (listed !== undefined) return next.number === listed.number - 1;
    const { deletedAt } = await last.look();
    return deletedAt !== undefined && this.#isNewestDeletion(deletedAt, chain);
  }

  /**
   * Each log rotation of the engine's deletes the oldest file, and begins a new one right behind that. So there was none since the deletion of a
   * file where the newest but one was begun before it. (Where files are compressed the deletion is that of what was compressed.)
   */
  #isNewestDeletion(deletedAt: bigint, chain: readonly ChainFile[]): boolean {
    const before = chain.at(-2);
    if (before === undefined || chain.length !== this.#most || !isUnbroken(chain)) return false;
    if (chain.some(({ isCompressed }) => isCompressed)) return false;
    return before.born > 0n && before.born < deletedAt;
  }
}
