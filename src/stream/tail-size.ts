import { compareTimestamps } from "../wire/timestamps.ts";
import type { Entries } from "../wire/entry.ts";

/** A silence that shows the log's end: at the least, at the most, and as a share of how far the reader was behind. */
const SILENT_MS = 50;
const LONG_SILENT_MS = 500;
const SILENT_SHARE = 0.2;
/** Over how much of the log's own time its rate is measured, and where it is stamped in whole seconds. */
const SPAN_MS = 100;
const COARSE_SPAN_MS = 1_000;
/** A log whose clock stands still is measured by ours. */
const FROZEN_MS = 10_000;
const DAY_MS = 86_400_000;
/** Read again beside what is expected, for what a rate can't foretell. */
const SLACK_ENTRIES = 64;
/** What a log that is being written may have grown by, before its rate is known. */
const ACTIVE_ENTRIES = 1_000;
/** Too short a look costs a request, too long a one what it shows twice. */
const MARGIN = 1.25;
/** How much longer the next look is, at least and at most, and where timestamps tell nothing. */
const LEAST_GROWTH = 2;
const MOST_GROWTH = 256;
const BLIND_GROWTH = 8;
/** So many looks at the log's end, each longer than the one before, and then at all of it. */
const GROWING_LOOKS = 4;
/** While the engine changes its log files one of them may be missing in a reread: so often all of it must not show the place. */
const WHOLE_LOOKS = 2;
/** Timestamps run backwards by milliseconds where two streams are written at full speed. */
const DISORDER_MS = 20;
/** What an engine takes as a number on any machine. */
export const MOST_ENTRIES: number = 2 ** 31 - 1;

/** What an engine is asked for: the last so many entries, or all. */
export type Tail = number | "all";

/**
 * Knows how much of a log's end to ask for, so that it shows the place and all behind it: by how fast the log has grown lately.
 * All times are epoch milliseconds, `now` by the log's clock.
 */
export class TailSize {
  /** The log's own rate, by its timestamps: what arrives while the reader is behind tells nothing. */
  #ratePerMs = 0;
  #span: { readonly from: number; readonly begunAt: number; to: number; count: number } | undefined;
  #spanMs = SPAN_MS;
  /** When the log's end was read, or so long ago as the last entry read is old. */
  #caughtUpAt = 0;
  #lastAt: number | undefined;
  #lagMs = 0;
  /** How many entries followed the place when it was last found. */
  #behind = 0;
  #foundAt = 0;
  /** How fast the log has grown from one time that the place was found to the next. */
  #growthPerMs = 0;

  /** `count` entries came, the last of them with this timestamp. */
  came(count: number, timestamp: string, now: number): void {
    const stampedAt = Date.parse(timestamp);
    this.#spanMs = timestamp.includes(".") ? SPAN_MS : COARSE_SPAN_MS;
    this.#measure(count, stampedAt, now);
    this.#lastAt = now;
    this.#behind = Math.max(0, this.#behind - count);
    const lag = now - stampedAt;
    this.#lagMs = lag > 0 && lag < DAY_MS ? lag : 0;
    this.#caughtUpAt = now - this.#lagMs;
  }

  /** The place was found, with at most `entries` behind it. */
  found(entries: number, now: number): void {
    const grown = Math.max(0, entries - this.#behind);
    this.#growthPerMs = this.#behind === 0 ? 0 : grown / Math.max(1, now - this.#foundAt);
    this.#behind = entries;
    this.#foundAt = now;
  }

  /** The stream is closed, not paused. Where it brought nothing lately it has been at the log's end. */
  closing(now: number): void {
    const enough = Math.min(Math.max(SILENT_MS, SILENT_SHARE * this.#lagMs), LONG_SILENT_MS);
    if (this.#lastAt !== undefined && now - this.#lastAt > enough) this.ended(now);
  }

  /** The log, as far as one can tell, was read to its end. */
  ended(now: number): void {
    this.#caughtUpAt = now;
    this.#lagMs = 0;
    this.#behind = 0;
  }

  /** Entries that may have come since, with slack. `ifActive`: at least so many, where some came a moment ago. */
  expected(now: number, ifActive: number = ACTIVE_ENTRIES): number {
    if (this.#lastAt === undefined) return SLACK_ENTRIES;
    if (this.#behind > 0) {
      const grown = MARGIN * this.#growthPerMs * Math.max(0, now - this.#foundAt);
      return SLACK_ENTRIES + ACTIVE_ENTRIES + Math.ceil(this.#behind + grown);
    }
    const { count, from, to } = this.#span ?? { count: 0, from: 0, to: 0 };
    const recent = count / Math.max(this.#spanMs, to - from);
    const rate = MARGIN * Math.max(this.#ratePerMs, recent);
    const guessed = rate * Math.max(0, now - this.#caughtUpAt);
    const isActive = now - this.#lastAt <= SILENT_MS;
    return SLACK_ENTRIES + Math.ceil(Math.max(guessed, isActive ? ifActive : 0));
  }

  #measure(count: number, stampedAt: number, now: number): void {
    const begun = { from: stampedAt, begunAt: now, to: stampedAt, count: 0 };
    const span = (this.#span ??= begun);
    span.count += count;
    span.to = stampedAt;
    const length = stampedAt - span.from;
    const isFrozen = length === 0 && now - span.begunAt >= FROZEN_MS;
    if (length >= 0 && length < this.#spanMs && !isFrozen) return;
    if (length > 0 || isFrozen) this.#ratePerMs = span.count / (isFrozen ? FROZEN_MS : length);
    this.#span = begun;
  }
}

/** A look at a log's end, for a place whose newest timestamp is known. */
export class Look {
  readonly tail: Tail;
  readonly #newest: string | undefined;
  readonly #number: number;
  readonly #shorter: Look | undefined;
  #first: string | undefined;
  #last: string | undefined;
  #latest: string | undefined;
  #count = 0;

  /** `number`: the how many-th it is of those of its kind: growing ones, or such at all of the log. */
  constructor(tail: Tail, newest: string | undefined, number: number = 1, shorter?: Look) {
    this.tail = tail !== "all" && tail > MOST_ENTRIES ? "all" : tail;
    this.#newest = newest;
    this.#number = number;
    this.#shorter = shorter;
  }

  /** `entries[0..count)` stand before the place. */
  add(entries: Entries, count: number): void {
    this.#first ??= entries.at(0)?.timestamp;
    if (count === 0) return;
    this.#count += count;
    this.#last = entries.at(count - 1)?.timestamp ?? this.#last;
    if (this.#latest === undefined || (this.#last ?? "") > this.#latest) this.#latest = this.#last;
  }

  /** It shows no more than a shorter one: both show all there is. */
  get showsNoMore(): boolean {
    const shorter = this.#shorter;
    return shorter !== undefined && this.#first !== undefined && this.#first === shorter.#first;
  }

  /** None came before it. */
  get isFirst(): boolean {
    return this.#number === 1;
  }

  /** No other look follows this one. */
  get isLast(): boolean {
    return this.tail === "all" && this.#number === WHOLE_LOOKS;
  }

  /** The latest timestamp before the place. */
  get latest(): string | undefined {
    return this.#latest;
  }

  /** What it has shown begins at `time` or later. */
  beginsBehind(time: string): boolean {
    return this.#first !== undefined && compareTimestamps(this.#first, time) >= 0;
  }

  /** It begins so long behind the place that it will not show it. */
  get isTooShort(): boolean {
    const missing = this.tail === "all" ? undefined : between(this.#newest, this.#first);
    return missing !== undefined && missing > DISORDER_MS;
  }

  /** The place was not found: the next look. `showsAll`: this one has shown the whole log. Undefined: it is not there. */
  next(showsAll: boolean, now: number): Look | undefined {
    if (this.tail === "all")
      return this.#number < WHOLE_LOOKS
        ? new Look("all", this.#newest, this.#number + 1)
        : undefined;
    if (showsAll || this.showsNoMore || this.#number >= GROWING_LOOKS) return this.whole();
    return new Look(this.#longer(this.tail, now), this.#newest, this.#number + 1, this);
  }

  /** A first look at all of the log. */
  whole(): Look {
    return new Look("all", this.#newest);
  }

  /** The place is found: how many entries may follow it. */
  behind(now: number): number {
    if (this.tail === "all") return 0;
    const most = Math.max(0, this.tail - this.#count);
    const before = between(this.#first, this.#last);
    const lag = this.#last === undefined ? 0 : now - Date.parse(this.#last);
    if (before === undefined || before <= 0 || lag <= 0) return most;
    return Math.min(most, Math.ceil((this.#count / before) * lag * MARGIN));
  }

  #longer(asked: number, now: number): number {
    const shown = this.#first === undefined ? 0 : now - Date.parse(this.#first);
    const missing = between(this.#newest, this.#first) ?? 0;
    if (shown <= 0 || missing <= 0) return asked * BLIND_GROWTH;
    const growth = (1 + missing / shown) * MARGIN;
    return Math.ceil(asked * Math.min(Math.max(growth, LEAST_GROWTH), MOST_GROWTH));
  }
}

function between(from: string | undefined, to: string | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Date.parse(to) - Date.parse(from);
}
