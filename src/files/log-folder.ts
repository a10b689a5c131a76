import { dirname, basename } from "node:path";
import { areSame, inodeOf, listChain } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import { GzContent, headOf } from "./gz-content.ts";
import type { LogContent } from "./log-content.ts";
import type { LogLocation } from "./log-files.ts";
import { openFile } from "./open-file.ts";
import type { OpenFile } from "./open-file.ts";
import { PlainContent } from "./plain-content.ts";

/** While files are renamed they are listed so often. */
const LOOKS = 20;

/** A file of a log, open. */
export interface Opened {
  readonly file: ChainFile;
  readonly opened: OpenFile;
  /** The log's files, oldest first. */
  readonly chain: readonly ChainFile[];
}

type Choose = (
  chain: readonly ChainFile[],
) => Promise<ChainFile | undefined> | ChainFile | undefined;

/** The folder that a log's files lie in. */
export class LogFolder {
  readonly #root: string;
  readonly #container: string;
  /** Of the newest file. */
  readonly path: string;
  readonly folder: string;
  readonly base: string;

  constructor({ root, path, folder }: LogLocation) {
    this.#container = folder;
    this.#root = root;
    this.path = path;
    this.folder = dirname(path);
    this.base = basename(path);
  }

  /** The container's own is. */
  async isThere(): Promise<boolean> {
    return (await inodeOf(this.#container)) !== undefined;
  }

  list(): Promise<ChainFile[]> {
    return listChain(this.folder, this.base);
  }

  /**
   * Opens the file that `choose` takes of those that are there, oldest first; as none of them was renamed meanwhile it is the right
   * one. Undefined where it takes none, or the files change all the time. `before`: those that were there a moment ago.
   */
  async open(choose: Choose, before?: readonly ChainFile[]): Promise<Opened | undefined> {
    let chain = before ?? (await this.list());
    for (let look = 0; look < LOOKS; look++) {
      const file = await choose(chain);
      if (file === undefined) return undefined;
      const opened = await openFile(this.#root, this.folder, file.name);
      try {
        const now = await this.list();
        if (opened?.inode === file.inode && areSame(chain, now)) return { file, opened, chain };
        chain = now;
      } catch (error) {
        await opened?.handle.close();
        throw error;
      }
      await opened?.handle.close();
    }
    return undefined;
  }

  /** The compressed file that begins with `head`. */
  async compressed(chain: readonly ChainFile[], head: Buffer): Promise<ChainFile | undefined> {
    if (head.length === 0) return undefined;
    for (const file of chain.toReversed()) {
      if (!file.isCompressed) continue;
      const opened = await openFile(this.#root, this.folder, file.name);
      if (opened === undefined) continue;
      try {
        if ((await headOf(opened)).equals(head)) return file;
      } finally {
        await opened.handle.close();
      }
    }
    return undefined;
  }
}

/** The log's first entry is in it. */
export function isOldest({ file, chain }: Opened): boolean {
  return file === chain[0];
}

export function contentOf({ file, opened }: Opened): LogContent {
  return file.isCompressed ? new GzContent(opened) : new PlainContent(opened);
}
