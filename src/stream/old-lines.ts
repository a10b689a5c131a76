import { firstLater } from "../resume/later.ts";
import type { Trail } from "../resume/trail.ts";
import type { Entries } from "../wire/entry.ts";
import { isLongBefore } from "../wire/timestamps.ts";
import type { HoleKind } from "./log-reader.ts";

/** Who trims a log may write the file in pieces: until nothing more of it has come for so long. */
const WRITTEN_MS = 1_000;
/** But no longer than this altogether: the machine's clock may have been set back. */
const LONGEST_MS = 30_000;

interface Expected {
  /** The newest timestamp that was read before. */
  readonly after: string;
  /** The engine's own log rotation makes files, too, which begin with new lines. */
  readonly isCertain: boolean;
  /** When it was first and last seen to change, by `performance.now()`. */
  readonly begunAt: number;
  readonly changedAt: number;
}

/** Old lines that stand in a log's file again: somebody has trimmed it by hand, in its place or by another file. They are not new. */
export class OldLines {
  #expected: Expected | undefined;
  #passed: Trail | undefined;

  /** The place behind those that were passed over; undefined where none were. */
  get passed(): Trail | undefined {
    return this.#passed;
  }

  /** The file was emptied, or another one is in its place. `after`: the newest timestamp that was read. */
  expect(kind: Exclude<HoleKind, "damaged">, after: string | undefined): void {
    this.#passed = undefined;
    const now = performance.now();
    const isCertain = kind === "emptied";
    this.#expected =
      after === undefined ? undefined : { after, isCertain, begunAt: now, changedAt: now };
  }

  /** From where on `entries[from..]` are new. `newTrail`: the log's beginning. */
  firstNew(entries: Entries, from: number, newTrail: () => Trail): number {
    const expected = this.#expected;
    const first = entries.at(from);
    if (expected === undefined || first === undefined) return from;
    this.#expected = undefined;
    const { after, isCertain, begunAt } = expected;
    const now = performance.now();
    if (now - begunAt > LONGEST_MS) return from;
    if (!isCertain && !isLongBefore(first.timestamp, after)) return from;
    const later = firstLater(entries.slice(from), after);
    const to = later === -1 ? entries.length : from + later;
    if (later === -1) this.#expected = { ...expected, isCertain: true, changedAt: now };
    if (to === from) return to;
    this.#passed ??= newTrail();
    this.#passed.add(entries, from, to);
    return to;
  }

  /** All that there is now has been read. */
  shownAll(): void {
    const expected = this.#expected;
    if (expected !== undefined && performance.now() - expected.changedAt > WRITTEN_MS)
      this.#expected = undefined;
  }
}
