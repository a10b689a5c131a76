import { firstLater } from "../resume/later.ts";
import type { Entry } from "../wire/entry.ts";
import { isSame } from "./certain-lines.ts";
import type { LogReader } from "./log-reader.ts";
import { firstOf, firstOfWhole } from "./plain-read.ts";
import { MOST_ENTRIES } from "./tail-size.ts";

const GROWTH = 4;
/** The log grows while the place behind the damage is looked for. */
const SEARCHES = 2;

/**
 * A damaged record in the engine's file (a power cut, a full disk). Docker 26 and 28 end every read that comes to it as if the
 * log ended there, and show what is behind it to a tail that begins behind it. From then on the log begins behind it.
 */
export class Hole {
  /** The latest timestamp that was read before it. */
  readonly after: string;
  /** So many entries are known to stand behind it. */
  #known = 1;
  #first: string | undefined;

  constructor(after: string) {
    this.after = after;
  }

  /** The timestamp of the first entry behind it, as far as one was seen. */
  get first(): string | undefined {
    return this.#first;
  }

  /** So many entries came that stand behind it. */
  came(count: number): void {
    this.#known += count;
  }

  /** A tail of so many entries begins behind it. */
  isBefore(tail: number): boolean {
    return tail < this.#known;
  }

  /**
   * How long a tail may be: as long as it begins behind the damage. Undefined where no tail does, or every one: the engine has
   * thrown the damaged file away.
   */
  async reach(reader: LogReader, signal: AbortSignal): Promise<number | undefined> {
    if (!(await this.#isBehind(reader, this.#known, signal))) {
      this.#known = 1;
      if (!(await this.#isBehind(reader, 1, signal))) return undefined;
    }
    for (let search = 1; search <= SEARCHES; search++) {
      let tooLong = Infinity;
      for (let step = 1; tooLong === Infinity; step *= GROWTH) {
        const tail = this.#known + step;
        if (tail > MOST_ENTRIES) return undefined;
        if (await this.#isBehind(reader, tail, signal)) this.#known = tail;
        else tooLong = tail;
      }
      while (tooLong - this.#known > 1) {
        const tail = Math.floor((this.#known + tooLong) / 2);
        if (await this.#isBehind(reader, tail, signal)) this.#known = tail;
        else tooLong = tail;
      }
      await this.#leaveDamage(reader, signal);
    }
    return this.#known;
  }

  /**
   * To a tail that begins with the damage Docker before 23 shows some of what is behind it: a shorter one, which begins behind it,
   * then begins earlier.
   */
  async #leaveDamage(reader: LogReader, signal: AbortSignal): Promise<void> {
    while (this.#known > 1) {
      const next = await this.#firstOf(reader, this.#known - 1, signal);
      if (next === undefined || isLater(next, this.#first)) return;
      this.#known -= 1;
      this.#first = next.timestamp;
    }
  }

  /** Where reads drop entries before damage, only one that comes to none tells where a tail begins. */
  #firstOf(reader: LogReader, tail: number, signal: AbortSignal): Promise<Entry | undefined> {
    return (reader.dropsAtDamage ? firstOfWhole : firstOf)(reader, tail, signal);
  }

  async #isBehind(reader: LogReader, tail: number, signal: AbortSignal): Promise<boolean> {
    const first = await this.#firstOf(reader, tail, signal);
    if (!isLater(first, this.after)) return false;
    // Of a log that begins with damage Docker before 23 shows some to any tail that is longer than it.
    const isAtStart = this.after === "" && tail > 1;
    if (isAtStart && isSame(first, await this.#firstOf(reader, tail - 1, signal))) return false;
    if (tail < this.#known) return true;
    if (tail > this.#known && isLater(first, this.#first)) {
      // The log has grown, or this tail begins with the damage: Docker before 23 then shows some of what is behind it.
      const known = await this.#firstOf(reader, this.#known, signal);
      if (isLater(first, known?.timestamp)) return false;
    }
    this.#first = first?.timestamp;
    return true;
  }
}

function isLater(entry: Entry | undefined, than: string | undefined): boolean {
  return entry !== undefined && than !== undefined && firstLater([entry], than) === 0;
}
