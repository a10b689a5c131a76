import type { Entries } from "../wire/entry.ts";
import type { LeftOut } from "./left-out.ts";
import { isMarked } from "./sampled-read.ts";

/** The part of a read behind which something is left out. */
export class SoundPart {
  readonly #leftOut: LeftOut | undefined;
  #isAtLast = false;
  #isOver = false;

  constructor(leftOut: LeftOut | undefined) {
    this.#leftOut = leftOut;
  }

  /** The entries that follow do not belong to it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Those of `entries` that belong to it. */
  of(entries: Entries): Entries {
    const leftOut = this.#leftOut;
    if (leftOut === undefined) return entries;
    let index = 0;
    for (const entry of entries) {
      // Parts of one line may be the same.
      const isLast = isMarked(entry, leftOut.behind);
      if (leftOut.behind === undefined || (this.#isAtLast && !isLast)) {
        this.#isOver = true;
        return entries.slice(0, index);
      }
      this.#isAtLast = isLast;
      index++;
    }
    return entries;
  }
}
