import type { Entry } from "../wire/entry.ts";
import { coarsen, fractionDigits } from "../wire/timestamps.ts";
import { append, entryDigest } from "./digest.ts";
import type { Group, Position } from "./position.ts";
import { mergeGroups } from "./trail.ts";

/** The last runs of entries with one timestamp in a reread, beside the groups of the place that is looked for. */
export class Runs {
  readonly #target: Position;
  #groups: readonly Group[] | undefined;
  #digits = 9;
  #runs: Group[] = [];
  #count = 0;

  constructor(target: Position) {
    this.#target = target;
  }

  /** How many runs there were, those forgotten included. */
  get count(): number {
    return this.#count;
  }

  /** The last of them, no more than there are groups. */
  get latest(): readonly Group[] {
    return [...this.#runs];
  }

  add(entry: Entry): void {
    const groups = (this.#groups ??= this.#comparable(entry));
    const timestamp = coarsen(entry.timestamp, this.#digits);
    const last = this.#runs.at(-1);
    const isKnown = groups.some((group) => group.timestamp === timestamp);
    const digest = isKnown ? entryDigest(entry) : 0n;
    if (last?.timestamp === timestamp) {
      const extended = { timestamp, count: last.count + 1, digest: append(last.digest, digest) };
      this.#runs[this.#runs.length - 1] = extended;
      return;
    }
    this.#runs.push({ timestamp, count: 1, digest });
    this.#count++;
    if (this.#runs.length > groups.length) this.#runs.shift();
  }

  /** How many groups, from the newest back, are the last runs. */
  matching(): number {
    const groups = this.#groups ?? [];
    let matching = 0;
    for (let back = 1; back <= groups.length; back++) {
      const run = this.#runs.at(-back);
      const group = groups.at(-back);
      if (run?.timestamp !== group?.timestamp || run === undefined || group === undefined) break;
      if (run.count !== group.count || run.digest !== group.digest) break;
      matching++;
    }
    return matching;
  }

  /** True where the run before the last `matching` ones is the end of its group, the rest of which was thrown away. */
  isEndOfGroup(matching: number): boolean {
    const run = this.#runs.at(-1 - matching);
    const group = this.#groups?.at(-1 - matching);
    return run !== undefined && run.timestamp === group?.timestamp && run.count < group.count;
  }

  /** How many groups there are to match; 0 before the first entry. */
  get wanted(): number {
    return this.#groups?.length ?? 0;
  }

  /** The target's groups at the coarser precision of the two: an engine may have been updated in between. */
  #comparable(entry: Entry): readonly Group[] {
    const { groups, whole } = this.#target;
    const own = Math.max(0, ...groups.map((group) => fractionDigits(group.timestamp)));
    const theirs = fractionDigits(entry.timestamp);
    this.#digits = own;
    if (theirs >= own) return groups;
    const merged: Group[] = [];
    for (const group of groups) {
      const timestamp = coarsen(group.timestamp, theirs);
      const last = merged.at(-1);
      if (last?.timestamp === timestamp)
        merged[merged.length - 1] = mergeGroups(last, group, timestamp);
      else merged.push({ ...group, timestamp });
    }
    // Entries before the first group may share its coarser timestamp.
    return whole ? merged : merged.slice(1);
  }
}
