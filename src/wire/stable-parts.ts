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
  readonly #lines = new Map<LogStream, Line>();

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  get fault(): Fault | undefined {
    return this.#decoder.fault;
  }

  get isHolding(): boolean {
    return this.#lines.size > 0 || this.#decoder.isHolding;
  }

  push(bytes: Buffer, spans?: readonly number[]): Entry[] {
    return this.#addAll(this.#decoder.push(bytes, spans));
  }

  end(runs: boolean): Entry[] {
    const entries = this.#addAll(this.#decoder.end(runs));
    if (runs) return entries;
    for (const [stream, line] of this.#lines) entries.push(toEntry(stream, line, false));
    this.#lines.clear();
    return entries;
  }

  #addAll(parts: Entries): Entry[] {
    return Array.from(parts, (entry) => this.#add(entry)).flat();
  }

  #add(entry: Entry): Entry[] {
    const open = this.#lines.get(entry.stream);
    if (open === undefined && entry.ended && entry.text.length <= PART_BYTES) return [entry];
    const line = open ?? { timestamp: entry.timestamp, pieces: [], bytes: 0 };
    this.#lines.set(entry.stream, line);
    line.pieces.push(Buffer.from(entry.text));
    line.bytes += entry.text.length;
    const parts: Entry[] = [];
    while (line.bytes > PART_BYTES) {
      const text = Buffer.concat(line.pieces);
      parts.push({
        stream: entry.stream,
        timestamp: line.timestamp,
        text: text.subarray(0, PART_BYTES),
        ended: false,
      });
      line.pieces = [text.subarray(PART_BYTES)];
      line.bytes -= PART_BYTES;
    }
    if (entry.ended) {
      this.#lines.delete(entry.stream);
      parts.push(toEntry(entry.stream, line, true));
    }
    return parts;
  }
}

function toEntry(stream: LogStream, { timestamp, pieces }: Line, ended: boolean): Entry {
  return { stream, timestamp, text: Buffer.concat(pieces), ended };
}
