/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChainFile } from "../../src/files/file-chain.ts";
import { FileOrder } from "../../src/files/file-order.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 200, long: 5_000 });

interface Made {
  readonly serial: number;
  readonly inode: string;
  readonly born: bigint;
}

/** The files of a log that an engine rotates: inodes of deleted files are used again at once. */
class Files {
  readonly #mostFiles: number;
  readonly #deletedAt = new Map<number, bigint>();
  #files: Made[] = [];
  #clock = 1n;
  #serial = 0;
  #inode = 1;
  readonly #free: string[] = [];
  #held = new Set<string>();

  constructor(mostFiles: number) {
    this.#mostFiles = mostFiles;
    this.#make(false);
  }

  /** Oldest first. */
  get files(): readonly Made[] {
    return this.#files;
  }

  get chain(): ChainFile[] {
    return this.#files.map(({ inode, born }, index) => {
      const number = this.#files.length - 1 - index;
      return { name: `log.${number}`, number, isCompressed: false, inode, born };
    });
  }

  /** An open file keeps its inode. */
  open({ inode }: Made): void {
    this.#held = new Set([inode]);
  }

  /** `hasTime`: the clock ticks while the file is filled. */
  rotate(hasTime: boolean): void {
    if (hasTime) this.#clock++;
    const oldest = this.#files.length === this.#mostFiles ? this.#files.shift() : undefined;
    if (oldest !== undefined) {
      this.#deletedAt.set(oldest.serial, this.#clock);
      if (!this.#held.has(oldest.inode)) this.#free.push(oldest.inode);
    }
    this.#make(hasTime);
  }

  deletedAt({ serial }: Made): bigint | undefined {
    return this.#deletedAt.get(serial);
  }

  /** What has the inode of another one was made later. */
  #make(hasTime: boolean): void {
    const free = hasTime ? this.#free.pop() : undefined;
    const inode = free ?? `${this.#inode++}`;
    this.#files.push({ serial: this.#serial++, inode, born: this.#clock });
  }
}

describe("the order of a log's files", () => {
  it("is known, or told to be unknown, whatever was deleted", () => {
    const rotations = fc.array(
      fc.record({ times: fc.integer({ min: 0, max: 7 }), hasTime: fc.boolean() }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), rotations, (most, looks) => {
        const files = new Files(most);
        const order = new FileOrder();
        let [own] = files.files;
        for (const { times, hasTime } of looks) {
          if (own === undefined) throw new Error("There is no file.");
          files.open(own);
          for (let time = 0; time < times; time++) files.rotate(hasTime);
          const { chain } = files;
          const at = files.files.indexOf(own);
          const place = at === -1 ? undefined : at;
          const { inode } = own;
          const behind = order.behind({ inode, place, deletedAt: files.deletedAt(own) }, chain);
          const next = files.files.find((file) => file.inode === behind.next?.inode);
          if (next === undefined) {
            expect(own).toBe(files.files.at(-1));
            continue;
          }
          // The oldest one that is left.
          const { serial } = own;
          expect(next).toBe(files.files.find((file) => file.serial > serial));
          const isDirect = next.serial === serial + 1;
          if (!behind.isLost) expect(isDirect).toBe(true);
          // With one file in both listings nothing is left open.
          if (times < most) expect(behind.isLost).toBe(!isDirect);
          own = next;
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("is known where the newest rotation has deleted what was read, and all else was made since", () => {
    const files = new Files(3);
    const order = new FileOrder();
    order.note(files.chain);
    for (let time = 0; time < 2; time++) files.rotate(true);
    const own = files.files[2];
    if (own === undefined) throw new Error("There are three files.");
    const { inode } = own;
    files.open(own);
    expect(order.behind({ inode, place: 2, deletedAt: undefined }, files.chain)).toEqual({
      next: undefined,
      isLost: false,
    });
    for (let time = 0; time < 3; time++) files.rotate(true);
    const deleted = { inode, place: undefined, deletedAt: files.deletedAt(own) };
    const next = files.chain[0];
    expect(order.behind(deleted, files.chain)).toEqual({ next, isLost: false });
    // Who has seen no files before does not know whether these are all.
    expect(new FileOrder().behind(deleted, files.chain)).toEqual({ next, isLost: true });
  });

  it("is not taken for known where a file between two was deleted by hand", () => {
    const files = new Files(4);
    for (let time = 0; time < 3; time++) files.rotate(true);
    const own = files.files[0];
    if (own === undefined) throw new Error("There are four files.");
    const chain = files.chain.toSpliced(1, 1);
    const behind = new FileOrder().behind(
      { inode: own.inode, place: 0, deletedAt: undefined },
      chain,
    );
    expect(behind).toEqual({ next: chain[1], isLost: true });
  });
});
