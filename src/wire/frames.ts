import type { Decoder, Entries, Entry, Fault, LogStream } from "./entry.ts";
import { Fragments } from "./fragments.ts";
import { HEADER_BYTES, PIECE_BYTES, scanFrames } from "./frame-scan.ts";
import { gather } from "./spans.ts";
import { LONGEST_LENGTH, isNanosecondUtc, toUtc } from "./timestamps.ts";

/** A timestamp with its space. */
const MAX_STAMP_BYTES = LONGEST_LENGTH + 1;
const ERROR_FRAME = 3;

/** An oversized frame of which only a piece has come. */
interface LongFrame {
  readonly stream: LogStream;
  readonly timestamp: string;
  remaining: number;
}

/** Decodes the multiplexed stream of a container without a terminal. */
export class FrameDecoder implements Decoder {
  readonly #fragments = new Fragments();
  #long: LongFrame | undefined;
  #fault: Fault | undefined;
  /** Frames were seen that lie in several spans. */
  #isScattered = false;

  get fault(): Fault | undefined {
    return this.#fault;
  }

  push(bytes: Buffer, spans: readonly number[] = [0, bytes.length]): Entries {
    if (this.#fault !== undefined) return [];
    const isInPieces = this.#isScattered && spans.length > 2;
    if (this.#fragments.isEmpty && this.#long === undefined && !isInPieces) {
      return this.#scan(bytes, spans) ?? this.#decode(gather(bytes, spans));
    }
    if (this.#long !== undefined) {
      const all = this.#fragments.join(bytes, spans);
      return all === undefined ? [] : this.#decode(all);
    }
    const all = this.#fragments.joinBriefly(bytes, spans);
    if (all === undefined) return [];
    return this.#scan(all, [0, all.length]) ?? this.#decode(Buffer.from(all));
  }

  /** The fast way, for what the engine usually sends; undefined where it is something else. */
  #scan(bytes: Buffer, spans: readonly number[]): Entries | undefined {
    const scan = scanFrames(bytes, spans);
    if (scan.kind === "unusual") return undefined;
    if (scan.kind === "cut" && !scan.isLast) {
      // The peer cuts the stream elsewhere than between frames.
      this.#isScattered = true;
      const all = gather(bytes, spans);
      return this.#scan(all, [0, all.length]);
    }
    if (scan.kind === "cut") this.#fragments.keep(bytes.subarray(scan.from, scan.to), scan.wanted);
    return scan.entries ?? [];
  }

  /** The slow way, for everything; `bytes` are kept. */
  #decode(bytes: Buffer): Entry[] {
    const entries: Entry[] = [];
    let at = 0;
    while (this.#fault === undefined && at < bytes.length) {
      const wanted = this.#wanted(bytes, at);
      if (wanted === undefined) break;
      if (bytes.length - at < wanted) {
        this.#fragments.keep(bytes.subarray(at), wanted);
        break;
      }
      at +=
        this.#long === undefined
          ? this.#frame(bytes, at, entries)
          : this.#piece(bytes, at, this.#long, entries);
    }
    return entries;
  }

  get isHolding(): boolean {
    return this.#long !== undefined || !this.#fragments.isEmpty;
  }

  get isCutOff(): boolean {
    return this.isHolding;
  }

  /** A frame that was cut off is no entry: a reread brings it whole. */
  end(): Entry[] {
    return [];
  }

  /** How many bytes the next step needs; undefined where the header can't be one. */
  #wanted(bytes: Buffer, at: number): number | undefined {
    if (this.#long !== undefined) return Math.min(this.#long.remaining, PIECE_BYTES);
    if (bytes.length - at < HEADER_BYTES)
      return this.#plausible(bytes, at) ? HEADER_BYTES : undefined;
    if (!this.#plausible(bytes, at)) return undefined;
    return HEADER_BYTES + Math.min(bytes.readUInt32BE(at + 4), PIECE_BYTES);
  }

  #plausible(bytes: Buffer, at: number): boolean {
    const present = Math.min(4, bytes.length - at);
    for (let index = 0; index < present; index++) {
      const byte = bytes[at + index] ?? 0;
      if (index === 0 ? byte <= ERROR_FRAME : byte === 0) continue;
      this.#fail(`expected the header of a log frame, got ${excerpt(bytes, at)}`);
      return false;
    }
    return true;
  }

  #frame(bytes: Buffer, at: number, entries: Entry[]): number {
    const type = bytes[at] ?? 0;
    const length = bytes.readUInt32BE(at + 4);
    const start = at + HEADER_BYTES;
    const end = start + Math.min(length, PIECE_BYTES);
    if (type === ERROR_FRAME) {
      this.#fault = { kind: "engine-error", message: bytes.toString("utf8", start, end).trimEnd() };
      return end - at;
    }
    const stampEnd = stampEndAt(bytes, start, end);
    const timestamp = stampEnd === undefined ? undefined : stampAt(bytes, start, stampEnd);
    if (stampEnd === undefined || timestamp === undefined) {
      this.#fail(`expected a log entry's timestamp, got ${excerpt(bytes, start)}`);
      return 0;
    }
    const stream = type === 2 ? "stderr" : "stdout";
    const whole = length <= PIECE_BYTES;
    entries.push(entry(stream, timestamp, bytes, stampEnd + 1, end, whole));
    if (!whole) this.#long = { stream, timestamp, remaining: length - PIECE_BYTES };
    return end - at;
  }

  #piece(bytes: Buffer, at: number, long: LongFrame, entries: Entry[]): number {
    const size = Math.min(long.remaining, PIECE_BYTES);
    long.remaining -= size;
    const rest = entry(long.stream, long.timestamp, bytes, at, at + size, long.remaining === 0);
    entries.push({ ...rest, isRest: true });
    if (long.remaining === 0) this.#long = undefined;
    return size;
  }

  #fail(message: string): void {
    this.#fault = { kind: "protocol", message };
  }
}

function entry(
  stream: LogStream,
  timestamp: string,
  bytes: Buffer,
  start: number,
  end: number,
  last: boolean,
): Entry {
  const ended = last && end > start && bytes[end - 1] === 0x0a;
  return { stream, timestamp, text: bytes.subarray(start, ended ? end - 1 : end), ended };
}

/** Where the space behind a timestamp stands. */
function stampEndAt(bytes: Buffer, start: number, end: number): number | undefined {
  const space = bytes.subarray(start, Math.min(end, start + MAX_STAMP_BYTES)).indexOf(0x20);
  return space === -1 ? undefined : start + space;
}

function stampAt(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString("latin1", start, end);
  return isNanosecondUtc(text) ? text : toUtc(text);
}

/** The first bytes of what can't be read, for an error message. */
export function excerpt(bytes: Buffer, at: number): string {
  return JSON.stringify(bytes.toString("latin1", at, at + 40));
}
