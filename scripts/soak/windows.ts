import { slope } from "./growth.ts";
import type { Counted, Sample } from "./samples.ts";

/** What the predecessor's own checks looked at, and what may be added in a minute. */
export type Checked = keyof Pick<
  Counted,
  "tasks" | "sockets" | "descriptors" | "engineGoroutines" | "engineDescriptors"
>;
export const CHECKED: readonly Checked[] = [
  "tasks",
  "sockets",
  "descriptors",
  "engineGoroutines",
  "engineDescriptors",
];
export const MOST_A_MINUTE = 2;

/** What was seen in all the stretches of one length that a run has. */
export interface Windows {
  readonly minutes: number;
  /** How many stretches. */
  readonly count: number;
  /** The greatest growth in any of them, a minute. */
  readonly growth: Readonly<Record<Checked, number>>;
  /** In the one in which the fewest came. */
  readonly fewestLinesAMinute: number;
  readonly fewestWrittenAMinute: number;
  /** In the one in which the fewest were completed. */
  readonly fewestRotations: number;
}

/** Undefined where the run is shorter. A stretch begins at each sample. */
export function windowsOf(samples: readonly Sample[], minutes: number): Windows | undefined {
  const windows = samples
    .map((from) => samples.filter((one) => isWithin(from, one, minutes)))
    .filter((window) => spanOf(window) >= minutes * 0.95);
  if (windows.length === 0) return undefined;
  const growth = {
    tasks: 0,
    sockets: 0,
    descriptors: 0,
    engineGoroutines: 0,
    engineDescriptors: 0,
  };
  for (const name of CHECKED) {
    const slopes = windows.map((window) => slope(window.map((one) => [one.minutes, one[name]])));
    growth[name] = Math.max(...slopes);
  }
  return {
    minutes,
    count: windows.length,
    growth,
    fewestLinesAMinute: Math.min(
      ...windows.map((window) => addedOf(window, "linesOut") / spanOf(window)),
    ),
    fewestWrittenAMinute: Math.min(
      ...windows.map((window) => addedOf(window, "linesIn") / spanOf(window)),
    ),
    fewestRotations: Math.min(...windows.map((window) => addedOf(window, "rotations"))),
  };
}

/** Samples are never exactly as far apart as they should be. */
function isWithin(from: Sample, one: Sample, minutes: number): boolean {
  return one.minutes >= from.minutes && one.minutes <= from.minutes + minutes * 1.02;
}

function spanOf(window: readonly Sample[]): number {
  return (window.at(-1)?.minutes ?? 0) - (window[0]?.minutes ?? 0);
}

function addedOf(window: readonly Sample[], name: "linesIn" | "linesOut" | "rotations"): number {
  return (window.at(-1)?.[name] ?? 0) - (window[0]?.[name] ?? 0);
}
