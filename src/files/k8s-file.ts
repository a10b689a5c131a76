import type { Entry } from "../wire/entry.ts";
import { StableLines } from "../wire/stable-parts.ts";
import { EntryRun } from "./entry-run.ts";
import type { RunOptions } from "./entry-run.ts";
import { LONGEST_ENTRY } from "./file-decoder.ts";
import type { Decoded, FileDecoder, FilePiece } from "./file-decoder.ts";
import { addHole } from "./json-file.ts";
import { UtcSeconds } from "./utc-seconds.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const LETTER_P = 0x50;
const LETTER_F = 0x46;
/** With nanoseconds and "Z", and with an offset. */
const SHORTEST_STAMP = 30;
const LONGEST_STAMP = 35;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)$/;
/** Behind the zeros that a power cut has left. */
const BEHIND_ZEROS =
  /\0(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) std(?:out|err) [FP] )/;
const LONGEST_PART = 64 * 1024;

export interface K8sOptions extends RunOptions {
  /** The engine's API tells times without their fractions (Podman before 5.8). */
  readonly wholeSeconds: boolean;
}

interface Head {
  readonly stream: "stdout" | "stderr";
  readonly timestamp: string;
  readonly ended: boolean;
  readonly textStart: number;
}

/**
 * Decodes Podman's `k8s-file` logs: "TIME STREAM TAG TEXT", with the tag "P" for a part of a line and "F" for its end (conmon,
 * `ctr_logging.c`). Parts are joined as those that the API sends.
 */
export class K8sFileDecoder implements FileDecoder {
  readonly #options: K8sOptions;
  readonly #seconds = new UtcSeconds();
  #lines = new StableLines();

  constructor(options: K8sOptions) {
    this.#options = options;
  }

  get isHolding(): boolean {
    return this.#lines.isHolding;
  }

  decode(bytes: Buffer): Decoded {
    const pieces: FilePiece[] = [];
    const run = new EntryRun(this.#options, pieces);
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
      this.#line(bytes, at, end, run, pieces);
      at = end + 1;
    }
    run.flush();
    if (bytes.length - at <= LONGEST_ENTRY) return { pieces, consumed: at };
    // What comes last may be the beginning of the next line.
    const consumed = bytes.length - LONGEST_STAMP;
    addHole(pieces, at, consumed);
    return { pieces, consumed };
  }

  restart(): void {
    this.#lines = new StableLines();
  }

  remains(): Entry[] {
    // The next run may go on with them.
    return this.#lines.left();
  }

  #line(bytes: Buffer, from: number, end: number, run: EntryRun, pieces: FilePiece[]): void {
    const start = this.#soundStart(bytes, from, end);
    if (start > from) {
      run.flush();
      addHole(pieces, from, Math.min(start, end + 1));
    }
    const head = start > end ? undefined : this.#head(bytes, start, end);
    if (head === undefined) return;
    const { stream, timestamp, ended, textStart } = head;
    const shown = this.#options.tty ? "tty" : stream;
    const isUsual = ended && end - textStart <= LONGEST_PART && !this.#options.wholeSeconds;
    const probe = { stream: shown, ended, text: nothing } as const;
    if (isUsual && this.#lines.isWhole(probe)) {
      this.#lines.passed();
      run.add(stream, timestamp, bytes, textStart, end, true, end + 1);
      return;
    }
    const text = Buffer.from(bytes.subarray(textStart, end));
    run.addAll(this.#lines.add({ stream: shown, timestamp, text, ended }), end + 1);
  }

  /** Where the line that ends at `end` begins: behind it where none of it is one. */
  #soundStart(bytes: Buffer, from: number, end: number): number {
    const isSound = this.#head(bytes, from, end) !== undefined;
    const hasZeros = bytes.subarray(from, end).includes(0);
    if (isSound && !hasZeros) return from;
    if (hasZeros) {
      const match = BEHIND_ZEROS.exec(bytes.toString("latin1", from, end));
      if (match !== null) return from + match.index + 1;
    }
    return isSound ? from : end + 1;
  }

  #head(bytes: Buffer, from: number, end: number): Head | undefined {
    const space = bytes.indexOf(SPACE, from + SHORTEST_STAMP - 1);
    if (space === -1 || space > from + LONGEST_STAMP) return undefined;
    const name = bytes.toString("latin1", space + 1, space + 7);
    const stream = name === "stdout" || name === "stderr" ? name : undefined;
    const tag = bytes[space + 8];
    const textStart = space + 10;
    if (stream === undefined || bytes[space + 7] !== SPACE || bytes[space + 9] !== SPACE)
      return undefined;
    if (textStart > end || (tag !== LETTER_P && tag !== LETTER_F)) return undefined;
    const sent = bytes.toString("latin1", from, space);
    const utc = STAMP.test(sent) ? this.#seconds.ofText(sent) : undefined;
    if (utc === undefined) return undefined;
    const timestamp = this.#options.wholeSeconds ? `${utc.slice(0, 19)}Z` : utc;
    return { stream, timestamp, ended: tag === LETTER_F, textStart };
  }
}

const nothing = Buffer.alloc(0);
