import type { Entries } from "../wire/entry.ts";
import { firstLater } from "../resume/later.ts";
import type { LogReader } from "./log-reader.ts";
import { firstOf, readPlainly } from "./plain-read.ts";
import { SampledRead, isMarked, isSameMark } from "./sampled-read.ts";
import type { Mark } from "./sampled-read.ts";
import { MOST_ENTRIES } from "./tail-size.ts";
import type { Tail } from "./tail-size.ts";

/** More are not counted: nobody waits for that before the first line of a large log, and the engine reads no log twice for it. */
const MOST_COUNTED = 32_768;

/** A read leaves something out there. */
export interface LeftOut {
  /** The last entry before it; undefined where that is the read's beginning. */
  readonly behind: Mark | undefined;
}

/**
 * Where a plain read of the last `tail` entries of a log that is not written leaves something out. Docker before 23 goes on behind a
 * damaged record of a `json-file`, without what it has read ahead: block after block of 512 bytes, until one happens to begin with a
 * record. Nothing in the read shows that. But a tail is counted in the file: what it begins with has so many entries behind it, and
 * where a read shows fewer, some are left out.
 *
 * Undefined where nothing is left out that another entry follows, or where the log is too large to tell.
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
  const log = new CountedLog(reader, length, signal);
  if (tail === "all" && !(await log.begins(-1, first))) return { behind: undefined };
  if (length === count) return undefined;
  const behind = await log.lastWhole(shown);
  return behind && { behind };
}

/** The last `length` entries of a log, as they are counted in the file. */
class CountedLog {
  readonly #reader: LogReader;
  readonly #length: number;
  readonly #signal: AbortSignal;

  constructor(reader: LogReader, length: number, signal: AbortSignal) {
    this.#reader = reader;
    this.#length = length;
    this.#signal = signal;
  }

  /** What has so many entries before it in the file is `mark`. Before the first one there is nothing: that one is shown again. */
  async begins(before: number, mark: Mark | undefined): Promise<boolean> {
    return isMarked(await firstOf(this.#reader, this.#length - before, this.#signal), mark);
  }

  /** The last entry of `all` that is shown in its place, where a read shows others behind it. */
  async lastWhole(all: SampledRead): Promise<Mark | undefined> {
    if (await this.begins(all.count - 1, all.last)) return undefined;
    let begin = 0;
    let shown = all;
    for (;;) {
      const { marks, stride } = shown;
      let right = 0;
      let wrong = marks.length;
      while (wrong - right > 1) {
        const middle = Math.floor((right + wrong) / 2);
        if (await this.begins(begin + middle * stride, marks[middle])) right = middle;
        else wrong = middle;
      }
      const mark = marks[right];
      if (stride === 1 || mark === undefined) return mark;
      begin += right * stride;
      const closer = await sample(this.#reader, this.#length - begin, stride, this.#signal);
      if (closer?.first === undefined || !isSameMark(closer.first, mark)) return undefined;
      shown = closer;
    }
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
  let long = least;
  for (let step = 1; await isShort(long); step *= 2) {
    short = long;
    long += step;
    if (tail !== "all" && short < tail && long > tail) long = tail;
    if (long > MOST_ENTRIES) return undefined;
  }
  while (long - short > 1) {
    const middle = Math.floor((short + long) / 2);
    if (await isShort(middle)) short = middle;
    else long = middle;
  }
  return isMarked(await firstOf(reader, long, signal), first) ? long : undefined;
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
