import type { Counted, Sample } from "./samples.ts";

/** What must not grow, with how much more it may be at the end than at the beginning. */
export interface Bound {
  readonly name: string;
  readonly key: keyof Counted;
  readonly most: number;
  /** "bytes": shown in MB. */
  readonly unit: "count" | "bytes";
}

/** Far below one of each rotation; what opens and closes now and then for a moment is below it. */
const FEW = 2;
const MB = 1_000_000;

export const BOUNDS: readonly Bound[] = [
  { name: "tasks", key: "tasks", most: FEW, unit: "count" },
  { name: "sockets", key: "sockets", most: FEW, unit: "count" },
  { name: "descriptors", key: "descriptors", most: FEW, unit: "count" },
  { name: "listeners", key: "listeners", most: FEW, unit: "count" },
  { name: "timers", key: "timers", most: FEW, unit: "count" },
  { name: "other handles", key: "handles", most: FEW, unit: "count" },
  { name: "heap after a collection", key: "heapBytes", most: 2 * MB, unit: "bytes" },
  { name: "resident memory", key: "rssBytes", most: 40 * MB, unit: "bytes" },
  { name: "the engine's goroutines", key: "engineGoroutines", most: 4, unit: "count" },
  { name: "the engine's descriptors", key: "engineDescriptors", most: 4, unit: "count" },
];

export interface Growth extends Bound {
  /** The middle value of the first fifth and of the last fifth. */
  readonly first: number;
  readonly last: number;
  readonly least: number;
  readonly greatest: number;
  /** Slope by the middle one of the slopes between all pairs. */
  readonly perMinute: number;
  /** The greater of what the slope gives over the whole time, and of what the last fifth is above the first. */
  readonly rise: number;
}

const WARM_UP_SHARE = 0.2;
const LONGEST_WARM_UP_MINUTES = 10;

/** Without those of the time in which what is made once comes into being: the first fifth, ten minutes at most. */
export function withoutWarmUp(samples: readonly Sample[]): Sample[] {
  const last = samples.at(-1)?.minutes ?? 0;
  const warmUp = Math.min(LONGEST_WARM_UP_MINUTES, last * WARM_UP_SHARE);
  return samples.filter(({ minutes }) => minutes >= warmUp);
}

/** How what is bounded has changed over these samples. */
export function growthsOf(samples: readonly Sample[]): Growth[] {
  return BOUNDS.map((bound) => {
    const values = samples.map((sample) => numberOf(sample, bound.key));
    const fifth = Math.max(1, Math.floor(values.length / 5));
    const first = median(values.slice(0, fifth));
    const last = median(values.slice(-fifth));
    const perMinute = slope(samples.map(({ minutes }, index) => [minutes, values[index] ?? 0]));
    const minutes = (samples.at(-1)?.minutes ?? 0) - (samples[0]?.minutes ?? 0);
    return {
      ...bound,
      first,
      last,
      least: Math.min(...values),
      greatest: Math.max(...values),
      perMinute,
      rise: Math.max(perMinute * minutes, last - first),
    };
  });
}

export function hasGrown({ rise, most }: Growth): boolean {
  return rise > most;
}

/** A single value that stands out does not move it. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes: number[] = [];
  for (const [index, [x, y]] of points.entries())
    for (const [otherX, otherY] of points.slice(index + 1))
      if (otherX !== x) slopes.push((otherY - y) / (otherX - x));
  return median(slopes);
}

/** 0 of none. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  const lower = sorted[Math.ceil(middle) - 1] ?? upper;
  return (lower + upper) / 2;
}

function numberOf(sample: Sample, key: keyof Counted): number {
  const value = sample[key];
  return typeof value === "number" ? value : value.length;
}
