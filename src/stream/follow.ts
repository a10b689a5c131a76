import type { BodyEnd } from "../engine/body.ts";
import { Silence } from "../lifetime/silence.ts";
import { groupedEntries, newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { Entries } from "../wire/entry.ts";
import type { Asked } from "./followed-log.ts";
import type { Intake } from "./intake.ts";
import { UNHEARD_MS } from "./log-birth.ts";
import type { HoleKind, Visit } from "./log-reader.ts";
import { PlaceSearch } from "./place-search.ts";
import type { Look } from "./tail-size.ts";

const ALIGNMENT_SILENCE_MS = 1_000;
/** What is stamped so much later than the stream was opened was written since, whatever the clocks' error is. */
const WRITTEN_SINCE_MS = 1_000;

/** How a follow ended, and whether the place was found. */
export interface FollowEnd {
  /**
   * "lost": the place was not where it should have been shown, or may have been overtaken. Only plain reads can tell. "damaged":
   * the engine says that a record is.
   */
  readonly end: BodyEnd | "damaged" | "lost";
  readonly isFound: boolean;
}

/** One follow from the place on, for as long as it can be believed. */
export class Follow {
  readonly #intake: Intake;
  #listensSince: number | undefined;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  /** Since when it follows behind the place, by `performance.now()`; undefined while it looks for it. */
  get listensSince(): number | undefined {
    return this.#listensSince;
  }

  async read(look: Look, signal: AbortSignal): Promise<FollowEnd> {
    const { reader, log } = this.#intake;
    const { birth, reading, tailSize } = log;
    // The files are read as they are, by descriptors that nothing overtakes.
    const trust = reader.via === "files" ? undefined : log.trust;
    const { target } = log;
    this.#intake.enter({ type: "opening" });
    const asked = await log.ask(look, reader, signal);
    const limit = limitOf(target, asked);
    const silence = new Silence(ALIGNMENT_SILENCE_MS, signal);
    trust?.begin();
    const search = new PlaceSearch(log, target, look, asked, () => reading.found());
    let isPaused = false;
    let openedAt = Infinity;
    const opened = (): void => {
      openedAt = log.now;
      trust?.opened(log.now, Date.now());
      if (search.isFound) return this.#listens(0);
      this.#intake.enter({ type: "aligning", silenceMs: ALIGNMENT_SILENCE_MS });
      silence.restart();
    };
    const bytes = (): void => {
      if (!search.isFound) silence.restart();
      if (asked.tail !== "all") log.tails.answered();
    };
    const visit: Visit = (received) => {
      if (birth.state.type === "empty" && log.now - openedAt > UNHEARD_MS)
        birth.stayedEmpty(log.now - UNHEARD_MS);
      const wasFound = search.isFound;
      const found = search.push(received);
      if (!search.isFound) {
        const isPast = search.seen >= limit || isWrittenSince(received, openedAt);
        return isPast || search.isHopeless ? "stop" : undefined;
      }
      if (!wasFound) {
        if (reader.via === "engine") log.sawPlace(asked.tail, search.seen);
        silence.end();
        this.#listens(found);
      }
      const from = this.#intake.firstNew(received, found);
      trust?.pass(received, from);
      const to = trust?.believed(received, from) ?? received.length;
      if (trust !== undefined && to < trust.replayedAt && to < received.length) {
        const known = received.slice(0, trust.replayedAt);
        if (this.#goesOnInDoubt(known, from, to))
          return known.length < received.length ? "stop" : undefined;
      }
      const isWhole = to === received.length;
      const chunk = isWhole ? received : received.slice(0, to);
      const goesOn = (): boolean => isWhole && this.#goesOnInDoubt(received, to, to);
      if (!this.#intake.isFull || from >= to) {
        this.#intake.commit(chunk, from);
        const isDoubtful = !isWhole || trust?.mayBeOvertaken(chunk, from) === true;
        return isDoubtful && !goesOn() ? "stop" : undefined;
      }
      isPaused = true;
      return this.#intake.room(signal).then(() => {
        isPaused = false;
        this.#intake.commit(chunk, from);
        // While it was paused the engine's own log rotation may have overtaken it, which says nothing of it.
        return trust === undefined || goesOn() ? undefined : "stop";
      });
    };
    const hole = (kind: HoleKind): void => {
      if (search.isFound) this.#intake.hole(kind);
    };
    const shownAll = (): "stop" | undefined => {
      if (!search.isFound) return "stop";
      this.#intake.shownAll();
      tailSize.ended(log.now);
      return undefined;
    };
    if (reader.inspection.traits.headersWithFirstLine) opened();
    try {
      const query = { follow: true, tail: asked.tail, from: asked.from };
      const end = await reader.read(
        query,
        { opened, bytes, visit, hole, shownAll },
        silence.signal,
      );
      this.#intake.check(end);
      if (end === "damaged") return { end, isFound: search.isFound };
      if (end !== "complete" && end !== "cut") return { end: "lost", isFound: search.isFound };
      if (end === "complete" && search.isFound) {
        tailSize.ended(log.now);
        reading.ended(() => reader.remains());
      }
      return { end, isFound: search.isFound };
    } catch (error) {
      if (silence.expired && !signal.aborted) return { end: "lost", isFound: false };
      throw error;
    } finally {
      this.#listensSince = undefined;
      silence.release();
      if (!isPaused) tailSize.closing(log.now);
    }
  }

  /**
   * Something may be missing before `entries[to..]`. Where no reread may be asked for that would tell, a gap does, and these are taken:
   * whoever reads them again would lose them. False where a reread is to tell.
   */
  #goesOnInDoubt(entries: Entries, from: number, to: number): boolean {
    const { reader, log } = this.#intake;
    if (log.mayReread(reader)) return false;
    this.#intake.commit(entries.slice(0, to), from);
    this.#intake.gap(newestTimestamp(log.reading.place) ?? "", entries.at(to)?.timestamp);
    this.#intake.commit(entries, to);
    return true;
  }

  /** The place is found, behind so many of the entries that were shown last. */
  #listens(from: number): void {
    this.#intake.reader.passed(from);
    this.#listensSince = performance.now();
    this.#intake.enter({ type: "following" });
    this.#intake.aligned("exact");
  }
}

/** All that there was when the stream was opened has been shown: what comes now is new, and may come for ever. */
function isWrittenSince(received: Entries, openedAt: number): boolean {
  const last = received.at(-1);
  return last !== undefined && Date.parse(last.timestamp) > openedAt + WRITTEN_SINCE_MS;
}

/** With so many entries the place was shown, if it is there. */
function limitOf(target: Position, { tail, isWhole, from }: Asked): number {
  if (target.whole) return groupedEntries(target);
  return from !== undefined || isWhole || tail === "all" ? Infinity : tail;
}
