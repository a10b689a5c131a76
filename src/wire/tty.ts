import { AttributePrefix } from "./attributes.ts";
import type { Attributes } from "./attributes.ts";
import type { Decoder, Entries, Entry, Fault } from "./entry.ts";
import { Fragments } from "./fragments.ts";
import type { FrameEntries } from "./frame-entries.ts";
import { excerpt } from "./frames.ts";
import { gather } from "./spans.ts";
import { coarsen, compareTimestamps, fractionDigits } from "./timestamps.ts";
import { scanTerminal } from "./tty-scan.ts";
import { MAX_STAMP_BYTES, stampAt, stampsIn } from "./tty-stamps.ts";
import type { Stamp } from "./tty-stamps.ts";

/** The engine cuts lines into parts of this size and stamps each of them (moby, `daemon/logger/copier.go`). */
const PART_BYTES = 16_384;
/** `json-file` writes U+FFFD, three bytes, for each byte of a character that was cut, or that is none: the part is longer then. */
const MAX_PART_BYTES = 3 * PART_BYTES;
/** In so many bytes a line or a part has ended. */
const LOOK_BYTES = MAX_PART_BYTES + MAX_STAMP_BYTES;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** What the daemon writes into a raw stream when it fails (moby, `api/server/httputils/write_log_stream.go`). */
const ERROR_TEXT = "Error grabbing logs";

/** Which lines without an end are taken as they are. */
type Unended = "never" | "of an earlier run" | "all";

export interface TtyOptions {
  /** When the container last started: a line from before it can't go on behind it. */
  readonly startedAt?: string | undefined;
  /** The last part of a line has no newline, so that the next line stands right behind it (see `gluesLines` in `engine/traits.ts`). */
  readonly gluesLines?: boolean;
  /** Attributes stand behind each timestamp (`details=1`). */
  readonly hasAttributes?: boolean;
}

/** Where a line, or a part of one, begins. */
interface Begun {
  readonly timestamp: string;
  /** As the engine sent it, with its space, and the attributes with theirs. */
  readonly sent: string;
  readonly attributes: Attributes | undefined;
  readonly textStart: number;
  /** Parts of the line came before. */
  readonly isContinued: boolean;
  /** The engine has put no timestamp here: the text goes on with what came before. */
  readonly isRaw: boolean;
}

/** Where it ends. */
interface End {
  readonly at: number;
  /** The line, too. */
  readonly ended: boolean;
  /** Where the next one begins. */
  readonly next: number;
  /** What follows may go on with the line. */
  readonly goesOn: boolean;
}

/**
 * Decodes the raw stream of a container with a terminal: `timestamp SP text \r\n`. A long line comes in parts, each with the first
 * one's timestamp, which stands in the middle of the line then. A timestamp there is the engine's where it is the same to the
 * nanosecond, no closer to the one before than a part is long, or exactly that far; any other is taken for text.
 */
export class TtyDecoder implements Decoder {
  readonly #fragments = new Fragments();
  readonly #startedAt: string | undefined;
  readonly #gluesLines: boolean;
  /** The line that goes on behind a part. */
  #open: Stamp | undefined;
  readonly #prefix: AttributePrefix | undefined;
  #fault: Fault | undefined;
  /** Lines were seen that lie in several spans. */
  #isScattered = false;

  constructor({ startedAt, gluesLines = false, hasAttributes = false }: TtyOptions = {}) {
    this.#prefix = hasAttributes ? new AttributePrefix() : undefined;
    this.#startedAt = startedAt;
    this.#gluesLines = gluesLines;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get isHolding(): boolean {
    return !this.#fragments.isEmpty;
  }

  /** It has no frames. */
  get isCutOff(): boolean {
    return false;
  }

  push(bytes: Buffer, spans: readonly number[] = [0, bytes.length]): Entries {
    if (this.#fault !== undefined) return [];
    if (this.#fragments.isEmpty && !(this.#isScattered && spans.length > 2))
      return this.#scan(bytes, spans) ?? this.#decode(gather(bytes, spans), "never");
    const all = this.#fragments.joinBriefly(bytes, spans);
    if (all === undefined) return [];
    return this.#scan(all, [0, all.length]) ?? this.#decode(Buffer.from(all), "never");
  }

  end(runs: boolean): Entry[] {
    const unended = runs ? "of an earlier run" : "all";
    return this.#fault === undefined ? this.#decode(this.#fragments.take(), unended) : [];
  }

  /** The fast way, for lines as they mostly are, with nothing open before them; undefined where they are not. */
  #scan(bytes: Buffer, spans: readonly number[]): Entries | undefined {
    if (this.#open !== undefined || this.#prefix !== undefined) return undefined;
    const scan = scanTerminal(bytes, spans, PART_BYTES);
    if (scan.kind === "unusual") return undefined;
    if (scan.kind === "scattered") {
      // The peer cuts the stream elsewhere than between lines.
      this.#isScattered = true;
      const all = gather(bytes, spans);
      return this.#scan(all, [0, all.length]);
    }
    const { entries, from } = scan;
    if (entries !== undefined && this.#hasEarlier(entries)) return undefined;
    const rest = this.#decode(Buffer.from(bytes.subarray(from, spans.at(-1))), "never");
    return rest.length === 0 ? (entries ?? []) : [...(entries ?? []), ...rest];
  }

  /** Another line may begin within one of an earlier run. */
  #hasEarlier(entries: FrameEntries): boolean {
    if (this.#startedAt === undefined) return false;
    const looked = entries.summary.isRising ? entries.slice(0, 1) : entries;
    return Array.from(looked).some(({ timestamp }) => this.#isEarlier(timestamp));
  }

  /** The slow way, for everything; `bytes` are kept. */
  #decode(bytes: Buffer, unended: Unended): Entry[] {
    const entries: Entry[] = [];
    let at = 0;
    while (at < bytes.length) {
      const lineEnd = this.#lineEnd(bytes, at);
      if (lineEnd !== undefined) {
        entries.push(lineEnd);
        at += lineEnd.text.length + 1;
        continue;
      }
      const begun = this.#beginning(bytes, at, unended !== "never");
      const end = begun && this.#end(bytes, begun, unended);
      if (begun === undefined || end === undefined) {
        // At the log's end the beginning of a timestamp is none.
        if (this.#fault === undefined) this.#fragments.keep(bytes.subarray(at), 0);
        break;
      }
      const { timestamp, sent, attributes, textStart } = begun;
      const text = bytes.subarray(textStart, end.at);
      entries.push(entryOf(timestamp, text, end.ended, attributes));
      this.#open = end.goesOn ? { timestamp, sent, attributes } : undefined;
      at = end.next;
    }
    return entries;
  }

  /** A line's end right behind a full part, without the timestamp that the engine puts before it. */
  #lineEnd(bytes: Buffer, at: number): Entry | undefined {
    const isReturn = bytes[at] === RETURN && bytes[at + 1] === NEWLINE;
    if (this.#open === undefined || !(isReturn || bytes[at] === NEWLINE)) return undefined;
    const { timestamp, attributes } = this.#open;
    this.#open = undefined;
    const text = bytes.subarray(at, isReturn ? at + 1 : at);
    return entryOf(timestamp, text, true, attributes);
  }

  /** What begins at `at`; undefined where that is not all there yet, or nothing does (then `fault` is set). */
  #beginning(bytes: Buffer, at: number, isAll: boolean): Begun | undefined {
    const open = this.#open;
    const stamp = stampAt(bytes, at, this.#prefix);
    if (stamp === "none" || (stamp === "incomplete" && isAll && open !== undefined)) {
      if (open !== undefined) return { ...open, textStart: at, isContinued: true, isRaw: true };
      this.#fail(bytes, at);
      return undefined;
    }
    if (stamp === "incomplete") return undefined;
    const isContinued = open?.timestamp === stamp.timestamp;
    return { ...stamp, textStart: at + stamp.sent.length, isContinued, isRaw: false };
  }

  #fail(bytes: Buffer, at: number): void {
    const text = bytes.toString("latin1", at, at + 1000);
    if (ERROR_TEXT.startsWith(text)) return;
    this.#fault = text.startsWith(ERROR_TEXT)
      ? { kind: "engine-error", message: text.trimEnd() }
      : { kind: "protocol", message: `expected a log line's timestamp, got ${excerpt(bytes, at)}` };
  }

  /** Where what has begun ends; undefined where that is not there yet. */
  #end(bytes: Buffer, begun: Begun, unended: Unended): End | undefined {
    const { textStart } = begun;
    const newline = bytes.subarray(textStart, textStart + LOOK_BYTES).indexOf(NEWLINE);
    const limit =
      newline === -1 ? Math.min(bytes.length, textStart + LOOK_BYTES) : textStart + newline;
    const part = this.#nextPart(bytes, begun, limit);
    if (part !== undefined) return { at: part, ended: false, next: part, goesOn: true };
    const next = this.#nextLineWithin(bytes, begun, limit);
    if (next !== undefined) {
      const isDecided = this.#isDecided(bytes, next.timestamp, newline === -1 ? -1 : limit + 1);
      const mayWait =
        unended === "never" && (newline !== -1 || bytes.length < textStart + LOOK_BYTES);
      if (isDecided === "unknown" && mayWait) return undefined;
      if (isDecided !== false) return next.end;
    }
    if (newline !== -1) return { at: limit, ended: true, next: limit + 1, goesOn: false };
    const length = bytes.length - textStart;
    if (length >= LOOK_BYTES) {
      // Parts of another kind: the text goes on without a timestamp.
      const at = textStart + PART_BYTES;
      return { at, ended: false, next: at, goesOn: true };
    }
    const isFullPart = unended !== "never" && length === PART_BYTES;
    if (!isFullPart && !this.#isTaken(begun, unended)) return undefined;
    // A tail may begin with a last part, of which nothing tells that it goes on with a line.
    const ended = this.#gluesLines && bytes.at(-1) === RETURN;
    return { at: bytes.length, ended, next: bytes.length, goesOn: isFullPart && !ended };
  }

  /** Where the line's next part begins, before `limit`. */
  #nextPart(bytes: Buffer, { sent, textStart, isRaw }: Begun, limit: number): number | undefined {
    const full = textStart + PART_BYTES;
    if (limit >= full && !isRaw) {
      const isLineEnd =
        bytes[full] === NEWLINE || (bytes[full] === RETURN && bytes[full + 1] === NEWLINE);
      if (isLineEnd || typeof stampAt(bytes, full, this.#prefix) === "object") return full;
    }
    const from = isRaw ? textStart : full;
    if (limit - from < sent.length) return undefined;
    const within = bytes.subarray(from, limit).indexOf(sent, 0, "latin1");
    return within === -1 ? undefined : from + within;
  }

  /** Where another line begins within this one, as it seems, which was left without an end. */
  #nextLineWithin(bytes: Buffer, begun: Begun, limit: number): NextLine | undefined {
    const isOfEarlierRun = this.#isEarlier(begun.timestamp);
    if (!isOfEarlierRun && !(this.#gluesLines && begun.isContinued)) return undefined;
    const stamps = stampsIn(bytes, begun, limit);
    // A terminal's line ends with a carriage return.
    const glued = stamps.find(({ at }) => bytes[at - 1] === RETURN);
    const next = isOfEarlierRun ? stamps[0] : (glued ?? stamps[0]);
    if (next === undefined) return undefined;
    const { at, timestamp } = next;
    // What is written at once at the start may be stamped before it.
    const ended = !isOfEarlierRun || (this.#gluesLines && bytes[at - 1] === RETURN);
    return { timestamp, end: { at, ended, next: at, goesOn: false } };
  }

  /**
   * Whether a line of an earlier run was followed by one stamped `timestamp`, or the program has printed that: the line at
   * `following` is no earlier than any before it.
   */
  #isDecided(bytes: Buffer, timestamp: string, following: number): boolean | "unknown" {
    if (this.#startedAt === undefined || !this.#isEarlier(timestamp)) return true;
    const stamp = following === -1 ? "incomplete" : stampAt(bytes, following, this.#prefix);
    if (stamp === "incomplete") return "unknown";
    return stamp === "none" || compareTimestamps(timestamp, stamp.timestamp) <= 0;
  }

  /** Whether a line that has not ended is taken as it is. */
  #isTaken({ timestamp }: Begun, unended: Unended): boolean {
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
}

/** A line that begins within another. */
interface NextLine {
  readonly timestamp: string;
  readonly end: End;
}

function entryOf(
  timestamp: string,
  text: Buffer,
  ended: boolean,
  attributes: Attributes | undefined,
): Entry {
  const entry = { stream: "tty", timestamp, text, ended } as const;
  return attributes === undefined ? entry : { ...entry, attributes };
}
