import type { Entries } from "../wire/entry.ts";
import type { Lag } from "./lag.ts";

/**
 * Notices that a follow may have skipped a log file. Where Docker 20.10 rotates the log between a follow's opening and the end
 * of its tail, the follow goes on with the file after the next (measured: 1 of 600 openings, files of 0.7 s). The lines on both
 * sides of the hole are that far apart in time, and it is always right behind the opening: the first line that was written
 * since is distrusted where a file may have been filled before it.
 */
export class SkipGuard {
  readonly #lag: Lag;
  #openedAt = Infinity;
  #before: string | undefined;
  #isTrusted = false;

  constructor(lag: Lag) {
    this.#lag = lag;
  }

  /** A follow begins. */
  begin(): void {
    this.#openedAt = Infinity;
    this.#before = undefined;
    this.#isTrusted = false;
  }

  /** The engine has answered. */
  opened(now: number = Date.now()): void {
    this.#openedAt = this.#lag.engineTime(now);
  }

  /** The index of the first entry before which some may be missing; `entries.length` where none is. */
  firstDoubtful(entries: Entries): number {
    if (this.#isTrusted) return entries.length;
    let index = -1;
    for (const { timestamp } of entries) {
      index++;
      const before = this.#before ?? timestamp;
      this.#before = timestamp;
      if (Date.parse(timestamp) <= this.#openedAt) continue;
      this.#isTrusted = true;
      if (this.#lag.mayFillFile(Date.parse(timestamp) - Date.parse(before))) return index;
      break;
    }
    return entries.length;
  }
}
