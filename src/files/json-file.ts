import type { Attributes } from "../wire/attributes.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import { scanEscapedJson } from "./escaped-json-scan.ts";
import type { EscapedScan } from "./escaped-json-scan.ts";
import { LONGEST_ENTRY } from "./file-decoder.ts";
import type { Decoded, FileDecoder, FilePiece } from "./file-decoder.ts";
import { inPieces } from "./long-entry.ts";
import { jsonRecord } from "./json-record.ts";
import { NO_ATTRIBUTES, NotedAttributes } from "./noted-attributes.ts";
import { scanPlainJson } from "./plain-json-scan.ts";
import type { PlainScan } from "./plain-json-scan.ts";

const NEWLINE = 0x0a;
/** A string up to this size is made several times as fast as a longer one, which V8 puts elsewhere. */
const PIECE_BYTES = 96 * 1024;
/** In a sound record it stands only at the beginning: within its text the quotes are escaped. */
const HEADS = [Buffer.from('{"log":'), Buffer.from('{"stream":')];
const LONGEST_HEAD = 10;

export interface FileDecoderOptions {
  readonly tty: boolean;
  /** Entries carry what the log options `labels`, `env` and `tag` note. */
  readonly attributes: boolean;
}

/** Decodes Docker's `json-file` logs: a JSON object a line (moby, `daemon/logger/jsonfilelog/jsonlog`). */
export class JsonFileDecoder implements FileDecoder {
  readonly isHolding = false;
  readonly #options: FileDecoderOptions;
  readonly #attributes = new NotedAttributes();

  constructor(options: FileDecoderOptions) {
    this.#options = options;
  }

  decode(bytes: Buffer): Decoded {
    const pieces: FilePiece[] = [];
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    let at = 0;
    while (at < whole) at = this.#piece(bytes, at, pieceEnd(bytes, at, whole), pieces);
    if (bytes.length - at <= LONGEST_ENTRY) return { pieces, consumed: at };
    const consumed = endlessEnd(bytes, at);
    addHole(pieces, at, consumed);
    return { pieces, consumed };
  }

  restart(): void {}

  remains(): Entry[] {
    return [];
  }

  /** Lines in `bytes[from..to)`. */
  #piece(bytes: Buffer, from: number, to: number, pieces: FilePiece[]): number {
    let at = from;
    // A terminal's lines have a return.
    let mayBePlain = !this.#options.tty;
    while (at < to) {
      const plain = mayBePlain ? scanPlainJson(bytes, at, to) : undefined;
      if (plain !== undefined)
        at = this.#scanned(plain, this.#attributes.shared(NO_ATTRIBUTES), pieces);
      if (at === to) break;
      const scan = scanEscapedJson(bytes, at, to, this.#options);
      // What stands before a line that is neither is no sample of what stands behind it.
      mayBePlain &&= scan === undefined;
      const attributes = scan && this.#attributesOf(scan);
      at =
        scan === undefined || attributes === undefined
          ? this.#line(bytes, at, bytes.indexOf(NEWLINE, at), pieces)
          : this.#scanned(scan, attributes, pieces);
    }
    return to;
  }

  #attributesOf({ noted }: EscapedScan): Attributes | undefined {
    return this.#options.attributes ? this.#attributes.of(noted) : NO_ATTRIBUTES;
  }

  #scanned({ entries, ends, to }: PlainScan, attributes: Attributes, pieces: FilePiece[]): number {
    const own = this.#options.attributes ? entries.withAttributes(attributes) : entries;
    return this.#add(own, ends, to, pieces);
  }

  #add(entries: Entries, ends: ArrayLike<number>, to: number, pieces: FilePiece[]): number {
    pieces.push({ type: "entries", entries, ends });
    return to;
  }

  /** A line whose newline is at `end`. */
  #line(bytes: Buffer, from: number, end: number, pieces: FilePiece[]): number {
    const next = end + 1;
    const sound = this.#record(bytes.subarray(from, end));
    if (sound !== undefined)
      return this.#add(
        sound,
        sound.map(() => next),
        next,
        pieces,
      );
    // A line that was cut may have the next one right behind it.
    const head = lastHead(bytes, end);
    const rest = head > from ? this.#record(bytes.subarray(head, end)) : undefined;
    addHole(pieces, from, rest === undefined ? next : head);
    return rest === undefined
      ? next
      : this.#add(
          rest,
          rest.map(() => next),
          next,
          pieces,
        );
  }

  #record(line: Buffer): Entry[] | undefined {
    const entry = jsonRecord(line, this.#options.attributes);
    if (entry === undefined) return undefined;
    const { attributes } = entry;
    return inPieces({
      ...entry,
      ...(this.#options.tty && { stream: "tty" }),
      ...(attributes && { attributes: this.#attributes.shared(attributes) }),
    });
  }
}

/** Behind the last newline of a piece that begins at `from`. */
function pieceEnd(bytes: Buffer, from: number, whole: number): number {
  if (whole - from <= PIECE_BYTES) return whole;
  const end = bytes.lastIndexOf(NEWLINE, from + PIECE_BYTES) + 1;
  return end > from ? end : bytes.indexOf(NEWLINE, from) + 1;
}

/** Up to where a line that is too long for an entry is none: it may have a sound one at its end. */
function endlessEnd(bytes: Buffer, from: number): number {
  const head = lastHead(bytes, bytes.length);
  return head > from ? head : bytes.length - LONGEST_HEAD;
}

function lastHead(bytes: Buffer, end: number): number {
  return Math.max(...HEADS.map((head) => bytes.lastIndexOf(head, end)));
}

/** Adds to the hole before, where one is right before it. */
export function addHole(pieces: FilePiece[], from: number, to: number): void {
  const last = pieces.at(-1);
  const goesOn = last?.type === "hole" && last.to === from;
  if (goesOn) pieces[pieces.length - 1] = { ...last, to };
  else pieces.push({ type: "hole", from, to });
}
