import type { Entries, Entry } from "../wire/entry.ts";
import { textBytes, textEdges } from "../wire/frame-entries.ts";
import { detached } from "../wire/timestamps.ts";

/** More bytes of texts are not read only to be counted. */
const MOST_BYTES = 8 * 1024 * 1024;
/** So many marks are kept of a read, at most. */
const MOST_MARKS = 1_024;
/** So much of a text is kept, in bytes. */
const MOST_TEXT = 64;

/** What is kept of an entry, to know it again. */
export interface Mark {
  readonly timestamp: string;
  /** Of its stream, its length and its text's beginning. */
  readonly look: string;
}

function markOf(entry: Entry): Mark {
  const { length, parts } = textEdges(entry, MOST_TEXT);
  const [text = ""] = parts;
  const start =
    typeof text === "string" ? text.slice(0, MOST_TEXT) : text.toString("latin1", 0, MOST_TEXT);
  return {
    timestamp: detached(entry.timestamp),
    look: detached(`${entry.stream} ${length} ${start}`),
  };
}

export function isMarked(entry: Entry | undefined, mark: Mark | undefined): boolean {
  if (entry === undefined || mark === undefined) return false;
  return entry.timestamp === mark.timestamp && isSameMark(markOf(entry), mark);
}

export function isSameMark(one: Mark, other: Mark): boolean {
  return one.timestamp === other.timestamp && one.look === other.look;
}

/** Counts the entries of a read, and keeps marks of some at equal distances, which grow with the read. */
export class SampledRead {
  readonly #most: number;
  #marks: Mark[] = [];
  #stride = 1;
  #count = 0;
  #bytes = 0;
  #last: Mark | undefined;

  /** `most`: it takes no more entries. */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= this.#most || this.#bytes > MOST_BYTES;
  }

  /** Of the first entry, and of each `stride`-th one behind it. */
  get marks(): readonly Mark[] {
    return this.#marks;
  }

  get stride(): number {
    return this.#stride;
  }

  get first(): Mark | undefined {
    return this.#marks.at(0);
  }

  get last(): Mark | undefined {
    return this.#last;
  }

  add(entries: Entries): void {
    const taken = Math.min(entries.length, this.#most - this.#count);
    if (taken <= 0) return;
    const before = this.#count;
    for (;;) {
      const index = this.#marks.length * this.#stride - before;
      const entry = index < taken ? entries.at(index) : undefined;
      if (entry === undefined) break;
      this.#marks.push(markOf(entry));
      if (this.#marks.length > MOST_MARKS) this.#thin();
    }
    const last = entries.at(taken - 1);
    if (last !== undefined) this.#last = markOf(last);
    this.#count += taken;
    this.#bytes += textBytes(entries);
  }

  #thin(): void {
    this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }
}
