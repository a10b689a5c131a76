import type { BodyEnd } from "../engine/body.ts";
import { Pause } from "../lifetime/pause.ts";
import { Silence } from "../lifetime/silence.ts";
import type { Entry } from "../wire/entry.ts";
import { catchUp } from "./catch-up.ts";
import { isSame } from "./certain-lines.ts";
import { listenForNew } from "./doorbell.ts";
import type { Ring } from "./doorbell.ts";
import type { Intake } from "./intake.ts";
import { UNHEARD_MS } from "./log-birth.ts";
import { awaitLastLine } from "./plain-read.ts";
import { PollPace } from "./poll-pace.ts";

/** A read that brought more has not caught up with the log. */
const CAUGHT_UP_ENTRIES = 1_000;
/** How long nothing new is believed to be told, at first and at most. */
const FIRST_LISTEN_MS = 1_000;
const LONGEST_LISTEN_MS = 60_000;

/**
 * Follows a log whose follows are not whole: takes its lines from plain reads only, at a pace while they come. When nothing is
 * new a follow tells of the next line (a doorbell), and nothing rests on that alone.
 */
export class Polling {
  readonly #intake: Intake;
  readonly #pace: PollPace;
  readonly #pause = new Pause();
  #listening: Silence | undefined;
  /** What has rung last: shown again, it tells of nothing new. */
  #rungBy: Entry | undefined;
  #listenMs = FIRST_LISTEN_MS;
  #listensSince: number | undefined;

  constructor(intake: Intake) {
    this.#intake = intake;
    this.#pace = new PollPace(intake.reader.inspection.removesItself);
  }

  /** Since when nothing has come though all is read and listened to, by `performance.now()`; undefined while it is read. */
  get listensSince(): number | undefined {
    return this.#listensSince;
  }

  /** Something happened to the container: what it has written may be gone soon. */
  lookNow(): void {
    this.#pause.wake();
    this.#listening?.expire();
  }

  /**
   * Resolves with how the stream ended: "complete" where the container does not run as it did.
   *
   * @throws DockspoolError; the signal's reason
   */
  async follow(signal: AbortSignal): Promise<BodyEnd> {
    const { reader, log } = this.#intake;
    let isRung = false;
    for (;;) {
      const begunAt = performance.now();
      const fresh = await this.#readNew(signal);
      const tookMs = performance.now() - begunAt;
      if (fresh > 0) isRung = false;
      if (fresh > CAUGHT_UP_ENTRIES) continue;
      if (fresh > 0) {
        await this.#pause.sleep(this.#pace.next(tookMs), signal);
        continue;
      }
      if (await awaitLastLine(reader, signal)) continue;
      if (isRung) {
        // It has told of nothing, and may go on so.
        if (!(await reader.runsOn(signal))) return "complete";
        await this.#pause.sleep(this.#pace.next(tookMs), signal);
      } else this.#pace.reset();
      const ring = await this.#listen(signal);
      if (ring === "cut") return ring;
      isRung = typeof ring === "object";
      if (typeof ring === "object") {
        this.#rungBy = ring.line;
        // By its own time, since it may have waited long to be seen.
        const writtenAt = Math.min(log.now, Date.parse(ring.line.timestamp));
        log.birth.stayedEmpty(writtenAt - UNHEARD_MS);
      }
      if (ring !== "complete") continue;
      if (!(await reader.runsOn(signal))) return ring;
      // It handles its stop signal, and no follow lasts meanwhile.
      await this.#pause.sleep(this.#pace.next(tookMs), signal);
    }
  }

  async #readNew(signal: AbortSignal): Promise<number> {
    const { reader, log } = this.#intake;
    const fresh = await catchUp(this.#intake, log.look(reader), signal);
    if (fresh === 0) return fresh;
    this.#listenMs = FIRST_LISTEN_MS;
    this.#listensSince = undefined;
    return fresh;
  }

  async #listen(signal: AbortSignal): Promise<Ring> {
    const silence = new Silence(this.#listenMs, signal);
    this.#listening = silence;
    const opened = (): void => {
      this.#listensSince ??= performance.now();
      this.#intake.enter({ type: "following" });
    };
    const isKnown = (line: Entry): boolean =>
      this.#intake.reader.certain.isLast(line) || isSame(this.#rungBy, line);
    try {
      const ring = await listenForNew(this.#intake, silence, { opened, isKnown }, signal);
      if (ring === "nothing") this.#listenMs = Math.min(2 * this.#listenMs, LONGEST_LISTEN_MS);
      return ring;
    } finally {
      this.#listening = undefined;
      silence.release();
    }
  }
}
