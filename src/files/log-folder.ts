import { basename, dirname, join } from "node:path";
import { areSame, inodeNow, inodeOf, isUnbroken, listChain, listChainNow } from "./file-chain.ts";
import type { ChainFile } from "./file-chain.ts";
import { GzContent, headOf } from "./gz-content.ts";
import { isOnLocalDisk } from "./local-disk.ts";
import type { LogContent } from "./log-content.ts";
import type { LogLocation } from "./log-files.ts";
import { RotationCount } from "./rotation-count.ts";
import { openFile, openIn, realFolder } from "./open-file.ts";
import type { OpenFile } from "./open-file.ts";
import { PlainContent } from "./plain-content.ts";

/** While files are renamed they are listed so often. */
const LOOKS = 20;

/** A smaller file may be filled while a thread is waited for. */
const SMALL_BYTES = 1024 * 1024;
/** Looks at no more files than so many take no time worth a name. */
const MOST_NOW = 16;

/** A log's files as they were found. */
interface Listing {
  /** Oldest first. */
  readonly chain: readonly ChainFile[];
  /** `RotationCount.mark` of before; undefined where that is not known. */
  readonly mark: number | undefined;
}

/** A file of a log, open. */
export interface Opened extends Listing {
  readonly file: ChainFile;
  readonly opened: OpenFile;
}

type Choose<T> = (chain: readonly ChainFile[]) => Promise<T> | T;

/** Of two files' beginnings: few bytes tell most of them apart, and so many have the first entry's timestamp, however long that is. */
const HEAD_BYTES = [512, 128 * 1024] as const;

/** The folder that a log's files lie in. */
export class LogFolder {
  readonly #root: string;
  readonly #container: string;
  /** Of the newest file. */
  readonly path: string;
  readonly folder: string;
  readonly base: string;
  readonly rotations: RotationCount;
  /** Its files are filled within a moment, and lie on a local disk. Undefined: not looked at yet. */
  #isSwift: boolean | undefined;
  /** How many files there were. */
  #length = 0;

  /** `rotations`: those that were counted so far. */
  constructor(
    {
      root,
      path,
      folder,
      fileBytes = Infinity,
    }: Pick<LogLocation, "root" | "path" | "folder" | "fileBytes">,
    rotations?: RotationCount,
  ) {
    this.#container = folder;
    this.#root = root;
    this.path = path;
    this.folder = dirname(path);
    this.base = basename(path);
    this.rotations = rotations ?? new RotationCount(this);
    if (fileBytes < SMALL_BYTES) return;
    this.#isSwift = false;
    this.rotations.close();
  }

  /** The container's own is. */
  async isThere(): Promise<boolean> {
    return (await inodeOf(this.#container)) !== undefined;
  }

  /** The newest file's inode, without a thread to wait for it: for a local disk, behind a look of a moment ago. */
  newestNow(): string | undefined {
    try {
      return inodeNow(this.path);
    } catch {
      return undefined;
    }
  }

  /** Its files are small, so that one may be filled within a moment, and lie on a local disk. */
  async isSwift(): Promise<boolean> {
    this.#isSwift ??= await isOnLocalDisk(this.folder);
    return this.#isSwift;
  }

  async list(): Promise<ChainFile[]> {
    const isNow = this.#length <= MOST_NOW && (await this.isSwift());
    const chain = isNow
      ? listChainNow(this.folder, this.base)
      : await listChain(this.folder, this.base);
    this.#length = chain.length;
    return chain;
  }

  /**
   * Opens the file that `choose` takes of those that are there, oldest first; as none of them was renamed meanwhile it is the right
   * one. Undefined where it takes none, or the files change all the time. `before`: those that were there a moment ago.
   */
  async open(
    choose: Choose<ChainFile | undefined>,
    before?: readonly ChainFile[],
  ): Promise<Opened | undefined> {
    const chosen = async (chain: readonly ChainFile[]): Promise<readonly ChainFile[]> => {
      const file = await choose(chain);
      return file === undefined ? [] : [file];
    };
    return (await this.openAll(chosen, before))?.[0];
  }

  /** As `open`, each of the files that it takes. */
  async openAll(
    choose: Choose<readonly ChainFile[]>,
    before?: readonly ChainFile[],
  ): Promise<readonly Opened[] | undefined> {
    let listing: Listing =
      before === undefined ? await this.#look() : { chain: before, mark: undefined };
    for (let look = 0; look < LOOKS; look++) {
      const { chain } = listing;
      const files = await choose(chain);
      if (files.length === 0) return [];
      const opened = await this.#open(files, listing);
      let isRight = false;
      try {
        const now = await this.#look();
        // Between two renames of the engine's none has some number; where that stays so somebody has deleted one.
        const isDone = isUnbroken(chain) || look >= LOOKS / 2;
        isRight = opened.length === files.length && areSame(chain, now.chain) && isDone;
        if (isRight) return opened;
        listing = now;
      } finally {
        if (!isRight) await closeAll(opened);
      }
    }
    return undefined;
  }

  async #look(): Promise<Listing> {
    const { mark } = this.rotations;
    return { chain: await this.list(), mark };
  }

  /** Those of them that are there still. */
  async #open(files: readonly ChainFile[], listing: Listing): Promise<Opened[]> {
    const real = await realFolder(this.#root, this.folder);
    if (real === undefined) return [];
    const results = await Promise.allSettled(
      files.map((file) => this.#openOne(real, file, listing)),
    );
    const opened = results.flatMap((result) =>
      result.status === "fulfilled" && result.value !== undefined ? [result.value] : [],
    );
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status !== "rejected") return opened;
    await closeAll(opened);
    throw failed.reason;
  }

  async #openOne(real: string, file: ChainFile, listing: Listing): Promise<Opened | undefined> {
    const opened = await openIn(real, file.name, join(this.folder, file.name));
    if (opened?.inode === file.inode) return { file, opened, ...listing };
    await opened?.handle.close();
    return undefined;
  }

  /** The compressed file that has what `content` has. */
  async compressed(
    chain: readonly ChainFile[],
    content: LogContent,
  ): Promise<ChainFile | undefined> {
    for (const file of chain.toReversed()) {
      if (!file.isCompressed) continue;
      const opened = await openFile(this.#root, this.folder, file.name);
      if (opened === undefined) continue;
      try {
        if (await beginAlike(opened, content)) return file;
      } finally {
        await opened.handle.close();
      }
    }
    return undefined;
  }
}

async function beginAlike(compressed: OpenFile, content: LogContent): Promise<boolean> {
  for (const bytes of HEAD_BYTES) {
    const head = await content.head(bytes);
    if (head.length === 0 || !(await headOf(compressed, bytes)).equals(head)) return false;
  }
  return true;
}

/** The log's first entry is in it. */
export function isOldest({ file, chain }: Opened): boolean {
  return file === chain[0];
}

export function contentOf({ file, opened }: Opened): LogContent {
  return file.isCompressed ? new GzContent(opened) : new PlainContent(opened);
}

async function closeAll(files: readonly Opened[]): Promise<void> {
  for (const { opened } of files) await opened.handle.close();
}
