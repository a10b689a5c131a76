import type { Entry, LogStream } from "../wire/entry.ts";
import type { Joining } from "../wire/open-lines.ts";

/** All parts of a line carry the first one's time, so a line that began before the window is no later than this. */
const DISORDER_MS = 100;

/**
 * Knows, in a window of the log that may begin in the middle of lines, whose beginning was seen. Of the log's own first entry it
 * can't be known: after the engine's log rotation it may be the rest of a line, and a `json-file` does not say so.
 */
export class LineStarts {
  readonly #joining: Joining;
  readonly #last = new Map<LogStream, string>();
  /** Streams whose line in progress may have begun before the window. */
  readonly #suspects = new Set<LogStream>();
  #latest = -Infinity;

  constructor(joining: Joining) {
    this.#joining = joining;
  }

  /** No line in progress here may lack its beginning. */
  get areCertain(): boolean {
    return this.#suspects.size === 0;
  }

  /** False where `entry`, the first of its stream, may be the rest of a line that began before the window. */
  add({ stream, timestamp, ended }: Entry): boolean {
    const before = this.#last.get(stream);
    this.#last.set(stream, timestamp);
    if (this.#latest === -Infinity) this.#latest = Date.parse(timestamp) + DISORDER_MS;
    const isDoubtful = before === undefined && Date.parse(timestamp) <= this.#latest;
    if (isDoubtful) this.#suspects.add(stream);
    const isNext = before !== undefined && before !== timestamp && this.#joining === "by-timestamp";
    if (isNext || ended) this.#suspects.delete(stream);
    return !isDoubtful;
  }
}
