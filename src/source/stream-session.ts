import type { BodyEnd } from "../engine/body.ts";
import { Silence } from "../lifetime/silence.ts";
import { Aligner, RemnantAligner } from "../resume/aligner.ts";
import { firstLater } from "../resume/later.ts";
import { newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { Entry } from "../wire/entry.ts";
import type { BatchBuffer } from "./buffer.ts";
import { cutWhileReading, engineReported, notALogStream } from "./failures.ts";
import type { LogReader, ReadEnd, Visit } from "./log-reader.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Reading } from "./reading.ts";
import { findStart } from "./start.ts";

/** What a session tells its source. */
interface SessionEvents {
  /** The place is found, and reading goes on behind it. */
  readonly aligned: (aligned: "exact" | "gap") => void;
  /** New entries came, the first of them with this timestamp. */
  readonly fresh: (timestamp: string) => void;
  readonly gap: (after: string, before: string | undefined) => void;
  readonly engineError: (message: string) => void;
}

interface Parts {
  readonly reader: LogReader;
  readonly reading: Reading;
  readonly buffer: BatchBuffer;
  readonly options: ResolvedOptions;
  readonly events: SessionEvents;
}

/** The place was not where the reread should have shown it, or may have been overtaken: only plain reads can tell. */
type FollowEnd = BodyEnd | "lost";

const ALIGNMENT_SILENCE_MS = 1_000;
const CATCH_UP_GROWTH = 8;
/** Paused for so long, the engine's own log rotation may have overtaken the follow, which says nothing of it. */
const OVERTAKEN_AFTER_MS = 100;

/** Reads a container's log in one generation: from the place that was reached, until its stream ends. */
export class StreamSession {
  readonly #parts: Parts;
  #aligned = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Follows the log. Resolves with how the stream ended, which need not be the log's end.
   *
   * @throws DockspoolError; the signal's reason
   */
  async follow(signal: AbortSignal): Promise<BodyEnd> {
    await this.#begin(signal);
    for (;;) {
      const end = await this.#followOnce(signal);
      if (end !== "lost") return end;
      await this.#catchUp(signal);
    }
  }

  /** Reads to the log's end as it is now, and resolves with how many entries were new. */
  async readToEnd(signal: AbortSignal): Promise<number> {
    await this.#begin(signal);
    return this.#catchUp(signal);
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const { reader, reading, options } = this.#parts;
    if (reading.position !== undefined) return;
    reading.begin(await findStart(reader, reading.joining, options, signal));
  }

  async #followOnce(signal: AbortSignal): Promise<FollowEnd> {
    const { reader, reading, buffer } = this.#parts;
    const target = reading.place;
    const tail = target.whole ? "all" : reader.tail(reading.tailEntries());
    const aligner = new Aligner(target, tail === "all");
    const limit = target.whole ? countOf(target) : tail === "all" ? Infinity : tail;
    const silence = new Silence(ALIGNMENT_SILENCE_MS, signal);
    let pausedMs = 0;
    let isPaused = false;
    const opened = (): void => {
      if (aligner.matched) this.#report("exact");
      else silence.restart();
    };
    const visit: Visit = (entries) => {
      let from = 0;
      if (!aligner.matched) {
        from = aligner.push(entries);
        reading.replay(entries, from);
        if (!aligner.matched) {
          silence.restart();
          return aligner.seen >= limit ? "stop" : undefined;
        }
        silence.end();
        if (!reading.found()) return "stop";
        this.#report("exact");
      }
      if (!buffer.full || from >= entries.length) return this.#commit(entries, from);
      const since = performance.now();
      isPaused = true;
      return buffer.room(signal).then(() => {
        isPaused = false;
        pausedMs += performance.now() - since;
        this.#commit(entries, from);
        return pausedMs > OVERTAKEN_AFTER_MS ? "stop" : undefined;
      });
    };
    reading.beginReplay();
    if (aligner.matched) reading.found();
    if (reader.inspection.traits.headersWithFirstLine) opened();
    try {
      const end = await reader.read({ follow: true, tail }, { opened, visit }, silence.signal);
      this.#check(end);
      return end === "complete" ? "complete" : end === "cut" ? "cut" : "lost";
    } catch (error) {
      if (silence.expired && !signal.aborted) return "lost";
      throw error;
    } finally {
      silence.release();
      if (!isPaused) reading.flow.closing();
    }
  }

  /** Plain reads, whose end is definite, of more and more of the log until they show the place. */
  async #catchUp(signal: AbortSignal): Promise<number> {
    const { reader, reading } = this.#parts;
    const target = reading.place;
    let tail = target.whole ? "all" : reader.tail(2 * reading.tailEntries());
    for (;;) {
      const whole = tail === "all";
      const aligner = new Aligner(target, whole);
      let fresh = 0;
      let isPlaced = false;
      const place = (): boolean => {
        isPlaced = aligner.matched && (reading.found() || whole);
        if (!isPlaced) return false;
        reading.acceptIncomplete();
        this.#report("exact");
        return true;
      };
      reading.beginReplay();
      if (aligner.matched) place();
      const end = await this.#readPlainly(tail, signal, (entries) => {
        let from = 0;
        if (!isPlaced) {
          from = aligner.push(entries);
          reading.replay(entries, from);
          if (!aligner.matched) return entries.length;
          if (!place()) return "stop";
        }
        fresh += entries.length - from;
        return from;
      });
      if (isPlaced && end !== "cut") return fresh;
      if (end === "cut") throw cutWhileReading();
      if (tail === "all") {
        const remnant = await this.#goOnInRemnant(target, signal);
        return remnant ?? this.#goOnBehindGap(target, signal);
      }
      const showsAll = !aligner.matched && aligner.seen < tail;
      tail = showsAll ? "all" : reader.tail(tail * CATCH_UP_GROWTH);
    }
  }

  /** The log has lost its beginning. Undefined where nothing is left of what stood before the place. */
  async #goOnInRemnant(target: Position, signal: AbortSignal): Promise<number | undefined> {
    const { reading } = this.#parts;
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
      reading.acceptIncomplete();
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
      held = held.concat(entries);
      aligner.push(entries);
      if (aligner.decided && aligner.behind === undefined) return "stop";
      if (aligner.decided) place();
      return entries.length;
    });
    if (end === "complete") place();
    if (end === "cut") throw cutWhileReading();
    return isPlaced ? fresh : undefined;
  }

  /** The log no longer has the place: reading goes on with the first entry later than the newest one known. */
  async #goOnBehindGap(target: Position, signal: AbortSignal): Promise<number> {
    const { reading } = this.#parts;
    const after = newestTimestamp(target) ?? "";
    reading.restart();
    let before: string | undefined;
    let fresh = 0;
    const end = await this.#readPlainly("all", signal, (entries) => {
      let from = 0;
      if (before === undefined) {
        const later = firstLater(entries, after);
        from = later === -1 ? entries.length : later;
        reading.pass(entries, from);
        before = entries[from]?.timestamp;
        if (before !== undefined) this.#reportGap(after, before);
      }
      fresh += entries.length - from;
      return from;
    });
    if (before === undefined) this.#reportGap(after, undefined);
    if (end === "cut") throw cutWhileReading();
    return fresh;
  }

  /** `visit` says from where on a chunk's entries are new; those are taken into the buffer. */
  async #readPlainly(
    tail: number | "all",
    signal: AbortSignal,
    visit: (entries: readonly Entry[]) => number | "stop",
  ): Promise<ReadEnd> {
    const { reader, buffer } = this.#parts;
    const end = await reader.read(
      { follow: false, tail },
      {
        visit: (entries) => {
          const from = visit(entries);
          if (from === "stop") return "stop";
          if (!buffer.full || from >= entries.length) return this.#commit(entries, from);
          return buffer.room(signal).then(() => this.#commit(entries, from));
        },
      },
      signal,
    );
    this.#check(end);
    return end;
  }

  #commit(entries: readonly Entry[], from: number): undefined {
    const first = entries[from];
    if (first === undefined) return undefined;
    this.#parts.reading.commit(entries, from);
    this.#parts.events.fresh(first.timestamp);
    return undefined;
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
    const { info } = reader.inspection;
    if (end.kind === "protocol") throw notALogStream(info, end.message);
    events.engineError(end.message);
    throw engineReported(info, end.message);
  }
}

function countOf(position: Position): number {
  return position.groups.reduce((sum, group) => sum + group.count, 0);
}
