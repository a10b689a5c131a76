import type { Entries } from "../wire/entry.ts";

/** How much longer the next look is, at least and at most, and where timestamps tell nothing. */
const LEAST_GROWTH = 2;
const MOST_GROWTH = 256;
const BLIND_GROWTH = 8;
/** On top of what the timestamps foretell. Too short a look costs a request, too long a one what it shows twice. */
const MARGIN = 1.25;
/** Timestamps run backwards by milliseconds where two streams are written at full speed. */
const DISORDER_MS = 20;

/** A look at the last `asked` entries of a log, for a place whose newest timestamp is known. */
export class Window {
  readonly #asked: number;
  readonly #newest: string | undefined;
  #first: string | undefined;
  #last: string | undefined;
  #count = 0;
  #isFound = false;

  constructor(asked: number, newest: string | undefined) {
    this.#asked = asked;
    this.#newest = newest;
  }

  /** `entries[0..count)` stand before the place. */
  add(entries: Entries, count: number): void {
    this.#count += count;
    this.#first ??= entries.at(0)?.timestamp;
    if (count > 0) this.#last = entries.at(count - 1)?.timestamp ?? this.#last;
  }

  /** It shows no more than `shorter` did, which asked for less: both show all there is. */
  showsNoMoreThan(shorter: Window | undefined): boolean {
    return shorter !== undefined && this.#first !== undefined && this.#first === shorter.#first;
  }

  get isFound(): boolean {
    return this.#isFound;
  }

  /** It begins so long behind the place that it will not show it. */
  get isTooShort(): boolean {
    const missing = between(this.#newest, this.#first);
    return missing !== undefined && missing > DISORDER_MS;
  }

  /** The place was not found: how many entries to ask for next. */
  longer(now: number = Date.now()): number {
    const shown = this.#first === undefined ? 0 : now - Date.parse(this.#first);
    const missing = between(this.#newest, this.#first) ?? 0;
    if (shown <= 0 || missing <= 0) return this.#asked * BLIND_GROWTH;
    const growth = (1 + missing / shown) * MARGIN;
    return Math.ceil(this.#asked * Math.min(Math.max(growth, LEAST_GROWTH), MOST_GROWTH));
  }

  /** The place is found: how many entries may follow it. */
  behind(now: number = Date.now()): number {
    this.#isFound = true;
    const most = Math.max(0, this.#asked - this.#count);
    const before = between(this.#first, this.#last);
    const lag = this.#last === undefined ? 0 : now - Date.parse(this.#last);
    if (before === undefined || before <= 0 || lag <= 0) return most;
    return Math.min(most, Math.ceil((this.#count / before) * lag * MARGIN));
  }
}

function between(from: string | undefined, to: string | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Date.parse(to) - Date.parse(from);
}
