import type { BodyEnd } from "../engine/body.ts";
import { DockspoolError } from "../errors.ts";
import { catchUp } from "./catch-up.ts";
import { Follow } from "./follow.ts";
import type { FollowEnd } from "./follow.ts";
import { Intake } from "./intake.ts";
import type { GenerationParts } from "./intake.ts";
import { hearNew } from "./hidden-end.ts";
import { readOn } from "./log-end.ts";
import { awaitLastLine } from "./plain-read.ts";
import { Polling } from "./polling.ts";
import { findStart } from "./start.ts";
import type { StartOptions } from "./start.ts";
import type { Look } from "./tail-size.ts";

const FOLLOW_ATTEMPTS = 4;
/** So many follows in a row that lead to nothing end the stream. */
const MOST_FRUITLESS = 3;
/** A plain read that brought no more has caught up with the log. */
const CAUGHT_UP_ENTRIES = 1_000;

/** Reads a container's log in one generation: from the place that was reached, until its stream ends. */
export class Generation {
  readonly #intake: Intake;
  readonly #options: StartOptions;
  readonly #follow: Follow;
  readonly #polling: Polling;

  constructor({ options, ...parts }: GenerationParts & { readonly options: StartOptions }) {
    this.#options = options;
    this.#intake = new Intake(parts);
    this.#follow = new Follow(this.#intake);
    this.#polling = new Polling(this.#intake);
  }

  /**
   * Since when it follows behind the place, by `performance.now()`; undefined while it looks for it, catches up, or has the
   * beginning of a line.
   */
  get listensSince(): number | undefined {
    const { isHolding, awaitsDiskSince } = this.#intake.reader;
    if (isHolding || awaitsDiskSince !== undefined) return undefined;
    return this.#follow.listensSince ?? this.#polling.listensSince;
  }

  /** Since when the disk does not answer, by `performance.now()`. */
  get awaitsDiskSince(): number | undefined {
    return this.#intake.reader.awaitsDiskSince;
  }

  /** What was read to the end is not all of a run that is over: the container has started meanwhile. */
  get sawStart(): boolean {
    return this.#intake.reader.sawStart;
  }

  /** Something happened to the container, after which its run may be over, or not. */
  lookNow(mayHaveEnded: boolean): void {
    this.#polling.lookNow();
    if (mayHaveEnded) this.#intake.reader.lookNow();
  }

  /**
   * Follows the log. Resolves with how the stream ended: "complete" where that is believed to be the log's end.
   *
   * @throws DockspoolError; the signal's reason
   */
  async follow(signal: AbortSignal): Promise<BodyEnd> {
    const { reader, log } = this.#intake;
    const isNew = await this.#begin(signal);
    if (!reader.inspection.followIsWhole) return this.#polling.follow(signal);
    const mayBeOvertaken =
      reader.via === "engine" && reader.inspection.maxLogFileBytes !== undefined;
    if (isNew && (mayBeOvertaken || reader.isOneFile))
      await this.#catchUpFully(log.look(reader), signal);
    // Some follows do not end at damage: nothing comes any more. One that waits to be read has not been listened to.
    if (!isNew && !reader.isOpen && log.isSilent) await readOn(this.#intake, signal);
    let hasCaughtUp = false;
    let fruitless = 0;
    for (;;) {
      const { end, isFound, look } = await this.#followFromPlace(signal);
      if (end === "lost") {
        const fresh = await this.#catchUpFully(look, signal);
        fruitless = isFound || fresh > 0 ? 0 : fruitless + 1;
        // Follows do not show what plain reads do: to be tried again, but not at once.
        if (fruitless === MOST_FRUITLESS) return "cut";
        continue;
      }
      const isDamaged = end === "damaged";
      if (!isDamaged && (end === "cut" || !reader.inspection.traits.followReachesEnd)) return end;
      if (!isFound && !hasCaughtUp) {
        // The place is behind damage that is not known yet, or gone.
        hasCaughtUp = true;
        await this.#catchUpFully(look, signal);
        continue;
      }
      if (!isDamaged && !(await this.#runsOn(signal))) return end;
      if ((await readOn(this.#intake, signal)) === 0) {
        if (!log.tailBound.hidesEnd) return "cut";
        if (!(await hearNew(this.#intake, signal))) return "cut";
      }
      hasCaughtUp = false;
    }
  }

  /** Reads to the log's end as it is now, and resolves with how many entries were new. */
  async readToEnd(signal: AbortSignal): Promise<number> {
    const { reader, log } = this.#intake;
    await this.#begin(signal);
    let fresh = await catchUp(this.#intake, log.look(reader), signal);
    while (await awaitLastLine(reader, signal)) {
      const came = await catchUp(this.#intake, log.look(reader), signal);
      fresh += came;
      // What it ended with has another line behind it, and is read.
      if (came > 0) break;
    }
    // It will be asked again.
    if (fresh > 0 && !reader.inspection.running) return fresh;
    return fresh + (await readOn(this.#intake, signal));
  }

  /** True where the log was not read before. */
  async #begin(signal: AbortSignal): Promise<boolean> {
    const { reader, log } = this.#intake;
    const { reading } = log;
    if (reading.position !== undefined) return false;
    this.#intake.enter({ type: "catching-up" });
    reading.begin(await findStart(reader, reading.joining, this.#options, signal));
    return true;
  }

  /** Resolves with how many entries were new. */
  async #catchUpFully(look: Look, signal: AbortSignal): Promise<number> {
    const { reader, log } = this.#intake;
    let fresh = await catchUp(this.#intake, look, signal);
    let total = fresh;
    while (fresh > CAUGHT_UP_ENTRIES) {
      fresh = await catchUp(this.#intake, log.look(reader), signal);
      total += fresh;
    }
    return total;
  }

  /**
   * Asks for more of the log's end while its timestamps say that the place stands before what was shown. Resolves with how the
   * stream ended, and what to look at next where only plain reads can tell.
   */
  async #followFromPlace(signal: AbortSignal): Promise<FollowEnd & { readonly look: Look }> {
    const { reader, log } = this.#intake;
    let look = log.look(reader);
    for (let attempt = 1; ; attempt++) {
      const { end, isFound } = await this.#follow.read(look, signal);
      if (isFound) return { end, isFound, look: log.look(reader) };
      const { isTooShort } = look;
      look = look.next(false, log.now) ?? look.whole();
      const isHopeless = end !== "lost" || !isTooShort || attempt === FOLLOW_ATTEMPTS;
      if (isHopeless) return { end, isFound, look };
    }
  }

  /** The stream has ended, and what it followed has not: there is damage in the log, or the engine has ended it early. */
  async #runsOn(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#intake.reader.runsOn(signal);
    } catch (error) {
      if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) return false;
      throw error;
    }
  }
}
