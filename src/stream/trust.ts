import type { Entries, Entry, LogStream } from "../wire/entry.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import { compareTimestamps, detached } from "../wire/timestamps.ts";
import { FillRate } from "./fill-rate.ts";
import { PauseDoubt } from "./pause-doubt.ts";

const NO_LAG_MS = 5;
/** So many doubts in a row, without an entry in between, are no reason to doubt any more. */
const MOST_DOUBTS = 3;

/** In what an engine's follows of a log that it rotates are not to be trusted. */
export interface Distrust {
  /** The size at which the engine begins a new file, in bytes; undefined where it never does, and all is trusted. */
  readonly maxFileBytes: number | undefined;
  /** A file may be left out right behind the opening (Docker 20.10). */
  readonly mayLeaveOutFile: boolean;
  /** Lines that follow each other may have one timestamp (Podman). */
  readonly repeatsTimestamps: boolean;
}

/** A stream's latest entry. */
interface Latest {
  readonly timestamp: string;
  /** The text of a part whose line goes on. */
  readonly part: Buffer | undefined;
}

/**
 * Judges how far a follow can be believed while the engine rotates the log. It may have
 * - jumped back: Docker 20.10 reads a file again from its start, now and then (measured: at 4 of 6 rotations). Within a stream
 *   timestamps rise, so an earlier one is a sign. A file that begins in the middle of a long line has its first part read twice, now and
 *   then (seen twice in many runs): of one line's parts, which have one timestamp, one that is the same as the one before is a sign;
 * - left out a file: where Docker 20.10 rotates the log between a follow's opening and the end of its tail, the follow goes on
 *   with the file after the next (measured: 1 of 600 openings, files of 0.7 s). The first line that was written since is
 *   doubted where a file may have been filled before it;
 * - been overtaken: a follow that is behind by a file loses the rest of it, and nothing says so. What comes next is told by its lag,
 *   and a hole within what came by the time between its entries; where files fill within milliseconds, by any pause (`PauseDoubt`).
 * A doubt is settled by an aligned reread, and leads to no other one of its kind: a clock that was set looks the same, and so does a long line of nothing
 * but zeros.
 */
export class Trust {
  readonly #distrust: Distrust;
  readonly #rate: FillRate;
  readonly #pauses: PauseDoubt;
  /** Of each stream in this follow. */
  readonly #latest = new Map<LogStream, Latest>();
  #openedAt = Infinity;
  /** The latest timestamp before the first line that was written since; undefined behind that. */
  #before: { timestamp: string | undefined } | undefined;
  /** The least difference of the two clocks that a follow has shown. */
  #leastMs = Infinity;
  #doubts = 0;
  /** Doubted for what may be missing before it. */
  #doubted: string | undefined;
  #replayedAt = Infinity;
  /** A part that was doubted, and whether a reread has begun since. */
  #doubtedPart: Pick<Entry, "stream" | "timestamp" | "text"> | undefined;
  #isReread = false;
  /** Lines whose parts are the same, as a reread has shown: of each stream the latest one's timestamp. */
  readonly #uniform = new Map<LogStream, string>();
  /** So many such doubts in a row were wrong. */
  #wrongDoubts = 0;
  /** Chunks of this follow that were looked at for their lag. */
  #chunks = 0;
  #wasOvertakenAtOnce = false;

  constructor(distrust: Distrust) {
    this.#distrust = distrust;
    this.#rate = new FillRate(distrust.maxFileBytes ?? Infinity);
    this.#pauses = new PauseDoubt(this.#rate);
  }

  /** A follow begins. */
  begin(): void {
    this.#latest.clear();
    this.#isReread = true;
    this.#openedAt = Infinity;
    this.#before = this.#distrust.mayLeaveOutFile ? { timestamp: undefined } : undefined;
    this.#rate.begin();
    this.#chunks = 0;
    this.#pauses.begin(true);
  }

  /** A plain read begins, which may jump back as well: Docker 20.10 shifts its files while they are opened. */
  beginPlainRead(): void {
    this.#latest.clear();
    this.#isReread = true;
    this.#before = undefined;
    this.#chunks = 0;
    this.#pauses.begin(false);
  }

  /** Plain reads are not to be trusted either. */
  get doubtsPlainReads(): boolean {
    return this.#distrust.mayLeaveOutFile && !this.#isNeverRotated;
  }

  /** Of those that `believed` has looked at last: the index of the first one that was there before. */
  get replayedAt(): number {
    return this.#replayedAt;
  }

  /** The engine has answered, at `logTime` by the log's clock, and at `now` by ours. */
  opened(logTime: number, now: number): void {
    // What follows have brought tells more than any answer of the engine's.
    this.#openedAt = Number.isFinite(this.#leastMs) ? now - this.#leastMs : logTime;
  }

  /** `entries[0..to)` stand before the place. */
  pass(entries: Entries, to: number): void {
    if (this.#isNeverRotated || to === 0) return;
    const passed = entries.slice(0, to);
    if (!this.#rises(passed)) for (const entry of passed) this.#note(entry);
    if (this.#before !== undefined) this.#before.timestamp = passed.at(-1)?.timestamp;
  }

  /** Of `entries[from..]` in this follow: the index of the first one that can't be believed; `entries.length` where all can. */
  believed(entries: Entries, from: number, now: number = Date.now()): number {
    if (this.#isNeverRotated || from >= entries.length) return entries.length;
    const fresh = entries.slice(from);
    this.#replayedAt = entries.length;
    if (this.#doubts >= MOST_DOUBTS) {
      this.pass(fresh, fresh.length);
      return entries.length;
    }
    const replay = this.#firstReplay(fresh);
    this.#replayedAt = from + replay;
    const believed = Math.min(
      replay,
      this.#firstBehindHole(fresh),
      this.#firstBehindPause(fresh, now),
    );
    if (believed < fresh.length) this.#doubts++;
    return from + believed;
  }

  /** Judges by `entries[from..]`, which this follow has just brought. */
  mayBeOvertaken(entries: Entries, from: number, now: number = Date.now()): boolean {
    const last = entries.at(-1);
    if (this.#isNeverRotated || last === undefined || from >= entries.length) return false;
    this.#chunks++;
    const differenceMs = now - Date.parse(last.timestamp);
    this.#leastMs = Math.min(this.#leastMs, differenceMs);
    const lagMs = differenceMs - this.#leastMs;
    const isOvertaken = lagMs > NO_LAG_MS && this.#rate.mayFill(lagMs);
    if (!isOvertaken) {
      this.#wasOvertakenAtOnce = false;
      return false;
    }
    // As far behind right after it has caught up: that is not a lag, but a clock that was set.
    if (this.#chunks === 1 && this.#wasOvertakenAtOnce) this.#leastMs = differenceMs;
    this.#wasOvertakenAtOnce = this.#chunks === 1;
    return true;
  }

  /** These entries were taken, however they were read: tells the log's rate, and which doubts were wrong. */
  took(entries: Entries): void {
    const [first, last] = [entries.at(0), entries.at(-1)];
    if (this.#isNeverRotated || first === undefined || last === undefined) return;
    this.#doubts = 0;
    const part = this.#doubtedPart;
    if (part !== undefined && this.#isReread) {
      // Behind the place it is shown again.
      if (isSamePart(first, part)) this.#uniform.set(part.stream, part.timestamp);
      this.#doubtedPart = undefined;
    }
    if (this.#doubted !== undefined) {
      const isWrong = first.timestamp === this.#doubted;
      this.#wrongDoubts = isWrong ? this.#wrongDoubts + 1 : 0;
      this.#doubted = undefined;
    }
    this.#pauses.took(first.timestamp, last.timestamp);
    this.#rate.wrote(entries);
  }

  get #isNeverRotated(): boolean {
    return this.#distrust.maxFileBytes === undefined;
  }

  #firstReplay(entries: Entries): number {
    if (this.#rises(entries)) return entries.length;
    let index = 0;
    for (const entry of entries) {
      if (this.#isEarlier(entry)) return index;
      this.#note(entry);
      index++;
    }
    return index;
  }

  #isEarlier({ stream, timestamp, text, ended }: Entry): boolean {
    const latest = this.#latest.get(stream);
    if (latest === undefined) return false;
    const order = compareTimestamps(timestamp, latest.timestamp);
    if (order !== 0 || this.#distrust.repeatsTimestamps) return order < 0;
    if (latest.part === undefined) return true;
    const isSame = !ended && text.equals(latest.part) && this.#uniform.get(stream) !== timestamp;
    if (isSame) {
      this.#doubtedPart = { stream, timestamp, text: latest.part };
      this.#isReread = false;
    }
    return isSame;
  }

  #note({ stream, timestamp, text, ended }: Entry): void {
    // A chunk is not kept for one of its parts.
    this.#latest.set(stream, { timestamp, part: ended ? undefined : Buffer.from(text) });
  }

  /** True where none of `entries` can be a replay, as one look at them all tells; they are noted then. */
  #rises(entries: Entries): boolean {
    if (!(entries instanceof FrameEntries)) return false;
    const { isWhole, isRising, streams } = entries.summary;
    const isLater = streams.every(({ stream, first }) => {
      const latest = this.#latest.get(stream)?.timestamp;
      return latest === undefined || compareTimestamps(entries.timestamp(first), latest) > 0;
    });
    if (!isWhole || !isRising || !isLater) return false;
    for (const { stream, last } of streams)
      this.#latest.set(stream, { timestamp: detached(entries.timestamp(last)), part: undefined });
    return true;
  }

  /**
   * What comes in one piece may hold the end of one file and what stands files later, where files are small, or the reader had to
   * wait for its turn on a busy machine: its last entry is new then, and only its first one tells how far the reader was behind.
   */
  #firstOvertaken(entries: Entries, now: number): number {
    const first = entries.at(0);
    if (first === undefined || this.#chunks === 0) return entries.length;
    const lagMs = now - Date.parse(first.timestamp) - this.#leastMs;
    if (!this.#rate.mayFill(lagMs)) return entries.length;
    let index = -1;
    let previousMs = Infinity;
    for (const { timestamp } of entries) {
      index++;
      const stampedMs = Date.parse(timestamp);
      if (this.#rate.mayFill((stampedMs - previousMs) / 2 ** this.#wrongDoubts)) {
        this.#doubted = timestamp;
        return index;
      }
      previousMs = stampedMs;
    }
    return entries.length;
  }

  #firstBehindPause(entries: Entries, now: number): number {
    const leftOut = this.#pauses.firstBehind(entries);
    return leftOut < entries.length ? leftOut : this.#firstOvertaken(entries, now);
  }

  #firstBehindHole(entries: Entries): number {
    const before = this.#before;
    if (before === undefined) return entries.length;
    let index = -1;
    for (const { timestamp } of entries) {
      index++;
      const previous = before.timestamp ?? timestamp;
      before.timestamp = timestamp;
      if (Date.parse(timestamp) <= this.#openedAt) continue;
      this.#before = undefined;
      const silentMs = Date.parse(timestamp) - Date.parse(previous);
      if (!this.#rate.mayFill(silentMs / 2 ** this.#wrongDoubts)) break;
      this.#doubted = timestamp;
      return index;
    }
    return entries.length;
  }
}

function isSamePart(
  { stream, timestamp, text }: Entry,
  part: Pick<Entry, "stream" | "timestamp" | "text">,
): boolean {
  return stream === part.stream && timestamp === part.timestamp && text.equals(part.text);
}
