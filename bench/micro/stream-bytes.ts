/** Bytes of a response as the engine sends them, in memory. */

/** What the engine's bodies are read into. */
const READ_BYTES = 64 * 1024;
const HEADER_BYTES = 8;
const START_MS = Date.UTC(2026, 10, 23, 15, 58, 34);
/** Between two lines: nearly as fast as a container writes. */
const STEP_NS = 2_700;
const NANOSECONDS = 1_000_000_000;

export interface LineOptions {
  readonly lines: number;
  /** Without the line's end. */
  readonly textBytes: number;
  /** The line's end; default "\n". */
  readonly lineEnd?: string;
  /** One character, repeated; default "a". */
  readonly letter?: string;
}

/** An entry of the log with its timestamp, as it stands in a frame or on a terminal. */
export function logLines({
  lines,
  textBytes,
  lineEnd = "\n",
  letter = "a",
}: LineOptions): Buffer[] {
  const text = letter.repeat(Math.ceil(textBytes / Buffer.byteLength(letter)));
  const tail = Buffer.from(`${text}${lineEnd}`);
  return Array.from({ length: lines }, (_, index) =>
    Buffer.concat([Buffer.from(`${stampOf(index)} `), tail]),
  );
}

/** Lines in parts, all under the line's one timestamp; the last ends it. */
export function logParts(lines: number, parts: number, partBytes: number): Buffer[] {
  const part = "a".repeat(partBytes);
  return Array.from({ length: lines * parts }, (_, index) => {
    const end = index % parts === parts - 1 ? "\n" : "";
    return Buffer.from(`${stampOf(Math.floor(index / parts))} ${part}${end}`);
  });
}

/** Each in a frame; type 1 is stdout. */
export function frames(entries: readonly Buffer[], type = 1): Buffer[] {
  return entries.map((entry) => {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = type;
    header.writeUInt32BE(entry.length, 4);
    return Buffer.concat([header, entry]);
  });
}

/** Each in an HTTP chunk of its own, as the engine sends them. */
export function chunks(pieces: readonly Buffer[]): Buffer[] {
  return pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]),
  );
}

/** As they are read from the socket. */
export function reads(pieces: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(pieces);
  const count = Math.ceil(bytes.length / READ_BYTES);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * READ_BYTES, (index + 1) * READ_BYTES),
  );
}

/** In nanoseconds and UTC, each later than the one before. */
function stampOf(index: number): string {
  const ns = index * STEP_NS;
  const seconds = new Date(START_MS + Math.floor(ns / NANOSECONDS) * 1_000).toISOString();
  return `${seconds.slice(0, 19)}.${String(ns % NANOSECONDS).padStart(9, "0")}Z`;
}
