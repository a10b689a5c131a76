import type { Entry } from "../wire/entry.ts";
import { coarsen, fractionDigits } from "../wire/timestamps.ts";
import { append, entryDigest } from "./digest.ts";
import type { Group, Position } from "./position.ts";
import { mergeGroups } from "./trail.ts";

interface Run {
  readonly timestamp: string;
  readonly count: number;
  readonly digest: bigint;
  /** Its first entry is known to be the first with its timestamp. */
  readonly certain: boolean;
}

/**
 * Finds a position again in a reread of the log. The newest group matches as a prefix, since more entries of its
 * timestamp may follow; all groups match only where the entry before them is visible, or the log's beginning is.
 */
export class Aligner {
  readonly #target: Position;
  readonly #fromLogStart: boolean;
  #groups: readonly Group[] | undefined;
  #digits = 9;
  #runs: Run[] = [];
  #seen = 0;
  #matched: boolean;

  /** `fromLogStart`: the reread shows the log from its first entry. */
  constructor(target: Position, fromLogStart: boolean) {
    this.#target = target;
    this.#fromLogStart = fromLogStart;
    this.#matched = fromLogStart && target.whole && target.groups.length === 0;
  }

  get matched(): boolean {
    return this.#matched;
  }

  /** How many entries were looked at before the match. */
  get seen(): number {
    return this.#seen;
  }

  /** The index of the first entry behind the position: `entries.length` where all stand before it or none matched yet. */
  push(entries: readonly Entry[]): number {
    if (this.#matched) return 0;
    for (const [index, entry] of entries.entries()) {
      const groups = (this.#groups ??= this.#comparable(entry));
      this.#seen++;
      this.#extend(entry, groups);
      if (this.#matches(groups)) {
        this.#matched = true;
        this.#runs = [];
        return index + 1;
      }
    }
    return entries.length;
  }

  /** The target's groups at the coarser precision of the two: an engine may have been updated in between. */
  #comparable(entry: Entry): readonly Group[] {
    const own = Math.max(0, ...this.#target.groups.map((group) => fractionDigits(group.timestamp)));
    const theirs = fractionDigits(entry.timestamp);
    this.#digits = own;
    if (theirs >= own) return this.#target.groups;
    const merged: Group[] = [];
    for (const group of this.#target.groups) {
      const timestamp = coarsen(group.timestamp, theirs);
      const last = merged.at(-1);
      if (last?.timestamp === timestamp) merged[merged.length - 1] = mergeGroups(last, group, timestamp);
      else merged.push({ ...group, timestamp });
    }
    // Entries before the first group may share its coarser timestamp.
    return this.#target.whole ? merged : merged.slice(1);
  }

  #extend(entry: Entry, groups: readonly Group[]): void {
    const timestamp = coarsen(entry.timestamp, this.#digits);
    const last = this.#runs.at(-1);
    const known = groups.some((group) => group.timestamp === timestamp);
    const digest = known ? entryDigest(entry) : 0n;
    if (last?.timestamp === timestamp) {
      const { certain, count } = last;
      this.#runs[this.#runs.length - 1] = {
        timestamp,
        certain,
        count: count + 1,
        digest: append(last.digest, digest),
      };
      return;
    }
    this.#runs.push({ timestamp, count: 1, digest, certain: last !== undefined || this.#fromLogStart });
    if (this.#runs.length > groups.length + 1) this.#runs.shift();
  }

  #matches(groups: readonly Group[]): boolean {
    const newest = groups.length - 1;
    for (let back = 0; back <= newest; back++) {
      const run = this.#runs.at(-1 - back);
      const group = groups[newest - back];
      if (group === undefined) return false;
      // The log was cut within or before the older groups; what is left of them agrees.
      if (run === undefined) return back > 0 && this.#fromLogStart;
      if (run.timestamp !== group.timestamp) return false;
      const isLogStart = this.#fromLogStart && this.#seenAll(back);
      if (run.count === group.count && run.digest === group.digest && run.certain) continue;
      return back > 0 && isLogStart && run.count < group.count;
    }
    if (groups.length === 0) return false;
    return !this.#target.whole || this.#seenAll(newest);
  }

  /** True where the run `back` places before the newest is the first that was seen. */
  #seenAll(back: number): boolean {
    return this.#runs.length - 1 === back && this.#runs.reduce((sum, run) => sum + run.count, 0) === this.#seen;
  }
}
