import type { Entries, Entry } from "../wire/entry.ts";
import { detached } from "../wire/timestamps.ts";
import type { Tail } from "./tail-size.ts";

/** A last line that has stood unchanged for so long was written to its end. */
export const WRITTEN_MS = 100;

/** A read's last line, with the one before it. */
export interface KeptBack {
  readonly before: Entry | undefined;
  readonly line: Entry;
}

/** It may be half-written. */
interface LastLine extends KeptBack {
  /** The end of the first read that showed it like that, by `performance.now()`. */
  readonly since: number;
  readonly isCertain: boolean;
}

/** How many lines the log holds. */
interface LogLength {
  readonly atLeast: number;
  /** It was counted, and not only found to be no shorter. */
  readonly isCounted: boolean;
}

/**
 * What lasts from one plain read to the next of a log whose reads show a last line that is half-written as if it had ended, and
 * may have a hole behind their tail (Podman's `k8s-file`).
 */
export class CertainLines {
  #last: LastLine | undefined;
  #length: LogLength = { atLeast: 0, isCounted: false };

  /** The last line of the latest read was kept back. */
  get isHolding(): boolean {
    return this.#last?.isCertain === false;
  }

  /** The line that was kept back; another one after each read that has kept one back. */
  get keptBack(): KeptBack | undefined {
    return this.isHolding ? this.#last : undefined;
  }

  /** The log's last line, as far as it was read and is certain. */
  isLast(entry: Entry): boolean {
    return this.#last?.isCertain === true && isSame(this.#last.line, entry);
  }

  get length(): LogLength {
    return this.#length;
  }

  /** The latest read of all of it has shown nothing. */
  get showsNothing(): boolean {
    return this.#last === undefined && this.#length.isCounted && this.#length.atLeast === 0;
  }

  /** The log holds so many lines, or more. */
  holds(lines: number): void {
    if (lines > this.#length.atLeast) this.#length = { atLeast: lines, isCounted: false };
  }

  counted(lines: number): void {
    this.#length = { atLeast: lines, isCounted: true };
  }

  /** A read has shown nothing. */
  isEmpty(): void {
    this.#last = undefined;
  }

  /**
   * A read that began at `begunAt` has ended with `line`. True where that is known to have ended: what a read shows is as old as
   * its beginning, however late it comes.
   */
  endsWith(line: Entry, before: Entry | undefined, begunAt: number): boolean {
    const last = this.#last;
    const isKnown = last !== undefined && isSame(last.line, line) && isSame(last.before, before);
    const since = isKnown ? last.since : performance.now();
    const isCertain = isKnown && (last.isCertain || begunAt - since >= WRITTEN_MS);
    this.#last = { line, before, since, isCertain };
    return isCertain;
  }
}

/** One plain read: hands over the lines that are certain. */
export class CertainRead {
  readonly #certain: CertainLines;
  readonly #tail: Tail;
  readonly #runs: boolean;
  readonly #begunAt = performance.now();
  #held: Entry | undefined;
  #before: Entry | undefined;
  #lines = 0;
  #isOver = false;

  /** `tail`: so many lines were asked for, and the log holds as many. `runs`: the container may write meanwhile. */
  constructor(certain: CertainLines, tail: Tail, runs: boolean) {
    this.#certain = certain;
    this.#tail = tail;
    this.#runs = runs;
  }

  /** The tail was shown: behind it lines may be missing. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A line is certain once another one stands behind it. */
  push(entries: Entries): Entry[] {
    const certain: Entry[] = [];
    for (const entry of entries) {
      // What a container that stands still has left without an end comes last, wherever it began.
      if (this.#lines === this.#tail && (this.#runs || entry.ended)) {
        this.#isOver = true;
        break;
      }
      if (this.#held !== undefined) certain.push(this.#held);
      this.#before = this.#held;
      this.#held = entry;
      if (entry.ended) this.#lines++;
    }
    this.#held = this.#held && copyOf(this.#held);
    this.#before = this.#before && copyOf(this.#before);
    return certain;
  }

  /** The engine has shown all that there is, or its tail: the last line, where it is certain. */
  end(): Entry[] {
    if (this.#tail === "all") this.#certain.counted(this.#lines);
    if (this.#held === undefined) {
      this.#certain.isEmpty();
      return [];
    }
    return this.#certain.endsWith(this.#held, this.#before, this.#begunAt) ? [this.#held] : [];
  }
}

/** The memory of what was read is used again. */
export function copyOf({ stream, timestamp, text, ended, parts, leftSince }: Entry): Entry {
  const copy = { stream, timestamp: detached(timestamp), text: Buffer.from(text), ended };
  return { ...copy, ...(parts && { parts }), ...(leftSince !== undefined && { leftSince }) };
}

export function isSame(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const { stream, timestamp, ended, text } = one;
  return (
    stream === other.stream &&
    timestamp === other.timestamp &&
    ended === other.ended &&
    text.equals(other.text)
  );
}
