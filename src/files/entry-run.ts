import { isAscii } from "node:buffer";
import type { Entries, Entry, LogStream } from "../wire/entry.ts";
import { streamsOf, textMark } from "../wire/entry-marks.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import type { FilePiece } from "./file-decoder.ts";
import { NO_ATTRIBUTES } from "./noted-attributes.ts";

const STAMP_BYTES = 30;
/** A string up to this size is made several times as fast as a longer one, which V8 puts elsewhere. */
const FULL_BYTES = 96 * 1024;

export interface RunOptions {
  readonly tty: boolean;
  /** Entries have attributes: this driver notes none. */
  readonly attributes: boolean;
}

/** Entries that follow each other, written into one buffer, each timestamp before its text. */
export class EntryRun {
  readonly #options: RunOptions;
  readonly #pieces: FilePiece[];
  #bytes = Buffer.alloc(0);
  #written = 0;
  #marks: number[] = [];
  #ends: number[] = [];
  #isWhole = true;
  #isRising = true;
  #longest = 0;
  #latest: Partial<Record<LogStream, string>> = {};

  /** What is complete is added to `pieces`. */
  constructor(options: RunOptions, pieces: FilePiece[]) {
    this.#options = options;
    this.#pieces = pieces;
  }

  /** `timestamp` has nanoseconds; the text is `bytes[from..to)`; the entry ends in the file at `end`. */
  add(
    stream: "stdout" | "stderr",
    timestamp: string,
    bytes: Buffer,
    from: number,
    to: number,
    ended: boolean,
    end: number,
  ): void {
    const size = to - from;
    if (this.#written + STAMP_BYTES + size > this.#bytes.length) {
      this.flush();
      this.#bytes = Buffer.allocUnsafe(Math.max(FULL_BYTES, STAMP_BYTES + size));
    }
    const start = this.#written;
    this.#bytes.write(timestamp, start, STAMP_BYTES, "latin1");
    bytes.copy(this.#bytes, start + STAMP_BYTES, from, to);
    this.#written += STAMP_BYTES + size;
    const isStderr = stream === "stderr" && !this.#options.tty;
    this.#marks.push(start, textMark(this.#written, isStderr, ended), start + STAMP_BYTES);
    this.#ends.push(end);
    const own = isStderr ? "stderr" : "stdout";
    const before = this.#latest[own];
    if (before !== undefined && timestamp <= before) this.#isRising = false;
    this.#latest[own] = timestamp;
    if (!ended) this.#isWhole = false;
    if (size > this.#longest) this.#longest = size;
  }

  /** Entries that are there already, behind those of the run. */
  addAll(entries: readonly Entry[], end: number): void {
    if (entries.length === 0) return;
    this.flush();
    const own = this.#options.attributes
      ? entries.map((entry) => ({ ...entry, attributes: NO_ATTRIBUTES }))
      : entries;
    this.#pieces.push({ type: "entries", entries: own, ends: entries.map(() => end) });
  }

  flush(): void {
    if (this.#ends.length === 0) return;
    const made = this.#bytes.subarray(0, this.#written);
    const unmarked = this.#options.tty ? "tty" : "stdout";
    const marks = Int32Array.from(this.#marks);
    const summary = {
      isWhole: this.#isWhole,
      isRising: this.#isRising,
      longest: this.#longest,
      streams: streamsOf(marks, unmarked),
    };
    const kept = isAscii(made) ? undefined : Buffer.from(made);
    const entries = new FrameEntries(made.toString("latin1"), kept, marks, summary, unmarked);
    this.#pieces.push({ type: "entries", entries: this.#shown(entries), ends: this.#ends });
    this.#written = 0;
    this.#marks = [];
    this.#ends = [];
    this.#isWhole = true;
    this.#isRising = true;
    this.#longest = 0;
    this.#latest = {};
  }

  #shown(entries: FrameEntries): Entries {
    return this.#options.attributes ? entries.withAttributes(NO_ATTRIBUTES) : entries;
  }
}
