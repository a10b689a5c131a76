import { timeOrNaN } from "./json.ts";

/** The engine's clock less ours, in milliseconds, lies in [from, to]. */
interface Interval {
  readonly from: number;
  readonly to: number;
}

interface Sample extends Interval {
  /** By our clock, epoch milliseconds. */
  readonly at: number;
}

/** When a question was sent and its answer's head came, in epoch milliseconds by our clock. */
export interface Exchange {
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** A `Date` header counts whole seconds. */
const DATE_STEP_MS = 1_000;
/** So many samples are kept: a step that is smaller than their error is forgotten with them. */
const KEPT = 16;
/** Clocks that are being adjusted gain or lose up to 0.5 ms a second each (adjtime(2)). */
const DRIFT = 0.001;
/** Between what an engine says of its time in an answer, and the answer's head. */
const SLACK_MS = 50;

/**
 * Measures an engine's clock by ours, so that times of the two are never compared as they stand. Each answer bounds the offset;
 * the newest answers that agree are taken together. Where the newest contradicts those before it, a clock was stepped, and only
 * what came since counts. A step within the error shows when `KEPT` newer answers are there.
 */
export class EngineClock {
  /** Newest first. */
  readonly #samples: Sample[] = [];
  /** The `Date` header is not the engine's. */
  #hasForeignDates = false;

  /** Something is known of the engine's clock. */
  get isKnown(): boolean {
    return this.#samples.length > 0;
  }

  /**
   * From an answer's `Date` header. A proxy may put in one of its own; where the engine's own word (`sawTime`) contradicts it,
   * the header counts no more.
   */
  sawDate(header: string | undefined, exchange: Exchange): void {
    const date = timeOrNaN(Date.parse(header ?? ""));
    if (Number.isNaN(date) || this.#hasForeignDates) return;
    this.#add(date, date + DATE_STEP_MS, exchange);
  }

  /** From `/info`, which the engine alone writes: its time, and the `Date` header of the same answer. */
  sawTime(systemTime: string, header: string | undefined, exchange: Exchange): void {
    const time = timeOrNaN(Date.parse(systemTime));
    if (Number.isNaN(time)) return;
    const date = Date.parse(header ?? "");
    const took = Math.max(0, exchange.receivedAt - exchange.sentAt);
    // Made one shortly after the other, by the same clock.
    const isForeign = date < time - DATE_STEP_MS - SLACK_MS || date > time + took + SLACK_MS;
    if (isForeign && !this.#hasForeignDates) this.#samples.length = 0;
    this.#hasForeignDates = isForeign;
    // Whole milliseconds of more digits.
    this.#add(time, time + 1, exchange);
  }

  /** The engine's time when ours is `ours`, in epoch milliseconds; ours where nothing is known. */
  now(ours: number = Date.now()): number {
    const { from, to } = this.#offset(ours) ?? { from: 0, to: 0 };
    return ours + (from + to) / 2;
  }

  /** By how much `now` may be wrong at most, in milliseconds; Infinity where nothing is known. */
  errorMs(ours: number = Date.now()): number {
    const offset = this.#offset(ours);
    return offset === undefined ? Infinity : (offset.to - offset.from) / 2;
  }

  #add(from: number, to: number, { sentAt, receivedAt }: Exchange): void {
    // Our clock was stepped meanwhile.
    if (receivedAt < sentAt) return;
    // Our times are whole milliseconds; and the offset moves while the answer is on its way.
    const slack = 1 + (receivedAt - sentAt) * DRIFT;
    this.#samples.unshift({
      from: from - receivedAt - slack,
      to: to - sentAt + slack,
      at: receivedAt,
    });
    if (this.#samples.length > KEPT) this.#samples.pop();
  }

  /** Of the newest samples that agree. */
  #offset(ours: number): Interval | undefined {
    if (!this.isKnown) return undefined;
    let from = -Infinity;
    let to = Infinity;
    // Each source asks, about once a second: nothing is made for each sample.
    for (const sample of this.#samples) {
      const by = Math.abs(ours - sample.at) * DRIFT;
      const laterFrom = Math.max(from, sample.from - by);
      const earlierTo = Math.min(to, sample.to + by);
      if (laterFrom > earlierTo) break;
      from = laterFrom;
      to = earlierTo;
    }
    return { from, to };
  }
}
