import type { OpenBlock } from "../resume/blocks.ts";
import type { PlacedLine } from "../wire/multiline.ts";
import type { LineRecord } from "../wire/records.ts";
import type { JoinedLines } from "./multiline.ts";

/** Lines before a place, reread: those of records that are open there. */
export class BlockReplay {
  readonly #blocks: readonly OpenBlock[];
  #lines: PlacedLine[] = [];
  /** How many entries came so far. */
  #count = 0;

  /** `blocks`: as they are at the place. */
  constructor(blocks: readonly OpenBlock[] = []) {
    this.#blocks = blocks;
  }

  /** `began`: for each record, the number of the entry that it began with; `count`: how many entries came so far. */
  add(records: readonly LineRecord[], began: readonly number[], count: number): void {
    this.#count = count;
    if (this.#blocks.length === 0) return;
    for (const [index, record] of records.entries())
      this.#lines.push({ record, firstEntry: began[index] ?? 0 });
    const first = count - Math.max(...this.#blocks.map(({ entries }) => entries));
    this.#lines = this.#lines.filter(({ firstEntry }) => firstEntry >= first);
  }

  /** Records whose beginning was not seen, where the place is where the last entry ended. */
  get incomplete(): OpenBlock[] {
    return this.#blocks.filter((block) => {
      const [first] = this.linesOf(block);
      const isFirst = first?.firstEntry === this.#count - block.entries;
      return !isFirst || first.record.timestamp !== block.timestamp;
    });
  }

  /** The lines of a record, the first one known as it was when it was first read. */
  linesOf({ stream, entries, occurrence }: OpenBlock): PlacedLine[] {
    const [first, ...rest] = this.#lines.filter(
      (line) => line.record.stream === stream && line.firstEntry >= this.#count - entries,
    );
    if (first === undefined) return [];
    const { record, firstEntry } = first;
    const asBefore = record.joined(record.line, record.truncated, occurrence);
    return [{ record: asBefore, firstEntry }, ...rest];
  }

  /** They were read to be joined, and now are not: each line is a record of its own. */
  singly(chosen: ReadonlySet<string>): JoinedLines {
    const handed: JoinedLines = { records: [], ends: [], joins: [] };
    const blocks = this.#blocks.filter(({ stream }) => chosen.has(stream));
    for (const [index, block] of blocks.entries()) {
      const lines = this.linesOf(block);
      for (const [number, { record }] of lines.entries()) {
        const rest = lines.slice(number + 1, number + 2).map((next) => this.#blockFrom(next));
        handed.records.push(record);
        handed.ends.push(0);
        handed.joins.push({ blocks: [...rest, ...blocks.slice(index + 1)], isInLine: true });
      }
    }
    return handed;
  }

  #blockFrom({ record, firstEntry }: PlacedLine): OpenBlock {
    const { stream, timestamp, occurrence } = record;
    return { stream, timestamp, occurrence, entries: this.#count - firstEntry };
  }
}
