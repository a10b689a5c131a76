import type { Decoder, Entries, Entry, Fault, JoinedPart, LogStream } from "./entry.ts";

/** Long lines are cut at multiples of this, wherever the engine cut them. */
const PART_BYTES = 64 * 1024;

interface Line {
  readonly timestamp: string;
  /** How many entries there were when it began. */
  readonly firstEntry: number;
  pieces: Buffer[];
  bytes: number;
  parts: JoinedPart[];
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
  #count = 0;

  get isHolding(): boolean {
    return this.#lines.size > 0;
  }

  /** It is one as it stands. */
  isWhole({ stream, ended, text }: Pick<Entry, "stream" | "ended" | "text">): boolean {
    return ended && text.length <= PART_BYTES && !this.#lines.has(stream);
  }

  /** An entry that `isWhole` was taken as it stands. */
  passed(): void {
    this.#count++;
  }

  /** What `part` completes. */
  add(part: Entry): Entry[] {
    const entries = this.#complete(part);
    this.#count += entries.length;
    return entries;
  }

  #complete(part: Entry): Entry[] {
    if (this.isWhole(part)) return [part];
    const line = this.#join(part);
    const entries: Entry[] = [];
    while (line.bytes > PART_BYTES) {
      const text = Buffer.concat(line.pieces);
      entries.push({
        stream: part.stream,
        timestamp: line.timestamp,
        text: text.subarray(0, PART_BYTES),
        ended: false,
        ...withParts(line.parts.filter(({ at }) => at < PART_BYTES)),
      });
      line.pieces = [text.subarray(PART_BYTES)];
      line.bytes -= PART_BYTES;
      line.parts = line.parts
        .filter(({ at }) => at >= PART_BYTES)
        .map(({ at, timestamp }) => ({ at: at - PART_BYTES, timestamp }));
    }
    if (part.ended) {
      this.#lines.delete(part.stream);
      entries.push(toEntry(part.stream, line, true));
    }
    return entries;
  }

  #join({ stream, timestamp, text }: Entry): Line {
    const open = this.#lines.get(stream);
    if (open !== undefined) open.parts.push({ at: open.bytes, timestamp });
    const firstEntry = this.#count;
    const line = open ?? { timestamp, firstEntry, pieces: [], bytes: 0, parts: [] };
    this.#lines.set(stream, line);
    line.pieces.push(Buffer.from(text));
    line.bytes += text.length;
    return line;
  }

  /** The open lines, as they are: left so by a run that is over. */
  left(): Entry[] {
    return Array.from(this.#lines, ([stream, line], index) => ({
      ...toEntry(stream, line, false),
      leftSince: this.#count + index - line.firstEntry + 1,
    }));
  }

  /** As `left`; forgets them. */
  end(): Entry[] {
    const entries = this.left();
    this.#lines.clear();
    return entries;
  }
}

function toEntry(stream: LogStream, { timestamp, pieces, parts }: Line, ended: boolean): Entry {
  return { stream, timestamp, text: Buffer.concat(pieces), ended, ...withParts(parts) };
}

function withParts(parts: readonly JoinedPart[]): Pick<Entry, "parts"> {
  return parts.length === 0 ? {} : { parts: [...parts] };
}
