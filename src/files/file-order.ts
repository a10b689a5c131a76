import type { ChainFile } from "./file-chain.ts";

/** The file that is read, in one listing of the log's files. */
interface Own {
  readonly inode: string;
  /** In the listing; undefined where it is deleted. */
  readonly place: number | undefined;
  /** When it was deleted, in nanoseconds of the file system's clock. */
  readonly deletedAt: bigint | undefined;
}

/** The newest file of a listing, as it will be known where it is compressed since. */
interface Newest {
  readonly inode: string;
  readonly head: Buffer;
}

/** What stands behind a file. */
export interface Behind {
  readonly next: ChainFile | undefined;
  /** Files between the two may have been deleted. */
  readonly isLost: boolean;
}

/**
 * Knows how the files of a log follow each other, also where some of them are deleted: each log rotation of the engine's adds one to the
 * number of each file, so that one file in two listings tells the numbers of all.
 */
export class FileOrder {
  #known: readonly ChainFile[] = [];
  #most = 0;
  #newest: Newest | undefined;
  /** The number that the file which is read has, or would have. */
  #own: { readonly inode: string; readonly number: number | undefined } | undefined;

  /** `chain` is complete: no file was renamed while it was listed. */
  note(chain: readonly ChainFile[]): void {
    this.#known = chain;
    this.#most = Math.max(this.#most, chain.length);
  }

  /** The beginning of the listing's newest file, if that is long enough to tell it from others. */
  noteNewest(newest: Newest | undefined): void {
    this.#newest = newest;
  }

  /** By what a file is to be known that was the newest of the listing before, where no file is in both. */
  headToFind(chain: readonly ChainFile[]): Buffer | undefined {
    const newest = this.#known.at(-1);
    const isNew = chain.every(({ inode, born }) => this.#find(inode)?.born !== born);
    return isNew && newest?.inode === this.#newest?.inode ? this.#newest?.head : undefined;
  }

  /** As `note`. `compressed`: the file that begins with `headToFind`. */
  behind(own: Own, chain: readonly ChainFile[], compressed?: ChainFile): Behind {
    const number = this.#numberOf(own, chain, compressed);
    this.note(chain);
    this.#own = { inode: own.inode, number };
    if (number === undefined) return { next: chain[0], isLost: true };
    const next = chain.find((file) => file.number < number);
    const isLost = next === undefined ? own.place === undefined : next.number !== number - 1;
    return { next, isLost };
  }

  #numberOf(own: Own, chain: readonly ChainFile[], compressed?: ChainFile): number | undefined {
    if (own.place !== undefined) return chain[own.place]?.number;
    const known = this.#own?.inode === own.inode ? this.#own : this.#find(own.inode);
    const before = known?.number;
    const added = compressed?.number ?? this.#rotationsUntil(chain);
    if (before !== undefined && added !== undefined) return before + added;
    return this.#isJustDeleted(own, chain) ? chain.length : undefined;
  }

  /** How many there were since the listing before; undefined where no file is in both. */
  #rotationsUntil(chain: readonly ChainFile[]): number | undefined {
    let rotations: number | undefined;
    for (const file of chain) {
      const same = this.#find(file.inode);
      if (same?.born !== file.born) continue;
      if (rotations !== undefined && rotations !== file.number - same.number) return undefined;
      rotations = file.number - same.number;
    }
    return rotations;
  }

  #find(wanted: string): ChainFile | undefined {
    return this.#known.find(({ inode }) => inode === wanted);
  }

  /** By the newest rotation, which deletes one file: after the file before the newest one was begun. */
  #isJustDeleted({ deletedAt }: Own, chain: readonly ChainFile[]): boolean {
    const before = chain.at(-2);
    if (before === undefined || deletedAt === undefined || chain.length !== this.#most)
      return false;
    const isUsual = chain.every(
      ({ number, isCompressed }, place) => !isCompressed && number === chain.length - 1 - place,
    );
    return isUsual && before.born > 0n && deletedAt > before.born;
  }
}
