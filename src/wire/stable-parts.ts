import type { Decoder, Entries, Entry, Fault, LogStream } from "./entry.ts";

/** Long lines are cut at multiples of this, wherever the engine cut them. */
const PART_BYTES = 64 * 1024;

interface Line {
  readonly timestamp: string;
  pieces: Buffer[];
  bytes: number;
}

/**
 * For engines that cut lines elsewhere on every read and stamp each part anew (Podman): joins the parts up to the
 * newline and cuts long lines at places, and under a timestamp, that depend on the line alone.
 */
export class StablePartsDecoder implements Decoder {
  readonly #decoder: Decoder;
  readonly #lines = new StableLines();

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  get fault(): Fault | undefined {
    return this.#decoder.fault;
  }

  get isHolding(): boolean {
    return this.#lines.isHolding || this.#decoder.isHolding;
  }

  get isCutOff(): boolean {
    return this.#decoder.isCutOff;
  }

  push(bytes: Buffer, spans?: readonly number[]): Entry[] {
    return this.#addAll(this.#decoder.push(bytes, spans));
  }

  end(runs: boolean): Entry[] {
    const entries = this.#addAll(this.#decoder.end(runs));
    return runs ? entries : [...entries, ...this.#lines.end()];
  }

  #addAll(parts: Entries): Entry[] {
    return Array.from(parts, (entry) => this.#lines.add(entry)).flat();
  }
}

/** Joins parts of lines, and cuts the lines anew. */
export class StableLines {
  readonly #lines = new Map<LogStream, Line>();

  get isHolding(): boolean {
    return this.#lines.size > 0;
  }

  /** It is one as it stands. */
  isWhole({ stream, ended, text }: Pick<Entry, "stream" | "ended" | "text">): boolean {
    return ended && text.length <= PART_BYTES && !this.#lines.has(stream);
  }

  /** What `part` completes. */
  add(part: Entry): Entry[] {
    if (this.isWhole(part)) return [part];
    const open = this.#lines.get(part.stream);
    const line = open ?? { timestamp: part.timestamp, pieces: [], bytes: 0 };
    this.#lines.set(part.stream, line);
    line.pieces.push(Buffer.from(part.text));
    line.bytes += part.text.length;
    const entries: Entry[] = [];
    while (line.bytes > PART_BYTES) {
      const text = Buffer.concat(line.pieces);
      entries.push({
        stream: part.stream,
        timestamp: line.timestamp,
        text: text.subarray(0, PART_BYTES),
        ended: false,
      });
      line.pieces = [text.subarray(PART_BYTES)];
      line.bytes -= PART_BYTES;
    }
    if (part.ended) {
      this.#lines.delete(part.stream);
      entries.push(toEntry(part.stream, line, true));
    }
    return entries;
  }

  /** The open lines, as they are; forgets them. */
  end(): Entry[] {
    const entries = Array.from(this.#lines, ([stream, line]) => toEntry(stream, line, false));
    this.#lines.clear();
    return entries;
  }
}

function toEntry(stream: LogStream, { timestamp, pieces }: Line, ended: boolean): Entry {
  return { stream, timestamp, text: Buffer.concat(pieces), ended };
}
