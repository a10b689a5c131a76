import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { TailBound } from "../engine/tail-bound.ts";
import type { LineOptions, ReadingOutput } from "../lines/line-options.ts";
import { Reading } from "../lines/reading.ts";
import { newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import { CertainLines } from "./certain-lines.ts";
import type { KeptBack } from "./certain-lines.ts";
import { Hole } from "./hole.ts";
import { LogBirth } from "./log-birth.ts";
import { LogClock } from "./log-clock.ts";
import type { Entrance, LogReader } from "./log-reader.ts";
import { OldLines } from "./old-lines.ts";
import { TailAnswers } from "./tail-answers.ts";
import { Soundness } from "./soundness.ts";
import { Look, TailSize } from "./tail-size.ts";
import type { Tail } from "./tail-size.ts";
import { Trust } from "./trust.ts";

const SILENT_MS = 1_000;
/** What may come while a stream is reopened. */
const REREAD_ENTRIES = 1_000;

/** What a look asks the engine for. */
export interface Asked {
  readonly tail: Tail;
  /** It begins where the log does. */
  readonly isWhole: boolean;
  /** Where that is behind damage: the timestamp it should begin with, unless the log has grown meanwhile. */
  readonly first?: string | undefined;
  /** Where it begins instead, in the log's files. */
  readonly from?: Entrance | undefined;
}

/** What lasts of a container's log from one stream to the next: the place that was reached, and what is known of the log. */
export class FollowedLog {
  readonly reading: Reading;
  readonly tailSize: TailSize = new TailSize();
  readonly trust: Trust;
  readonly #clock: LogClock;
  readonly tails: TailAnswers = new TailAnswers();
  readonly tailBound: TailBound;
  readonly certain: CertainLines = new CertainLines();
  readonly birth: LogBirth = new LogBirth();
  readonly soundness: Soundness;
  readonly oldLines: OldLines = new OldLines();
  /** What a read has kept back right behind the place. */
  #behindPlace: KeptBack | undefined;
  /** Damage behind which reading goes on. */
  #hole: Hole | undefined;
  /** Behind this time a damaged record ended the log, and a gap was told. */
  #damagedEnd: string | undefined;
  /** A look at it has found its container gone, which did not end its reading. */
  isMissing = false;
  /** When entries came last, by `performance.now()`. */
  #cameAt = performance.now();

  constructor(
    inspection: Inspection,
    client: Pick<EngineClient, "clock" | "tailBounds">,
    options: LineOptions,
    output: Omit<ReadingOutput, "came">,
  ) {
    this.#clock = new LogClock(client.clock);
    this.tailBound = client.tailBounds.of(inspection);
    this.soundness = new Soundness(inspection);
    const { traits, maxLogFileBytes } = inspection;
    this.trust = new Trust({
      maxFileBytes: maxLogFileBytes,
      mayLeaveOutFile: !traits.followReachesEnd,
      repeatsTimestamps: traits.unstableParts,
    });
    this.reading = new Reading(inspection, options, {
      ...output,
      came: (entries) => {
        this.#cameAt = performance.now();
        this.#behindPlace = undefined;
        this.trust.took(entries);
        this.birth.came(entries);
        this.#hole?.came(entries.length);
        this.tailBound.came(entries);
        const last = entries.at(-1);
        if (last !== undefined) this.tailSize.came(entries.length, last.timestamp, this.now);
      },
    });
  }

  /** The time by the clock that stamps the log, in epoch milliseconds. */
  get now(): number {
    return this.#clock.now();
  }

  /** The place, as a reread is to show it: where the log begins behind damage its first entry may be missing in that. */
  get target(): Position {
    const { place } = this.reading;
    const isUncertain = this.#hole !== undefined && place.whole && place.groups.length > 1;
    return isUncertain ? { ...place, groups: place.groups.slice(1), whole: false } : place;
  }

  /** A look at as much of the log's end as shows the place, and all behind it. */
  look(reader: LogReader): Look {
    const { target } = this;
    const { entriesBefore } = this.reading;
    const newest = newestTimestamp(target);
    if (target.whole || !(reader.via === "files" || this.tails.mayAsk()))
      return new Look("all", newest);
    // A log that is read again and again has grown by little.
    const expected = reader.inspection.followIsWhole
      ? this.tailSize.expected(this.now)
      : this.tailSize.expected(this.now, 0);
    return new Look(this.#bounded(reader.tail(entriesBefore + expected), reader), newest);
  }

  /** A read that the engine was asked for has shown the place, behind so many entries. */
  sawPlace(tail: Tail, before: number): void {
    if (tail === "all") this.tailBound.readWhole(before, this.now);
    else this.tailBound.shown(tail);
  }

  /** A reread may show the place, and what came since: a doubt is settled by that. */
  mayReread(reader: LogReader): boolean {
    return reader.allowsTail(this.reading.entriesBefore + REREAD_ENTRIES);
  }

  /** All of the log, where its tail may end the engine. */
  #bounded(tail: Tail, reader: LogReader): Tail {
    return tail !== "all" && !reader.allowsTail(tail) ? "all" : tail;
  }

  /** What `look` can be, where the log is damaged. */
  async ask(look: Look, reader: LogReader, signal: AbortSignal): Promise<Asked> {
    const { isFirst } = look;
    const tail = this.#bounded(look.tail, reader);
    const isWhole = tail === "all";
    if (reader.via === "files") {
      const before = isWhole ? "all" : this.reading.entriesBefore;
      const from = isFirst ? await reader.seek(this.target, before, signal) : undefined;
      return { tail, isWhole: isWhole || from?.isLogStart === true, from };
    }
    const hole = this.#hole;
    if (hole === undefined || (!isWhole && hole.isBefore(tail))) return { tail, isWhole };
    const reach = await hole.reach(reader, signal);
    if (reach === undefined) {
      this.#hole = undefined;
      return { tail, isWhole };
    }
    return isWhole || tail >= reach
      ? { tail: reach, isWhole: true, first: hole.first }
      : { tail, isWhole };
  }

  /** Reads end behind `after`, and the log does not. */
  isDamaged(after: string): void {
    this.#hole = new Hole(after);
    this.soundness.doubt();
  }

  /** A damaged record is the last one, behind `after`. */
  endsDamaged(after: string): void {
    this.#damagedEnd = after;
  }

  isDamagedEnd(after: string | undefined): boolean {
    return after !== undefined && this.#damagedEnd === after;
  }

  /** All was read that can be, up to a damaged record at the end. */
  get isDamagedAtEnd(): boolean {
    const { position } = this.reading;
    return position !== undefined && this.isDamagedEnd(newestTimestamp(position));
  }

  /** A read has shown the place, and all that was certain behind it was taken. */
  tookAll(): void {
    this.#behindPlace = this.certain.keptBack;
  }

  /** The container is gone: a last line that was kept back right behind the place is as it stood there. */
  takeKeptBack(): void {
    const { keptBack } = this.certain;
    // What a read has kept back that has not shown the place may be the place's own line.
    if (keptBack !== undefined && keptBack === this.#behindPlace)
      this.reading.commit([keptBack.line], 0);
  }

  /** When entries came last that are new, by `performance.now()`. */
  get cameAt(): number {
    return this.#cameAt;
  }

  /** Nothing has come for a while. */
  get isSilent(): boolean {
    return performance.now() - this.#cameAt > SILENT_MS;
  }

  /** The engine does not find the log's end any more. */
  isStuck(): void {
    this.tails.stuck();
    this.#hole = undefined;
  }
}
