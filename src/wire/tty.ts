import type { Decoder, Entry, Fault } from "./entry.ts";
import { Fragments } from "./fragments.ts";
import { excerpt } from "./frames.ts";
import {
  LONGEST_LENGTH,
  coarsen,
  compareTimestamps,
  fractionDigits,
  isNanosecondUtc,
  toUtc,
} from "./timestamps.ts";

/** The engine cuts lines into parts of this size and stamps each of them (moby, `daemon/logger/copier.go`). */
const PART_BYTES = 16_384;
/** A timestamp with its space. */
const MAX_STAMP_BYTES = LONGEST_LENGTH + 1;
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) /g;
/** What the daemon writes into a raw stream when it fails (moby, `api/server/httputils/write_log_stream.go`). */
const ERROR_TEXT = "Error grabbing logs";

/** Which lines without an end are taken as they are. */
type Unended = "never" | "of an earlier run" | "all";

interface Stamp {
  readonly timestamp: string;
  readonly textStart: number;
}

/**
 * Decodes the raw stream of a container with a terminal: `timestamp SP text \r\n`. A part of 16,384 bytes and a last
 * line without its end are followed by the next timestamp on the same line.
 */
export class TtyDecoder implements Decoder {
  readonly #fragments = new Fragments();
  /** When the container last started: a line from before it can't go on behind it. */
  readonly #startedAt: string | undefined;
  /** The timestamp of a full part that the line goes on behind. */
  #full: string | undefined;
  #fault: Fault | undefined;

  constructor(startedAt?: string) {
    this.#startedAt = startedAt;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get isHolding(): boolean {
    return !this.#fragments.isEmpty;
  }

  push(bytes: Buffer, spans: readonly number[] = [0, bytes.length]): Entry[] {
    if (this.#fault !== undefined) return [];
    return this.#decode(this.#fragments.join(bytes, spans), "never");
  }

  end(runs: boolean): Entry[] {
    const unended = runs ? "of an earlier run" : "all";
    return this.#fault === undefined ? this.#decode(this.#fragments.take(), unended) : [];
  }

  #decode(bytes: Buffer | undefined, unended: Unended): Entry[] {
    const entries: Entry[] = [];
    if (bytes === undefined) return entries;
    let at = 0;
    while (at < bytes.length) {
      const end = this.#lineEnd(bytes, at);
      if (end !== undefined) {
        entries.push(end);
        at += end.text.length + 1;
        continue;
      }
      const stamp = this.#stampAt(bytes, at);
      if (stamp === undefined) {
        if (this.#fault === undefined && unended === "never")
          this.#fragments.keep(bytes.subarray(at), 0);
        break;
      }
      const next = this.#entry(bytes, stamp, this.#isTaken(stamp, unended), entries);
      if (next === undefined) {
        this.#fragments.keep(bytes.subarray(at), 0);
        break;
      }
      at = next;
    }
    return entries;
  }

  /** Whether a line that has not ended is taken as it is. */
  #isTaken({ timestamp }: Stamp, unended: Unended): boolean {
    if (unended !== "of an earlier run") return unended === "all";
    return this.#isEarlier(timestamp);
  }

  /** Stamped before the container's latest start; within the same second where the engine stamps seconds, it is not known. */
  #isEarlier(timestamp: string): boolean {
    const startedAt = this.#startedAt;
    return (
      startedAt !== undefined &&
      compareTimestamps(timestamp, coarsen(startedAt, fractionDigits(timestamp))) < 0
    );
  }

  /** A line's end right behind a full part, without the timestamp that the engine puts before it. */
  #lineEnd(bytes: Buffer, at: number): Entry | undefined {
    const timestamp = this.#full;
    const isReturn = bytes[at] === 0x0d && bytes[at + 1] === 0x0a;
    if (timestamp === undefined || !(isReturn || bytes[at] === 0x0a)) return undefined;
    this.#full = undefined;
    return {
      stream: "tty",
      timestamp,
      text: bytes.subarray(at, isReturn ? at + 1 : at),
      ended: true,
    };
  }

  /** The timestamp at `at`; undefined where it is not all there yet, or is none (then `fault` is set). */
  #stampAt(bytes: Buffer, at: number): Stamp | undefined {
    const space = bytes.subarray(at, at + MAX_STAMP_BYTES).indexOf(0x20);
    const incomplete = space === -1 && bytes.length - at < MAX_STAMP_BYTES;
    const head = bytes.toString("latin1", at, space === -1 ? at + MAX_STAMP_BYTES : at + space);
    const timestamp = space === -1 ? undefined : isNanosecondUtc(head) ? head : toUtc(head);
    if (timestamp !== undefined) return { timestamp, textStart: at + space + 1 };
    if (incomplete && (/^[\d:.TZ+-]*$/.test(head) || head === "\r")) return undefined;
    const text = bytes.toString("latin1", at, at + 1000);
    if (ERROR_TEXT.startsWith(text)) return undefined;
    this.#fault = text.startsWith(ERROR_TEXT)
      ? { kind: "engine-error", message: text.trimEnd() }
      : { kind: "protocol", message: `expected a log line's timestamp, got ${excerpt(bytes, at)}` };
    return undefined;
  }

  /** Where the next entry begins; undefined where this one is not all there yet. */
  #entry(bytes: Buffer, stamp: Stamp, last: boolean, entries: Entry[]): number | undefined {
    const { timestamp, textStart } = stamp;
    const newline = bytes.subarray(textStart, textStart + PART_BYTES).indexOf(0x0a);
    const full = newline === -1 && bytes.length - textStart >= PART_BYTES;
    let end = newline === -1 ? Math.min(bytes.length, textStart + PART_BYTES) : textStart + newline;
    let ended = newline !== -1;
    const restart = this.#restartWithin(bytes, stamp, end);
    if (restart !== undefined) {
      end = restart;
      ended = false;
    } else if (!ended && !full && !last) {
      return undefined;
    }
    entries.push({ stream: "tty", timestamp, text: bytes.subarray(textStart, end), ended });
    this.#full = full && restart === undefined ? timestamp : undefined;
    return ended ? end + 1 : end;
  }

  /** Where a later run begins within this line, left without an end by the run before. */
  #restartWithin(bytes: Buffer, stamp: Stamp, end: number): number | undefined {
    if (!this.#isEarlier(stamp.timestamp)) return undefined;
    for (const match of bytes.toString("latin1", stamp.textStart, end).matchAll(STAMP)) {
      const timestamp = toUtc(match[0].slice(0, -1));
      if (timestamp === undefined || compareTimestamps(timestamp, stamp.timestamp) <= 0) continue;
      return stamp.textStart + match.index;
    }
    return undefined;
  }
}
