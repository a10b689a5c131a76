import type { BodyEnd } from "../engine/body.ts";
import { Silence } from "../lifetime/silence.ts";
import { Aligner, RemnantAligner } from "../resume/aligner.ts";
import { firstLater } from "../resume/later.ts";
import { groupedEntries, newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import { Window } from "./window.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import type { BatchBuffer } from "../queue/buffer.ts";
import { cutWhileReading, faultError } from "./failures.ts";
import type { LogReader, ReadEnd, Visit } from "./log-reader.ts";
import type { FollowedLog } from "./followed-log.ts";
import { findStart } from "./start.ts";
import type { StartOptions } from "./start.ts";
import type { StreamPhase } from "./phase.ts";

/** What a session tells its source. */
interface SessionEvents {
  /** The place is found, and reading goes on behind it. */
  readonly aligned: (aligned: "exact" | "gap") => void;
  /** New entries came, the first of them with this timestamp. */
  readonly fresh: (timestamp: string) => void;
  readonly gap: (after: string, before: string | undefined) => void;
  readonly engineError: (message: string) => void;
  /** What it does has changed. */
  readonly phase?: (phase: StreamPhase) => void;
  /** It waits for the consumer to take something, or no longer does. */
  readonly paused?: (isPaused: boolean) => void;
}

interface Parts {
  readonly reader: LogReader;
  readonly log: FollowedLog;
  readonly buffer: BatchBuffer;
  readonly options: StartOptions;
  readonly events: SessionEvents;
}

/** The place was not where the reread should have shown it, or may have been overtaken: only plain reads can tell. */
type FollowEnd = BodyEnd | "lost";

const ALIGNMENT_SILENCE_MS = 1_000;
const FOLLOW_ATTEMPTS = 4;
/** So often the whole log must not show the place before it is believed to be gone. */
const WHOLE_LOOKS = 2;
/** A plain read that brought no more has caught up with the log. */
const CAUGHT_UP_ENTRIES = 1_000;

/** Reads a container's log in one generation: from the place that was reached, until its stream ends. */
export class StreamSession {
  readonly #parts: Parts;
  #aligned = false;
  #listensSince: number | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Since when it follows behind the place, by `performance.now()`; undefined while it looks for it, catches up, or has the
   * beginning of a line.
   */
  get listensSince(): number | undefined {
    return this.#parts.reader.isHolding ? undefined : this.#listensSince;
  }

  /**
   * Follows the log. Resolves with how the stream ended, which need not be the log's end.
   *
   * @throws DockspoolError; the signal's reason
   */
  async follow(signal: AbortSignal): Promise<BodyEnd> {
    const isNew = await this.#begin(signal);
    if (isNew && this.#parts.reader.inspection.maxLogFileBytes !== undefined)
      await this.#catchUpFully(signal);
    for (;;) {
      const asked = await this.#followFromPlace(signal);
      if (typeof asked === "string") return asked;
      await this.#catchUpFully(signal, asked);
    }
  }

  /** Reads to the log's end as it is now, and resolves with how many entries were new. */
  async readToEnd(signal: AbortSignal): Promise<number> {
    await this.#begin(signal);
    return this.#catchUp(this.#parts.log.tailEntries(), signal);
  }

  /** True where the log was not read before. */
  async #begin(signal: AbortSignal): Promise<boolean> {
    const { reader, log, options } = this.#parts;
    const { reading } = log;
    if (reading.position !== undefined) return false;
    this.#enter({ type: "catching-up" });
    reading.begin(await findStart(reader, reading.joining, options, signal));
    return true;
  }

  /** A plain read holds the log's files as they were when it began, so that nothing overtakes it. */
  async #catchUpFully(signal: AbortSignal, asked?: number): Promise<void> {
    const { log } = this.#parts;
    let fresh = await this.#catchUp(asked ?? log.tailEntries(), signal);
    while (fresh > CAUGHT_UP_ENTRIES) fresh = await this.#catchUp(log.tailEntries(), signal);
  }

  /**
   * Asks for more of the log's end while its timestamps say that the place stands before what was shown. Resolves with
   * how the stream ended, or with how many entries to ask for next where only plain reads can tell.
   */
  async #followFromPlace(signal: AbortSignal): Promise<BodyEnd | number> {
    const { log } = this.#parts;
    const { reading } = log;
    let entries = log.tailEntries();
    for (let attempt = 1; ; attempt++) {
      const window = new Window(entries, newestTimestamp(reading.place));
      const end = await this.#follow(entries, window, signal);
      if (end !== "lost") return end;
      entries = window.isFound ? log.tailEntries() : window.longer();
      if (window.isFound || !window.isTooShort || attempt === FOLLOW_ATTEMPTS) return entries;
    }
  }

  async #follow(entries: number, window: Window, signal: AbortSignal): Promise<FollowEnd> {
    const { reader, log, buffer } = this.#parts;
    const { reading } = log;
    this.#enter({ type: "opening" });
    const target = reading.place;
    const tail = target.whole ? "all" : reader.tail(entries);
    const aligner = new Aligner(target, tail === "all");
    const limit = target.whole ? groupedEntries(target) : tail === "all" ? Infinity : tail;
    const silence = new Silence(ALIGNMENT_SILENCE_MS, signal);
    const { lag, guard, skipGuard } = log;
    let isPaused = false;
    const opened = (): void => {
      skipGuard?.opened();
      if (aligner.matched) return this.#listens();
      this.#enter({ type: "aligning", silenceMs: ALIGNMENT_SILENCE_MS });
      silence.restart();
    };
    guard?.begin();
    skipGuard?.begin();
    lag.begin();
    const visit: Visit = (received) => {
      const { length } = received;
      const sound = Math.min(
        guard?.firstReplay(received) ?? length,
        skipGuard?.firstDoubtful(received) ?? length,
      );
      const isDoubtful = sound < length;
      const chunk = isDoubtful ? received.slice(0, sound) : received;
      let from = 0;
      if (!aligner.matched) {
        from = aligner.push(chunk);
        reading.replay(chunk, from);
        window.add(chunk, from);
        if (!aligner.matched) {
          silence.restart();
          const isHopeless = isDoubtful || (tail !== "all" && window.isTooShort);
          return isHopeless || aligner.seen >= limit ? "stop" : undefined;
        }
        silence.end();
        if (!reading.found()) return "stop";
        if (tail !== "all") log.tailSize.found(window.behind());
        this.#listens();
      }
      if (!buffer.full || from >= chunk.length) {
        this.#commit(chunk, from);
        return isDoubtful || lag.mayBeOvertaken(chunk, from) ? "stop" : undefined;
      }
      isPaused = true;
      return this.#room(signal).then(() => {
        isPaused = false;
        this.#commit(chunk, from);
        // While it was paused the engine's own log rotation may have overtaken it, which says nothing of it.
        return "stop";
      });
    };
    reading.beginReplay();
    if (aligner.matched) reading.found();
    if (reader.inspection.traits.headersWithFirstLine) opened();
    try {
      const end = await reader.read({ follow: true, tail }, { opened, visit }, silence.signal);
      this.#check(end);
      if (end === "complete") log.tailSize.ended();
      if (end === "complete" && aligner.matched) reading.ended(() => reader.remains());
      return end === "complete" ? "complete" : end === "cut" ? "cut" : "lost";
    } catch (error) {
      if (silence.expired && !signal.aborted) return "lost";
      throw error;
    } finally {
      this.#listensSince = undefined;
      silence.release();
      if (!isPaused) log.tailSize.closing();
    }
  }

  /** Plain reads, whose end is definite, of more and more of the log until they show the place. */
  async #catchUp(entries: number, signal: AbortSignal): Promise<number> {
    const { reader, log } = this.#parts;
    const { reading } = log;
    const target = reading.place;
    const newest = newestTimestamp(target);
    let tail = target.whole ? "all" : reader.tail(entries);
    let shorter: Window | undefined;
    let wholeLooks = 0;
    for (;;) {
      const window = new Window(tail === "all" ? 0 : tail, newest);
      const whole = tail === "all";
      const aligner = new Aligner(target, whole);
      let fresh = 0;
      let isPlaced = false;
      const place = (): boolean => {
        isPlaced = aligner.matched && (reading.found() || whole);
        if (!isPlaced) return false;
        this.#acceptIncomplete();
        if (tail !== "all") log.tailSize.found(window.behind());
        this.#report("exact");
        return true;
      };
      reading.beginReplay();
      if (aligner.matched) place();
      const end = await this.#readPlainly(tail, signal, (chunk) => {
        let from = 0;
        if (!isPlaced) {
          from = aligner.push(chunk);
          reading.replay(chunk, from);
          window.add(chunk, from);
          if (!aligner.matched) return !whole && window.isTooShort ? "stop" : chunk.length;
          if (!place()) return "stop";
        }
        fresh += chunk.length - from;
        return from;
      });
      if (end === "complete") log.tailSize.ended();
      if (isPlaced && end !== "cut") return fresh;
      if (end === "cut") throw cutWhileReading();
      if (tail === "all") {
        // While the engine changes its log files one of them may be missing in a reread.
        if (++wholeLooks < WHOLE_LOOKS) continue;
        const remnant = await this.#goOnInRemnant(target, signal);
        return remnant ?? this.#goOnBehindGap(target, signal);
      }
      const isComplete = end === "complete" && !aligner.matched && aligner.seen < tail;
      const showsAll = isComplete || window.showsNoMoreThan(shorter);
      tail = showsAll ? "all" : reader.tail(window.longer());
      shorter = window;
    }
  }

  /** The log has lost its beginning. Undefined where nothing is left of what stood before the place. */
  async #goOnInRemnant(target: Position, signal: AbortSignal): Promise<number | undefined> {
    const { log } = this.#parts;
    const { reading } = log;
    const aligner = new RemnantAligner(target);
    let held: Entry[] = [];
    let isPlaced = false;
    let fresh = 0;
    const place = (): void => {
      const { behind } = aligner;
      if (isPlaced || behind === undefined) return;
      isPlaced = true;
      reading.replay(held, behind);
      reading.found();
      this.#acceptIncomplete();
      this.#report("exact");
      fresh += held.length - behind;
      this.#commit(held, behind);
      held = [];
    };
    reading.beginReplay();
    const end = await this.#readPlainly("all", signal, (entries) => {
      if (isPlaced) {
        fresh += entries.length;
        return 0;
      }
      held.push(...entries);
      aligner.push(entries);
      if (aligner.decided && aligner.behind === undefined) return "stop";
      if (aligner.decided) place();
      return entries.length;
    });
    if (end === "complete") place();
    if (end === "cut") throw cutWhileReading();
    return isPlaced ? fresh : undefined;
  }

  /**
   * The log no longer has the place: reading goes on with the first entry later than the newest one known. The old place is
   * kept until that is taken, so that a read which is given up before does not begin anew with nothing known.
   */
  async #goOnBehindGap(target: Position, signal: AbortSignal): Promise<number> {
    const { log } = this.#parts;
    const { reading } = log;
    const after = newestTimestamp(target) ?? "";
    const skipped = reading.newTrail();
    let isBehind = false;
    let before: string | undefined;
    let fresh = 0;
    const goOn = (): void => {
      if (isBehind) return;
      isBehind = true;
      reading.restart(skipped);
      this.#reportGap(after, before);
    };
    const visit = (entries: Entries): number => {
      let from = 0;
      if (before === undefined) {
        const later = firstLater(entries, after);
        from = later === -1 ? entries.length : later;
        skipped.add(entries, 0, from);
        before = entries.at(from)?.timestamp;
      }
      fresh += entries.length - from;
      return from;
    };
    const end = await this.#readPlainly("all", signal, visit, goOn);
    if (end === "cut") throw cutWhileReading();
    goOn();
    return fresh;
  }

  /** `visit` says from where on a chunk's entries are new; those are taken into the buffer, once it has room. */
  async #readPlainly(
    tail: number | "all",
    signal: AbortSignal,
    visit: (entries: Entries) => number | "stop",
    beforeTaking: () => void = () => {},
  ): Promise<ReadEnd> {
    const { reader, buffer } = this.#parts;
    this.#enter({ type: "catching-up" });
    const take = (entries: Entries, from: number): undefined => {
      beforeTaking();
      return this.#commit(entries, from);
    };
    const end = await reader.read(
      { follow: false, tail },
      {
        visit: (entries) => {
          const from = visit(entries);
          if (from === "stop") return "stop";
          if (from >= entries.length) return undefined;
          if (!buffer.full) return take(entries, from);
          return this.#room(signal).then(() => take(entries, from));
        },
      },
      signal,
    );
    this.#check(end);
    return end;
  }

  #commit(entries: Entries, from: number): undefined {
    const first = entries.at(from)?.timestamp;
    if (first === undefined) return undefined;
    this.#parts.log.reading.commit(entries, from);
    this.#parts.events.fresh(first);
    return undefined;
  }

  #enter(phase: StreamPhase): void {
    this.#parts.events.phase?.(phase);
  }

  async #room(signal: AbortSignal): Promise<void> {
    this.#parts.events.paused?.(true);
    try {
      await this.#parts.buffer.room(signal);
    } finally {
      this.#parts.events.paused?.(false);
    }
  }

  #listens(): void {
    this.#listensSince = performance.now();
    this.#enter({ type: "following" });
    this.#report("exact");
  }

  #acceptIncomplete(): void {
    const lost = this.#parts.log.reading.acceptIncomplete();
    if (lost !== undefined) this.#parts.events.gap(lost, undefined);
  }

  #report(aligned: "exact" | "gap"): void {
    if (this.#aligned) return;
    this.#aligned = true;
    this.#parts.events.aligned(aligned);
  }

  #reportGap(after: string, before: string | undefined): void {
    this.#parts.events.gap(after, before);
    this.#report("gap");
  }

  #check(end: ReadEnd): void {
    if (typeof end !== "object") return;
    const { reader, events } = this.#parts;
    if (end.kind === "engine-error") events.engineError(end.message);
    throw faultError(reader.inspection.info, end);
  }
}
