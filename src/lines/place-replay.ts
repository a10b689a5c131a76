import type { Position } from "../resume/position.ts";
import type { Entries, LogStream } from "../wire/entry.ts";
import type { LineAssembler } from "../wire/lines.ts";
import type { ContainerInfo, LineRecord } from "../wire/records.ts";
import { compareTimestamps } from "../wire/timestamps.ts";
import { BlockReplay } from "./block-replay.ts";

export const STREAMS: readonly LogStream[] = ["stdout", "stderr", "tty"];

/** What was open at a place and has lost its beginning, which was at `timestamp`. */
interface Torn {
  readonly stream: LogStream;
  readonly timestamp: string;
}

/** Begins anew what is open at a place: its entries are pushed into an assembler of their own as they are reread. */
export class PlaceReplay {
  readonly #place: Position;
  readonly #assembler: LineAssembler;
  readonly blocks: BlockReplay;

  constructor(place: Position, assembler: LineAssembler) {
    this.#place = place;
    this.#assembler = assembler;
    this.blocks = new BlockReplay(place.blocks);
  }

  /** `entries[0..count)` stand before the place. */
  add(entries: Entries, count: number, info: ContainerInfo): void {
    const records: LineRecord[] = [];
    const began: number[] = [];
    for (let index = 0; index < count; index++) {
      const entry = entries.at(index);
      if (entry !== undefined) this.#assembler.push(entry, info, records, began);
    }
    this.#assembler.cut.length = 0;
    this.blocks.add(records, began, this.#assembler.count);
  }

  /** The place is where the last entry ended: what is open there is so in the assembler, too. */
  finish(info: ContainerInfo): void {
    const { open, blocks = [] } = this.#place;
    for (const stream of STREAMS) {
      if (open.some((line) => line.stream === stream)) continue;
      // It was known to have ended, by the container's stop, and is part of a record.
      if (blocks.some((block) => block.stream === stream)) this.#end(stream, info);
      else this.#assembler.drop(stream);
    }
  }

  /** Lines that are open there and of which less was seen than was known. */
  get tornLines(): Torn[] {
    return this.#place.open.filter(
      ({ stream, bytes }) => this.#assembler.openBytes(stream) < bytes,
    );
  }

  /** Lines that lost their beginning before. */
  get tornBefore(): Torn[] {
    return this.#place.open.filter(({ isTorn }) => isTorn === true);
  }

  get tornBlocks(): Torn[] {
    return this.blocks.incomplete;
  }

  #end(stream: LogStream, info: ContainerInfo): void {
    const records: LineRecord[] = [];
    const began: number[] = [];
    this.#assembler.end(stream, info, records, began);
    this.blocks.add(records, began, this.#assembler.count);
  }
}

/** When the first of those began that are of a chosen stream. */
export function earliest(torn: readonly Torn[], streams: ReadonlySet<string>): string | undefined {
  let first: string | undefined;
  for (const { stream, timestamp } of torn) {
    if (!streams.has(stream)) continue;
    if (first === undefined || compareTimestamps(timestamp, first) < 0) first = timestamp;
  }
  return first;
}
