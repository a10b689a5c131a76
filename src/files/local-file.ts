import type { Entry } from "../wire/entry.ts";
import { EntryRun } from "./entry-run.ts";
import type { RunOptions } from "./entry-run.ts";
import type { Decoded, FileDecoder, FilePiece } from "./file-decoder.ts";
import { addHole } from "./json-file.ts";
import { localEntry } from "./local-entry.ts";
import type { LocalEntry } from "./local-entry.ts";
import { UtcSeconds } from "./utc-seconds.ts";

/** Big-endian, before each message and behind it (moby, `daemon/logger/local/local.go`). */
const LENGTH_BYTES = 4;
/** Text of 16 KiB, and little more. */
const LONGEST_MESSAGE = 64 * 1024;
const RETURN = 0x0d;
/** What each message begins with: field 1, six bytes: "stdout", "stderr". */
const BEGINNING = Buffer.from("\n\u0006std");

export interface LocalOptions extends RunOptions {
  /** A long line's last part has its newline (not so for Docker before 23, where on a terminal its return tells). */
  readonly lastPartEnds: boolean;
}

/** Decodes the logs of Docker's `local` driver, also those in which it keeps what it sends to remote ones. */
export class LocalFileDecoder implements FileDecoder {
  readonly isHolding = false;
  readonly #options: LocalOptions;
  readonly #seconds = new UtcSeconds();

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  decode(bytes: Buffer, isStill: boolean = false): Decoded {
    const pieces: FilePiece[] = [];
    const run = new EntryRun(this.#options, pieces);
    let at = 0;
    while (at < bytes.length) {
      const end = messageEnd(bytes, at);
      if (end === "incomplete") {
        const sound = isStill ? soundMessage(bytes, at + 1) : undefined;
        if (sound === undefined) break;
        run.flush();
        addHole(pieces, at, sound);
        at = sound;
        continue;
      }
      const entry =
        end === "none" ? undefined : localEntry(bytes, at + LENGTH_BYTES, end - LENGTH_BYTES);
      if (entry === undefined || end === "none") {
        run.flush();
        // Where the message before was cut by as much, it has taken this one's length for its own.
        const first = at - LENGTH_BYTES;
        if (first >= 0 && typeof messageEnd(bytes, first) === "number") {
          addHole(pieces, first, at);
          at = first;
          continue;
        }
        const next = nextMessage(bytes, at + 1);
        addHole(pieces, at, next);
        at = next;
        continue;
      }
      this.#add(entry, bytes, end, run);
      at = end;
    }
    run.flush();
    return { pieces, consumed: at };
  }

  restart(): void {}

  remains(): Entry[] {
    return [];
  }

  #add(entry: LocalEntry, bytes: Buffer, end: number, run: EntryRun): void {
    const { source, high, low, textStart, textEnd, isPartial, isLast } = entry;
    if (source !== "stdout" && source !== "stderr") return;
    const timestamp = this.#seconds.ofNanoseconds(high, low);
    const isReturned = this.#options.tty && bytes[textEnd - 1] === RETURN;
    const ended = !isPartial || (isLast && (this.#options.lastPartEnds || isReturned));
    run.add(source, timestamp, bytes, textStart, textEnd, ended, end);
  }
}

/** Behind a message's second length. */
function messageEnd(bytes: Buffer, at: number): number | "incomplete" | "none" {
  if (at + LENGTH_BYTES > bytes.length) return "incomplete";
  const length = bytes.readUInt32BE(at);
  if (length < BEGINNING.length || length > LONGEST_MESSAGE) return "none";
  const start = at + LENGTH_BYTES;
  const seen = Math.min(BEGINNING.length, bytes.length - start);
  if (BEGINNING.compare(bytes, start, start + seen, 0, seen) !== 0) return "none";
  const end = start + length + LENGTH_BYTES;
  if (end > bytes.length) return "incomplete";
  return bytes.readUInt32BE(end - LENGTH_BYTES) === length ? end : "none";
}

/** Where the next message may begin. */
function nextMessage(bytes: Buffer, from: number): number {
  for (const at of beginnings(bytes, from)) if (messageEnd(bytes, at) !== "none") return at;
  // It may have begun at the end of what is there.
  return Math.max(from, bytes.length - LENGTH_BYTES - BEGINNING.length + 1);
}

/** Where a whole message begins. */
function soundMessage(bytes: Buffer, from: number): number | undefined {
  for (const at of beginnings(bytes, from)) {
    const end = messageEnd(bytes, at);
    const isWhole = typeof end === "number";
    if (isWhole && localEntry(bytes, at + LENGTH_BYTES, end - LENGTH_BYTES) !== undefined)
      return at;
  }
  return undefined;
}

function* beginnings(bytes: Buffer, from: number): Generator<number, undefined> {
  let found = bytes.indexOf(BEGINNING, from + LENGTH_BYTES);
  for (; found !== -1; found = bytes.indexOf(BEGINNING, found + 1)) yield found - LENGTH_BYTES;
}
