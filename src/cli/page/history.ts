import type { PoolStats } from "../../index.ts";
import type { Sample } from "./messages.ts";

/** Between two samples, at least. */
export const SAMPLE_MS = 1_000;
/** How much of the past is kept. */
export const HISTORY_MS = 300_000;
const WINDOW_MS = 60_000;

/** What a sample is made of. */
export interface Reading {
  readonly at: number;
  readonly stats: PoolStats;
  /** Lines that the consumer has taken. */
  readonly delivered: number;
  readonly lag: number;
  readonly bufferLimit: number;
}

interface Moment {
  readonly reading: Reading;
  readonly sample: Sample;
}

/** The last minutes, a moment a second. */
export class History {
  #moments: Moment[] = [];

  get samples(): readonly Sample[] {
    return this.#moments.map(({ sample }) => sample);
  }

  get last(): Sample | undefined {
    return this.#moments.at(-1)?.sample;
  }

  add(reading: Reading): Sample {
    const { at, stats } = reading;
    const before = this.#moments.at(-1)?.reading;
    const minute = this.#moments.find((moment) => moment.reading.at >= at - WINDOW_MS)?.reading;
    const { rss, heapUsed } = process.memoryUsage();
    const sample: Sample = {
      at,
      read: rate(stats.lines, before?.stats.lines, at, before?.at),
      delivered: rate(reading.delivered, before?.delivered, at, before?.at),
      lag: reading.lag,
      rotations: stats.rotations - (minute ?? reading).stats.rotations,
      reconnects: stats.reconnects - (minute ?? reading).stats.reconnects,
      streamsOpen: stats.streamsOpen,
      streamsWaiting: stats.streamsWaiting,
      streamsMax: stats.streamsMax,
      resident: rss,
      heap: heapUsed,
      buffer: stats.bufferedBytes,
      bufferLimit: reading.bufferLimit,
    };
    this.#moments.push({ reading, sample });
    this.#moments = this.#moments.filter((moment) => moment.sample.at >= at - HISTORY_MS);
    return sample;
  }
}

/** A second. A clock that was set back makes none. */
function rate(now: number, before: number | undefined, at: number, beforeAt = at): number {
  if (before === undefined || at <= beforeAt) return 0;
  return Math.max(0, ((now - before) * 1_000) / (at - beforeAt));
}
