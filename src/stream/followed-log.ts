import type { Inspection } from "../engine/inspection.ts";
import { Reading } from "../lines/reading.ts";
import type { LineOptions, ReadingOutput } from "../lines/reading.ts";
import { Lag } from "./lag.ts";
import { ReplayGuard } from "./replay-guard.ts";
import { SkipGuard } from "./skip-guard.ts";
import { TailSize } from "./tail-size.ts";

/** What lasts of a container's log from one stream to the next: the place that was reached, and what is known of its growth. */
export class FollowedLog {
  readonly reading: Reading;
  readonly tailSize: TailSize = new TailSize();
  readonly lag: Lag;
  /** For logs that the engine rotates. */
  readonly guard: ReplayGuard | undefined;
  /** Likewise, on engines whose follows may leave out a file. */
  readonly skipGuard: SkipGuard | undefined;

  constructor(inspection: Inspection, options: LineOptions, output: Omit<ReadingOutput, "came">) {
    const { traits, maxLogFileBytes } = inspection;
    const isRotated = maxLogFileBytes !== undefined;
    this.lag = new Lag(maxLogFileBytes);
    this.guard = isRotated ? new ReplayGuard() : undefined;
    this.skipGuard = isRotated && !traits.followReachesEnd ? new SkipGuard(this.lag) : undefined;
    this.reading = new Reading(inspection, options, {
      ...output,
      came: (entries) => {
        this.lag.measure(entries, 0);
        const last = entries.at(-1);
        if (last !== undefined) this.tailSize.came(entries.length, Date.parse(last.timestamp));
      },
    });
  }

  /** How many entries a reread asks for, so that it shows the place and all behind it. */
  tailEntries(): number {
    return this.reading.entriesBefore + this.tailSize.expected();
  }
}
