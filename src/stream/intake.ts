import type { BatchBuffer } from "../queue/buffer.ts";
import type { Entries } from "../wire/entry.ts";
import { newestTimestamp } from "../resume/position.ts";
import { faultError } from "./failures.ts";
import { SoundPart } from "./sound-part.ts";
import type { FollowedLog } from "./followed-log.ts";
import { UNHEARD_MS } from "./log-birth.ts";
import type { LogFiles } from "./log-birth.ts";
import type { HoleKind, LogReader, ReadQuery, Visit } from "./log-reader.ts";
import type { StreamPhase } from "./phase.ts";
import { readPlainly } from "./plain-read.ts";
import type { PlainEnd } from "./plain-read.ts";
import type { Tail } from "./tail-size.ts";

const MAY_END =
  'damage in this log may end the engine where it is asked for the last lines: fewer are asked for, and lines may be missing. With read: "files" it is read whole';

/** What a generation tells its source. */
export interface GenerationEvents {
  /** The place is found, and reading goes on behind it. */
  readonly aligned: (aligned: "exact" | "gap") => void;
  /** New entries came, the first of them with this timestamp. */
  readonly fresh: (timestamp: string) => void;
  readonly gap: (after: string, before: string | undefined) => void;
  readonly engineError: (message: string) => void;
  /** What it does has changed. */
  readonly phase: (phase: StreamPhase) => void;
}

/** What a generation works with. */
export interface GenerationParts {
  readonly reader: LogReader;
  readonly log: FollowedLog;
  readonly buffer: BatchBuffer;
  readonly events: GenerationEvents;
}

/** Says from where on a chunk's entries are new, or that nothing more is to be read. */
type FindNew = (entries: Entries) => number | "stop";

/** What becomes of what a plain read brings. */
export interface PlainVisit {
  /** The engine has answered. */
  readonly opened?: () => void;
  readonly findNew: FindNew;
  /** Called before anything new is taken. */
  readonly beforeTaking?: () => void;
  /** As `ReadHandlers.hole`. */
  readonly hole?: (kind: HoleKind) => void;
}

/** Takes what is new into the buffer, once that has room, and tells the source. */
export class Intake {
  readonly reader: LogReader;
  readonly log: FollowedLog;
  readonly #buffer: BatchBuffer;
  readonly #events: GenerationEvents;
  #isAligned = false;
  #hasToldDamage = false;
  /** What follows stands behind it. */
  #hole: HoleKind | undefined;

  constructor({ reader, log, buffer, events }: GenerationParts) {
    this.reader = reader;
    this.log = log;
    this.#buffer = buffer;
    this.#events = events;
  }

  enter(phase: StreamPhase): void {
    this.#events.phase(phase);
  }

  get isFull(): boolean {
    return this.#buffer.full;
  }

  /** Waits until the consumer has made room. */
  room(signal: AbortSignal): Promise<void> {
    return this.#buffer.room(signal);
  }

  /** Takes `entries[from..]`, which follow the place. */
  commit(entries: Entries, from: number): undefined {
    const first = this.log.reading.fresh(entries, from).first?.timestamp;
    if (first === undefined) return undefined;
    this.passHole(first);
    this.log.reading.commit(entries, from, this.reader.spot);
    this.reader.passed();
    if (this.log.birth.state.type === "begun") this.#judgeFiles();
    this.#events.fresh(first);
    return undefined;
  }

  /**
   * Reads the log's end as it is now. "stopped": by `findNew`, or because what comes next can't be believed. "damaged": up to
   * where something is left out.
   */
  async readPlainly(
    query: Omit<ReadQuery, "follow">,
    { opened, findNew, beforeTaking, hole }: PlainVisit,
    signal: AbortSignal,
  ): Promise<PlainEnd> {
    this.enter({ type: "catching-up" });
    const begunAt = this.log.now;
    let hasShown = false;
    const { trust } = this.log;
    const { tail } = query;
    const part = new SoundPart(await this.log.soundness.leftOut(this.reader, tail, signal));
    const doubtsPlainReads = this.reader.via === "engine" && trust.doubtsPlainReads;
    trust.beginPlainRead();
    const take = (entries: Entries, from: number): "stop" | undefined => {
      beforeTaking?.();
      if (!doubtsPlainReads) return this.commit(entries, from);
      trust.pass(entries, from);
      const to = trust.believed(entries, from);
      this.commit(entries.slice(0, to), from);
      return to < entries.length ? "stop" : undefined;
    };
    const visit: Visit = (received) => {
      hasShown ||= received.length > 0;
      const entries = part.of(received);
      const found = findNew(entries);
      if (found === "stop") return "stop";
      const from = this.firstNew(entries, found);
      const wish = part.isOver ? "stop" : undefined;
      if (from >= entries.length) {
        if (doubtsPlainReads) trust.pass(entries, from);
        return wish;
      }
      if (!this.isFull) return take(entries, from) ?? wish;
      return this.room(signal).then(() => take(entries, from) ?? wish);
    };
    const handlers = { visit, ...(opened && { opened }), ...(hole && { hole }) };
    const read = await readPlainly(this.reader, query, handlers, signal);
    const end = read === "stopped" && part.isOver ? "damaged" : read;
    if (end === "complete") this.passHole();
    this.check(end);
    if (end === "complete" && !hasShown) this.#hasShownNothing(tail, begunAt);
    if (this.reader.isOneFile) await this.#judgeOneFile(signal);
    if (end !== "stuck" && tail !== "all") this.log.tails.answered();
    return end;
  }

  #hasShownNothing(tail: Tail, begunAt: number): void {
    const { log, reader } = this;
    const { followIsWhole, running } = reader.inspection;
    const isUnread = log.reading.position?.groups.length === 0;
    const isEmpty = followIsWhole || reader.certain.showsNothing;
    // A file that is begun anew may show nothing for a moment.
    const until = followIsWhole || !running ? begunAt : begunAt - UNHEARD_MS;
    if (isUnread && isEmpty && tail === "all") log.birth.wasEmpty(until);
  }

  #judgeFiles(): void {
    const { maxLogFileBytes: maxBytes, maxLogFiles: count } = this.reader.inspection;
    const { filesAtStart = count } = this.reader;
    // There was room for more of them.
    if (filesAtStart < count) this.log.birth.isWhole();
    if (!this.reader.isOneFile)
      this.#judge(maxBytes === undefined ? undefined : { maxBytes, count });
  }

  /** Podman's `k8s-file`, of which the inspection does not tell when it is begun anew. */
  async #judgeOneFile(signal: AbortSignal): Promise<void> {
    const { birth } = this.log;
    if (birth.state.type !== "begun") return;
    const maxBytes = birth.files?.maxBytes ?? (await this.reader.maxFileBytes(signal));
    this.#judge(maxBytes === undefined ? undefined : { maxBytes, count: 1 });
  }

  /** The engine may have thrown away the first lines before any were read. */
  #judge(files: LogFiles | undefined): void {
    const lost = this.log.birth.lost(files);
    if (lost !== undefined) this.gap(lost.after, lost.before);
  }

  /** The place is found, or reading goes on behind a gap. */
  aligned(aligned: "exact" | "gap"): void {
    if (this.#isAligned) return;
    this.#isAligned = true;
    this.#events.aligned(aligned);
  }

  /** Some of the log is lost, from `after` to `before`. */
  gap(after: string, before?: string): void {
    // What stands behind a hidden end is not known before it is passed.
    const isPassed =
      before !== undefined && this.reader.via === "engine" && !this.log.mayReread(this.reader);
    if (isPassed || !this.log.isDamagedEnd(after)) this.#events.gap(after, before);
  }

  /** Something is missing behind the place, and reading goes on behind it: told with the first entry that follows. */
  hole(kind: HoleKind): void {
    const { log } = this;
    if (kind === "damaged") log.tailBound.sawDamage(log.now);
    else log.oldLines.expect(kind, newestTimestamp(log.reading.place));
    this.#hole = kind;
  }

  /** From where on `entries[from..]`, which follow the place, or a hole behind it, are new. */
  firstNew(entries: Entries, from: number): number {
    const { oldLines, reading } = this.log;
    const to = oldLines.firstNew(entries, from, () => reading.newTrail());
    // The hole was told while the file was empty.
    if (to > from && this.#hole === undefined && oldLines.passed !== undefined) {
      reading.restart(oldLines.passed);
      this.reader.passed(to);
    }
    return to;
  }

  /** All that there is now has been read. */
  shownAll(): void {
    this.log.oldLines.shownAll();
    this.passHole();
  }

  /** Tells of a hole; `before`: the first timestamp behind it, undefined where nothing is there yet. */
  passHole(before?: string): void {
    const { log } = this;
    const kind = this.#hole;
    if (kind === undefined) return;
    this.#hole = undefined;
    const after = newestTimestamp(log.reading.place) ?? "";
    if (kind === "damaged") log.reading.tearOpenLines();
    else log.reading.restart(log.oldLines.passed ?? log.reading.newTrail());
    this.gap(after, before);
    this.reader.passed();
    // It is shown again by each read that begins before it.
    if (kind === "damaged") log.endsDamaged(after);
  }

  /** @throws DockspoolError where the stream can't be read any further */
  check(end: PlainEnd): void {
    const { damage } = this.reader;
    if (this.log.tailBound.takeNews()) this.#events.engineError(MAY_END);
    if (end === "damaged" && damage !== undefined && !this.#hasToldDamage) {
      this.#hasToldDamage = true;
      this.#events.engineError(damage);
    }
    if (typeof end !== "object") return;
    if (end.kind === "engine-error") this.#events.engineError(end.message);
    throw faultError(this.reader.inspection.info, end);
  }
}
