import type { LogEntry } from "./log-entry.ts";
import { byteLength } from "./text-parts.ts";
import type { TimestampFormat } from "./timestamp-format.ts";

const HEADER_BYTES = 8;
const NEWLINE = 10;

/** How the entries of one response are written: framed, or raw with a terminal. */
export interface LogEncoding {
  encode(entry: LogEntry): Buffer;
}

/** What stands before each entry. */
export interface EntryPrefix {
  readonly format: TimestampFormat | undefined;
  /** With their space; "" for none. */
  readonly attributes: string;
}

function prefixOf({ format, attributes }: EntryPrefix, entry: LogEntry): string {
  return `${format === undefined ? "" : `${format.format(entry.time)} `}${attributes}`;
}

/** Docker's multiplexed stream: 8 bytes (1 stdout, 2 stderr; length, big-endian), then the payload. */
export class FramedEncoding implements LogEncoding {
  readonly #prefix: EntryPrefix;

  constructor(prefix: EntryPrefix) {
    this.#prefix = prefix;
  }

  encode(entry: LogEntry): Buffer {
    const stamp = prefixOf(this.#prefix, entry);
    const payload = stamp.length + byteLength(entry.text) + (entry.ended ? 1 : 0);
    const frame = Buffer.allocUnsafe(HEADER_BYTES + payload);
    frame.writeUInt32BE(entry.stream === "stderr" ? 0x02_00_00_00 : 0x01_00_00_00, 0);
    frame.writeUInt32BE(payload, 4);
    frame.write(stamp, HEADER_BYTES, "latin1");
    const textAt = HEADER_BYTES + stamp.length;
    if (typeof entry.text === "string") frame.write(entry.text, textAt);
    else entry.text.copy(frame, textAt);
    if (entry.ended) frame[frame.length - 1] = NEWLINE;
    return frame;
  }
}

/**
 * A terminal's stream has no frames. Docker repeats the timestamp after each `stampEveryBytes` bytes of a line, wherever
 * the writes ended; Podman (undefined) at every entry.
 */
export class TerminalEncoding implements LogEncoding {
  readonly #prefix: EntryPrefix;
  readonly #stampEveryBytes: number | undefined;
  #first = true;

  constructor(prefix: EntryPrefix, stampEveryBytes: number | undefined) {
    this.#prefix = prefix;
    this.#stampEveryBytes = stampEveryBytes;
  }

  encode(entry: LogEntry): Buffer {
    const written = typeof entry.text === "string" ? Buffer.from(entry.text) : entry.text;
    // The terminal adds "\r" before the engine cuts.
    const text = entry.ended ? Buffer.concat([written, Buffer.from("\r")]) : written;
    const end = Buffer.from(entry.ended ? "\n" : "");
    const stamp = Buffer.from(prefixOf(this.#prefix, entry));
    if (stamp.length === 0) return Buffer.concat([text, end]);
    const every = this.#stampEveryBytes;
    if (every === undefined) return Buffer.concat([stamp, text, end]);
    const pieces: Buffer[] = [];
    if (this.#first && entry.offset % every !== 0) pieces.push(stamp);
    this.#first = false;
    if (text.length === 0 && entry.offset === 0) pieces.push(stamp);
    for (let start = 0; start < text.length;) {
      const within = (entry.offset + start) % every;
      if (within === 0) pieces.push(stamp);
      const stop = Math.min(text.length, start + every - within);
      pieces.push(text.subarray(start, stop));
      start = stop;
    }
    if (entry.ended && (entry.offset + text.length) % every === 0) pieces.push(stamp);
    return Buffer.concat([...pieces, end]);
  }
}
