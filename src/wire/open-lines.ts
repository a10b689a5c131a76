import type { Entries, Entry, LogStream } from "./entry.ts";
import { FrameEntries, textLength } from "./frame-entries.ts";

/** A line that has begun and not ended. */
export interface OpenLine {
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly bytes: number;
  /** How many entries of the log, of any stream, came since it began, its first part included. */
  readonly entries: number;
  /** The engine has thrown its beginning away. */
  readonly isTorn?: boolean;
}

/**
 * How the parts of a line are told from the next line. Docker stamps all parts with the first one's time, so another
 * timestamp is another line; elsewhere every part has a time of its own and only a newline ends the line.
 */
export type Joining = "by-timestamp" | "by-newline";

/** True where `entry` goes on with a line of its stream that began at `began`. */
export function continues(began: string, entry: Entry, joining: Joining): boolean {
  return joining === "by-newline" || began === entry.timestamp;
}

interface Begun {
  readonly timestamp: string;
  bytes: number;
  readonly firstEntry: number;
  readonly isTorn: boolean;
}

/** Knows which lines are open at a place in the log, without keeping their text. */
export class OpenLines {
  readonly #joining: Joining;
  /** Made with the first of them: most logs never have one. */
  #begun: Map<LogStream, Begun> | undefined;
  #count = 0;

  /** `lines`: those open where counting begins. */
  constructor(joining: Joining, lines: readonly OpenLine[] = []) {
    this.#joining = joining;
    for (const { stream, timestamp, bytes, entries, isTorn = false } of lines)
      this.#begin(stream, { timestamp, bytes, firstEntry: -entries, isTorn });
  }

  clone(): OpenLines {
    const copy = new OpenLines(this.#joining);
    for (const [stream, begun] of this.#begun ?? []) copy.#begin(stream, { ...begun });
    copy.#count = this.#count;
    return copy;
  }

  /** Adds `entries[from..to)`. */
  addAll(entries: Entries, from: number, to: number): void {
    if (this.#isNone && entries instanceof FrameEntries && entries.summary.isWhole) {
      this.#count += to - from;
      return;
    }
    for (let index = from; index < to; index++) {
      const entry = entries.at(index);
      if (entry !== undefined) this.add(entry);
    }
  }

  add(entry: Entry): void {
    const index = this.#count++;
    const { stream } = entry;
    if (entry.ended) {
      this.#begun?.delete(stream);
      return;
    }
    const open = this.#begun?.get(stream);
    if (open !== undefined && continues(open.timestamp, entry, this.#joining)) {
      open.bytes += textLength(entry);
    } else {
      this.#begin(stream, {
        timestamp: entry.timestamp,
        bytes: textLength(entry),
        firstEntry: index,
        isTorn: false,
      });
    }
  }

  /** The beginning of the stream's line, which began at `timestamp`, is lost. */
  tear(stream: LogStream, timestamp: string): void {
    const { bytes = 0, firstEntry = this.#count } = this.#begun?.get(stream) ?? {};
    this.#begin(stream, { timestamp, bytes, firstEntry, isTorn: true });
  }

  /** The stream's line is known to have ended, without a newline. */
  end(stream: LogStream): void {
    this.#begun?.delete(stream);
  }

  get #isNone(): boolean {
    return this.#begun === undefined || this.#begun.size === 0;
  }

  #begin(stream: LogStream, begun: Begun): void {
    (this.#begun ??= new Map<LogStream, Begun>()).set(stream, begun);
  }

  list(): OpenLine[] {
    return Array.from(this.#begun ?? [], ([stream, begun]) => ({
      stream,
      timestamp: begun.timestamp,
      bytes: begun.bytes,
      entries: Math.max(1, this.#count - begun.firstEntry),
      ...(begun.isTorn && { isTorn: true }),
    }));
  }
}
