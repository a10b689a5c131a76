import type { Decoder, Entry, Fault } from "./entry.ts";
import { Fragments } from "./fragments.ts";
import { excerpt } from "./frames.ts";
import { LONGEST_LENGTH, compareTimestamps, toUtc } from "./timestamps.ts";

/** A timestamp with its space. */
const MAX_STAMP_BYTES = LONGEST_LENGTH + 1;
/** A line's beginning is handed over once so much of it is there. */
const PART_BYTES = 16_384;
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) /g;
const NEWLINE = 0x0a;

interface Stamp {
  readonly timestamp: string;
  /** With its space. */
  readonly bytes: number;
}

/** The line that goes on, in the part that was stamped last. */
interface Line {
  readonly stamp: Stamp;
  /** Some of the part's text was seen: a timestamp right behind the engine's is text. */
  readonly hasText: boolean;
}

/**
 * Decodes the raw stream of a container with a terminal where the engine cuts lines anywhere and stamps each part anew (Podman):
 * `timestamp SP part timestamp SP part \r\n`. A timestamp within a line is the engine's where it has the form of the one before,
 * and is no earlier; a program's own was made before the engine stamped it.
 */
export class PartedTtyDecoder implements Decoder {
  readonly #fragments = new Fragments();
  #line: Line | undefined;
  #fault: Fault | undefined;

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get isHolding(): boolean {
    return this.#line !== undefined || !this.#fragments.isEmpty;
  }

  /** It has no frames. */
  get isCutOff(): boolean {
    return false;
  }

  push(bytes: Buffer, spans: readonly number[] = [0, bytes.length]): Entry[] {
    if (this.#fault !== undefined) return [];
    return this.#decode(this.#fragments.join(bytes, spans), false);
  }

  end(runs: boolean): Entry[] {
    if (runs || this.#fault !== undefined) return [];
    return this.#decode(this.#fragments.take(), true);
  }

  #decode(bytes: Buffer | undefined, isAll: boolean): Entry[] {
    const entries: Entry[] = [];
    if (bytes === undefined) return entries;
    let at = 0;
    while (at < bytes.length) {
      if (this.#line === undefined) {
        const stamp = this.#stampAt(bytes, at, isAll);
        if (stamp === undefined) break;
        this.#line = { stamp, hasText: false };
        at += stamp.bytes;
      }
      const end = partEnd(bytes, at, this.#line, isAll);
      if (end === undefined) break;
      const { timestamp } = this.#line.stamp;
      entries.push({
        stream: "tty",
        timestamp,
        text: bytes.subarray(at, end.at),
        ended: end.ended,
      });
      at = end.next;
      this.#line = end.line;
    }
    if (this.#fault === undefined) this.#fragments.keep(bytes.subarray(at), 0);
    return entries;
  }

  /** What a line begins with; undefined where that is not all there, or is none (then `fault` is set). */
  #stampAt(bytes: Buffer, at: number, isAll: boolean): Stamp | undefined {
    const head = bytes.toString("latin1", at, at + MAX_STAMP_BYTES);
    const space = head.indexOf(" ");
    const timestamp = space === -1 ? undefined : toUtc(head.slice(0, space));
    if (timestamp !== undefined) return { timestamp, bytes: space + 1 };
    const isShort = space === -1 && head.length < MAX_STAMP_BYTES && !isAll;
    if (!isShort)
      this.#fault = {
        kind: "protocol",
        message: `expected a log line's timestamp, got ${excerpt(bytes, at)}`,
      };
    return undefined;
  }
}

interface End {
  readonly at: number;
  readonly ended: boolean;
  readonly next: number;
  readonly line: Line | undefined;
}

/** Where the part that goes on at `at` ends, as far as it is there; undefined where more is needed to tell. */
function partEnd(bytes: Buffer, at: number, line: Line, isAll: boolean): End | undefined {
  const newline = bytes.indexOf(NEWLINE, at);
  const limit = newline === -1 ? bytes.length : newline;
  const next = nextStamp(bytes.toString("latin1", at, limit), line);
  if (next !== undefined) {
    const part = at + next.index;
    return {
      at: part,
      ended: false,
      next: part + next.stamp.bytes,
      line: { stamp: next.stamp, hasText: false },
    };
  }
  if (newline !== -1) return { at: newline, ended: true, next: newline + 1, line: undefined };
  if (isAll) return { at: limit, ended: false, next: limit, line: undefined };
  if (limit - at < PART_BYTES) return undefined;
  // What comes last may be the beginning of a timestamp.
  const to = limit - MAX_STAMP_BYTES;
  return { at: to, ended: false, next: to, line: { ...line, hasText: true } };
}

function nextStamp(
  text: string,
  { stamp, hasText }: Line,
): { readonly index: number; readonly stamp: Stamp } | undefined {
  for (const { 0: found, index } of text.matchAll(STAMP)) {
    if (found.length !== stamp.bytes || (index === 0 && !hasText)) continue;
    const timestamp = toUtc(found.slice(0, -1));
    if (timestamp !== undefined && compareTimestamps(timestamp, stamp.timestamp) >= 0)
      return { index, stamp: { timestamp, bytes: found.length } };
  }
  return undefined;
}
