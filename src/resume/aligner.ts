import type { Entries } from "../wire/entry.ts";
import type { Group, Position } from "./position.ts";
import { Runs } from "./runs.ts";

/**
 * Finds a place again in a reread of the log. The newest group matches as a prefix, since more entries of its timestamp
 * may follow. All groups must match, and the beginning of the oldest must be certain: the entry before it is visible, or
 * the log's beginning is.
 */
export class Aligner {
  readonly #target: Position;
  readonly #fromLogStart: boolean;
  readonly #runs: Runs;
  #seen = 0;
  #matched: boolean;

  /** `fromLogStart`: the reread shows the log from its first entry. */
  constructor(target: Position, fromLogStart: boolean) {
    this.#target = target;
    this.#fromLogStart = fromLogStart;
    this.#runs = new Runs(target);
    this.#matched = fromLogStart && target.whole && target.groups.length === 0;
  }

  get matched(): boolean {
    return this.#matched;
  }

  /** How many entries were looked at before the match. */
  get seen(): number {
    return this.#seen;
  }

  /** The index of the first entry behind the place: `entries.length` where none is, or the place is not found yet. */
  push(entries: Entries): number {
    if (this.#matched) return 0;
    const seen = this.#seen;
    for (const entry of entries) {
      this.#seen++;
      this.#runs.add(entry);
      if (this.#matches()) {
        this.#matched = true;
        return this.#seen - seen;
      }
    }
    return entries.length;
  }

  #matches(): boolean {
    const runs = this.#runs;
    if (runs.wanted === 0 || runs.matching() < runs.wanted) return false;
    const hasEntryBefore = runs.count > runs.wanted;
    return this.#target.whole ? !hasEntryBefore : hasEntryBefore || this.#fromLogStart;
  }
}

/**
 * Finds a place in a log of which the engine has thrown away the beginning, and with it some of the groups: what is left of
 * them stands at the log's start.
 */
export class RemnantAligner {
  readonly #runs: Runs;
  #seen = 0;
  #behind: number | undefined;
  #groups: readonly Group[] = [];

  constructor(target: Position) {
    this.#runs = new Runs(target);
  }

  /** Nothing later can be a remnant. */
  get decided(): boolean {
    return this.#runs.count > this.#runs.wanted && this.#seen > 0;
  }

  /** How many entries stand before the place; of several places the one with most of the groups left. */
  get behind(): number | undefined {
    return this.#behind;
  }

  /** What is left of the groups, from the log's first entry to the place; none where nothing is. */
  get groups(): readonly Group[] {
    return this.#groups;
  }

  /** Looks at the log from its first entry. */
  push(entries: Entries): void {
    for (const entry of entries) {
      this.#seen++;
      this.#runs.add(entry);
      if (this.decided) return;
      const matching = this.#runs.matching();
      const isRemnant =
        matching === this.#runs.count ||
        (matching === this.#runs.count - 1 && this.#runs.isEndOfGroup(matching));
      if (matching === 0 || !isRemnant) continue;
      this.#behind = this.#seen;
      this.#groups = this.#runs.latest;
    }
  }
}
