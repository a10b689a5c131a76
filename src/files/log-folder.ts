import { dirname, basename } from "node:path";
import { areSame, inodeOf, listChain } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import { GzContent, headOf } from "./gz-content.ts";
import { HEAD_BYTES } from "./log-content.ts";
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

  /** None of the files was renamed while they were listed, or since `before`. Undefined where they change all the time. */
  async #listed(before?: readonly ChainFile[]): Promise<readonly ChainFile[] | undefined> {
    let chain = before ?? (await this.list());
    for (let look = 0; look < LOOKS; look++) {
      const again = await this.list();
      if (areSame(chain, again)) return again;
      chain = again;
    }
    return undefined;
  }

  /**
   * Opens the file that `choose` takes of those that are there, oldest first. Undefined where it takes none, or the files change all
   * the time. `before`: those that were there a moment ago.
   */
  async open(choose: Choose, before?: readonly ChainFile[]): Promise<Opened | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const chain = await this.#listed(look === 0 ? before : undefined);
      if (chain === undefined) return undefined;
      const file = await choose(chain);
      if (file === undefined) return undefined;
      const opened = await openFile(this.#root, this.folder, file.name);
      // It may be another one that has the name by now.
      if (opened?.inode === file.inode) return { file, opened, chain };
      await opened?.handle.close();
    }
    return undefined;
  }

  /** The beginning of the newest file, where files are compressed and that is long enough to tell it from others. */
  async newest(
    chain: readonly ChainFile[],
  ): Promise<{ readonly inode: string; readonly head: Buffer } | undefined> {
    if (!chain.some(({ isCompressed }) => isCompressed)) return undefined;
    const opened = await openFile(this.#root, this.folder, this.base);
    if (opened === undefined) return undefined;
    const content = new PlainContent(opened);
    try {
      const head = await content.head();
      return head.length === HEAD_BYTES ? { inode: opened.inode, head } : undefined;
    } finally {
      await content.close();
    }
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
