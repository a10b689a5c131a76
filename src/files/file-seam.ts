import type { Entries, LogStream } from "../wire/entry.ts";
import { areWhole, spansOf } from "../wire/frame-entries.ts";
import { detached, epochNanoseconds } from "../wire/timestamps.ts";

/** No engine fills a file faster: each entry is encoded, and copied into the file by a call of its own, and only then the next one's time is taken. */
const MOST_BYTES_PER_NS = 8;

/**
 * Tells by the times of entries that one file was begun right behind another. The engine takes the time of an entry, and then begins a file for it, as
 * the one before is full: so the last entry of a file and the first one of the next are as close as any two, and a whole file between them takes as long
 * as it is written. Parts of a long line have one time, and tell nothing; nor is a log believed that has had any.
 */
export class FileSeam {
  /** What takes longer may be a file; 0 where none is ever full. */
  readonly #fileNs: number;
  /** Of each stream in the latest file. */
  readonly #latest = new Map<LogStream, string>();
  #isEntering = false;
  #isDoubted = false;
  #hasParts = false;

  /** `fileBytes`: the size of a full file; undefined where there is none, or where entries are not written in the order of their times. */
  constructor(fileBytes: number | undefined) {
    this.#fileNs = (fileBytes ?? 0) / MOST_BYTES_PER_NS;
  }

  /** What is read next stands in another file. `isDoubted`: files between the two may have been deleted. */
  enter(isDoubted: boolean): void {
    this.#isEntering = true;
    this.#isDoubted ||= isDoubted;
  }

  /** Files may be missing before `entries`, with which the file begins, or where nothing has come of it yet. Said once. */
  isBroken(entries?: Entries): boolean {
    const isBroken = this.#isDoubted && !(entries !== undefined && this.#isTight(entries));
    this.#isDoubted = false;
    return isBroken;
  }

  /** These were read, in their order. */
  read(entries: Entries): void {
    if (this.#fileNs === 0) return;
    this.#hasParts ||= !areWhole(entries);
    if (this.#isEntering) this.#latest.clear();
    this.#isEntering = false;
    for (const { stream, last } of spansOf(entries))
      this.#latest.set(stream, detached(entries.at(last)?.timestamp ?? ""));
  }

  /** Nothing was written between what was read and `entries`. */
  #isTight(entries: Entries): boolean {
    if (this.#hasParts || !areWhole(entries)) return false;
    const spans = spansOf(entries);
    return (
      spans.length === this.#latest.size &&
      spans.every(({ stream, first }) => this.#joins(stream, entries.at(first)?.timestamp))
    );
  }

  #joins(stream: LogStream, next: string | undefined): boolean {
    const latest = this.#latest.get(stream);
    if (latest === undefined || next === undefined) return false;
    const betweenNs = epochNanoseconds(next) - epochNanoseconds(latest);
    // A clock that does not move between two entries does not tell.
    return betweenNs > 0n && betweenNs < this.#fileNs;
  }
}
