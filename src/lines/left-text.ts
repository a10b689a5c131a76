import { beginsWith, isNoMore } from "../resume/left-lines.ts";
import type { LeftLine } from "../resume/left-lines.ts";
import type { Trail } from "../resume/trail.ts";
import type { Entries, Entry, LogStream } from "../wire/entry.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import { STREAMS } from "./place-replay.ts";

/** What runs have left without an end behind the place that was reached: it was read, and may be a line already. */
export class LeftText {
  /** It is no line yet, and the trail knows nothing of it. */
  readonly unended: Map<LogStream, LeftLine> = new Map();
  readonly #trail: () => Trail | undefined;

  constructor(trail: () => Trail | undefined) {
    this.#trail = trail;
  }

  /** There is none in any stream. */
  get isNone(): boolean {
    return this.unended.size === 0 && (this.#trail()?.left.length ?? 0) === 0;
  }

  of(stream: LogStream): LeftLine | undefined {
    return this.unended.get(stream) ?? this.#trail()?.left.find((line) => line.stream === stream);
  }

  /** Those of `entries[from..]`, which follow the place, that are new: how many, and the first of them. */
  fresh(
    entries: Entries,
    from: number,
  ): { readonly count: number; readonly first: Entry | undefined } {
    if (entries instanceof FrameEntries || this.isNone)
      return { count: Math.max(0, entries.length - from), first: entries.at(from) };
    const isNew = (entry: Entry): boolean => !isNoMore(entry, this.of(entry.stream));
    const fresh = Array.from(entries.slice(from)).filter(isNew);
    return { count: fresh.length, first: fresh[0] };
  }

  /** The first of `entries`, which follow the place, that stands where some of it should be. */
  inItsPlace(entries: Entries): Entry | undefined {
    for (const stream of STREAMS) {
      const left = this.of(stream);
      if (left === undefined) continue;
      const first = Array.from(entries).find((entry) => entry.stream === stream);
      if (first !== undefined && !beginsWith(first, left)) return first;
    }
    return undefined;
  }

  /** All of it is taken. */
  settle(): void {
    for (const line of this.unended.values()) this.#trail()?.leave(line);
    this.unended.clear();
  }
}
