import type { Entries, Entry } from "../wire/entry.ts";
import { firstLater } from "../resume/later.ts";
import type { LogReader } from "./log-reader.ts";
import { firstOf, readPlainly } from "./plain-read.ts";
import { SampledRead, isMarked, isSameMark } from "./sampled-read.ts";
import type { Mark } from "./sampled-read.ts";
import { MOST_ENTRIES } from "./tail-size.ts";
import type { Tail } from "./tail-size.ts";

/** More are not counted: nobody waits for that before the first line of a large log, and the engine reads no log twice for it. */
const MOST_COUNTED = 32_768;
/** So often the log may grow between two looks that are compared. */
const MOST_TRIES = 16;

/** It has grown each time. */
class GrowsTooFast extends Error {}

/** A read leaves something out there. */
export interface LeftOut {
  /** The last entry before it; undefined where that is the read's beginning. */
  readonly behind: Mark | undefined;
}

/**
 * Where a plain read of the log's last `tail` entries leaves something out. Docker before 23 goes on behind a damaged record of a
 * `json-file`, without what it has read ahead: block after block of 512 bytes, until one happens to begin with a record. Nothing
 * in the read shows that. But a tail is counted in the file: what it begins with has so many entries behind it, and where a read
 * shows fewer, some are left out.
 *
 * Undefined where nothing is left out that another entry follows, where the log grows too fast to tell, or is too large.
 */
export async function findLeftOut(
  reader: LogReader,
  tail: Tail,
  signal: AbortSignal,
): Promise<LeftOut | undefined> {
  const shown = await sample(reader, tail, MOST_COUNTED, signal);
  if (shown?.first === undefined || shown.isFull || shown.count === tail) return undefined;
  const { first, count } = shown;
  const length = await lengthFrom(reader, first, count, tail, signal);
  if (length === undefined) return undefined;
  const log = new CountedLog(reader, first, length, signal);
  try {
    if (tail === "all" && !(await log.isWhole())) return { behind: undefined };
    if (length === count) return undefined;
    const behind = await log.lastWhole();
    return behind && { behind };
  } catch (error) {
    if (error instanceof GrowsTooFast) return undefined;
    throw error;
  }
}

/** A log whose last `length` entries, as they are counted in the file, begin with `first`. */
class CountedLog {
  readonly #reader: LogReader;
  readonly #first: Mark;
  readonly #signal: AbortSignal;
  #length: number;

  constructor(reader: LogReader, first: Mark, length: number, signal: AbortSignal) {
    this.#reader = reader;
    this.#first = first;
    this.#length = length;
    this.#signal = signal;
  }

  /** Nothing stands before it. */
  isWhole(): Promise<boolean> {
    return this.#begins(-1, this.#first);
  }

  /** The last entry that is shown in its place, where a read shows others behind it. */
  async lastWhole(): Promise<Mark | undefined> {
    const all = await this.#sample(0, this.#first, Infinity);
    if (all === undefined || all.count === this.#length) return undefined;
    if (await this.#begins(all.count - 1, all.last)) return undefined;
    let begin = 0;
    let shown = all;
    for (;;) {
      const { marks, stride } = shown;
      let right = 0;
      let wrong = marks.length;
      while (wrong - right > 1) {
        const middle = Math.floor((right + wrong) / 2);
        if (await this.#begins(begin + middle * stride, marks[middle])) right = middle;
        else wrong = middle;
      }
      const mark = marks[right];
      if (stride === 1 || mark === undefined) return mark;
      begin += right * stride;
      const closer = await this.#sample(begin, mark, stride);
      if (closer === undefined) return undefined;
      shown = closer;
    }
  }

  /** `most` entries from the one on that has `before` others before it, which is `first`. */
  async #sample(before: number, first: Mark, most: number): Promise<SampledRead | undefined> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const shown = await sample(this.#reader, this.#length - before, most, this.#signal);
      if (shown?.first === undefined) return undefined;
      if (isSameMark(shown.first, first)) return shown;
      await this.#hasGrown();
    }
    throw new GrowsTooFast();
  }

  /** What has so many entries before it in the file is `mark`. */
  async #begins(before: number, mark: Mark | undefined): Promise<boolean> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const isThere = isMarked(await this.#firstOf(this.#length - before), mark);
      if (!(await this.#hasGrown())) return isThere;
    }
    throw new GrowsTooFast();
  }

  /** True where it had more entries than were known. */
  async #hasGrown(): Promise<boolean> {
    if (!this.#reader.inspection.running) return false;
    if (isMarked(await this.#firstOf(this.#length), this.#first)) return false;
    const length = await lengthFrom(
      this.#reader,
      this.#first,
      this.#length + 1,
      "all",
      this.#signal,
    );
    if (length === undefined) throw new GrowsTooFast();
    this.#length = length;
    return true;
  }

  #firstOf(tail: number): Promise<Entry | undefined> {
    return firstOf(this.#reader, tail, this.#signal);
  }
}

/**
 * How many entries the log has from `first` on, with which the last `tail` ones began: `least` or more. Undefined where that can't
 * be told.
 */
async function lengthFrom(
  reader: LogReader,
  first: Mark,
  least: number,
  tail: Tail,
  signal: AbortSignal,
): Promise<number | undefined> {
  const isShort = async (length: number): Promise<boolean> => {
    const entry = await firstOf(reader, length, signal);
    return entry === undefined || firstLater([entry], first.timestamp) === 0;
  };
  let short = least - 1;
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    let long = short + 1;
    for (let step = 1; await isShort(long); step *= 2) {
      short = long;
      long += step;
      // It is that many, unless it has grown.
      if (tail !== "all" && short < tail && long > tail) long = tail;
      if (long > MOST_ENTRIES) return undefined;
    }
    while (long - short > 1) {
      const middle = Math.floor((short + long) / 2);
      if (await isShort(middle)) short = middle;
      else long = middle;
    }
    if (isMarked(await firstOf(reader, long, signal), first)) return long;
    // It has grown meanwhile, or is not to be told.
    if (!(await isShort(long))) return undefined;
    short = long;
  }
  return undefined;
}

/** Undefined where the read does not come to its end. */
async function sample(
  reader: LogReader,
  tail: Tail,
  most: number,
  signal: AbortSignal,
): Promise<SampledRead | undefined> {
  const read = new SampledRead(most);
  const visit = (entries: Entries): "stop" | undefined => {
    read.add(entries);
    return read.isFull ? "stop" : undefined;
  };
  const end = await readPlainly(reader, { tail }, { visit }, signal);
  return end === "complete" || read.isFull ? read : undefined;
}
