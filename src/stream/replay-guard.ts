import type { Entries, LogStream } from "../wire/entry.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import { compareTimestamps, detached } from "../wire/timestamps.ts";

/**
 * Notices that a follow has jumped back. Docker 20.10 reads a log file again from its start when it rotates the log, now
 * and then (measured: 4 of 6 times). Within a stream the engine's timestamps rise, so an earlier one is a sign; the
 * clock may have been set back as well, which only an aligned reread can tell.
 */
export class ReplayGuard {
  readonly #newest = new Map<LogStream, string>();
  readonly #open = new Set<LogStream>();
  /** Where a reread has shown the log itself to run backwards. */
  readonly #tolerated = new Set<string>();

  /** A follow begins anew. */
  begin(): void {
    this.#newest.clear();
    this.#open.clear();
  }

  /** The index of the first entry that is a replay, as it seems; `entries.length` where none is. */
  firstReplay(entries: Entries): number {
    if (entries instanceof FrameEntries && this.#rises(entries)) return entries.length;
    let index = -1;
    for (const { stream, timestamp, ended } of entries) {
      index++;
      const newest = this.#newest.get(stream);
      const isPart = this.#open.has(stream) && newest === timestamp;
      if (newest !== undefined && !isPart && compareTimestamps(timestamp, newest) <= 0) {
        const key = `${stream} ${timestamp} ${newest}`;
        if (!this.#tolerated.has(key)) {
          this.#tolerated.add(key);
          return index;
        }
      }
      this.#newest.set(stream, timestamp);
      if (ended) this.#open.delete(stream);
      else this.#open.add(stream);
    }
    return entries.length;
  }

  /** True where nothing in `entries` can be a replay, as one look at them all tells. */
  #rises(entries: FrameEntries): boolean {
    const { isWhole, isRising, streams } = entries.summary;
    const isLater = streams.every(({ stream, first }) => {
      const newest = this.#newest.get(stream);
      return newest === undefined || compareTimestamps(entries.timestamp(first), newest) > 0;
    });
    if (!isWhole || !isRising || !isLater) return false;
    for (const { stream, last } of streams) {
      this.#newest.set(stream, detached(entries.timestamp(last)));
      this.#open.delete(stream);
    }
    return true;
  }
}
