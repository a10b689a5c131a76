import { Batch, countOf } from "../queue/batch.ts";
import type { Lines } from "../queue/batch.ts";
import type { BatchBuffer } from "../queue/buffer.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { Trail } from "../resume/trail.ts";
import type { Entries } from "../wire/entry.ts";
import { FrameEntries, textBytes } from "../wire/frame-entries.ts";

/** What holding a chunk takes beside its text, measured: for the chunk, and for each entry as it came, or as an object. */
const CHUNK_BYTES = 512;
const MARKED_BYTES = 48;
const ENTRY_BYTES = 256;

/** Where records go. */
export interface Outlet {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  /** A line or record has begun that is not complete. */
  readonly isHolding: () => boolean;
}

/** What was handed over so far. */
export interface Made {
  readonly lines: number;
  /** Of those lines. */
  readonly stderrLines: number;
  /** Text of those lines, in bytes. */
  readonly bytes: number;
}

/** Hands records over, each chunk's with what finds the place behind them again. */
export class Handover implements Made {
  readonly #outlet: Outlet;
  #lines = 0;
  #stderrLines = 0;
  #bytes = 0;
  /** Text that belongs to lines and records that are not complete. */
  #unhanded = 0;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Of those lines. */
  get stderrLines(): number {
    return this.#stderrLines;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The lines of `entries`, which stand between `before` and `trail`. */
  hand(lines: Lines, entries: Entries, before: Trail, trail: Trail): void {
    const { buffer, consumer, isHolding } = this.#outlet;
    const bytes = textBytes(entries) + this.#unhanded;
    const count = countOf(lines);
    if (count === 0) {
      // What comes in parts, or line by line, is held until the record is complete.
      this.#unhanded = isHolding() ? bytes : 0;
      consumer.pass(trail, entries.length);
      return;
    }
    this.#unhanded = 0;
    this.#lines += count;
    this.#stderrLines += stderrCount(lines, entries);
    this.#bytes += bytes;
    const held = bytes + overheadOf(entries);
    buffer.push(new Batch(lines, { entries, trail, before, bytes: held }));
  }
}

function stderrCount(lines: Lines, entries: Entries): number {
  // One record for each entry.
  if ("count" in lines) return entries instanceof FrameEntries ? entries.stderrCount : 0;
  let count = 0;
  for (const { stream } of lines.records) if (stream === "stderr") count++;
  return count;
}

function overheadOf(entries: Entries): number {
  const each = entries instanceof FrameEntries ? MARKED_BYTES : ENTRY_BYTES;
  return CHUNK_BYTES + each * entries.length;
}
