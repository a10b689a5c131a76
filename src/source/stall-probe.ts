import { fractionDigits } from "../wire/timestamps.ts";

/** A line may be written while the stream reopens; whole seconds are rounded down. */
const MARGIN_MS = 100;
const WHOLE_SECOND_MARGIN_MS = 1_100;
/** What a reread brings comes at once; what comes later was written later. */
const REREAD_MS = 500;

/** A rotation after silence: did the old stream keep back what was there? */
export class StallProbe {
  readonly silentMs: number;
  readonly #closedAt: number = Date.now();
  #reopenedAt: number | undefined;

  constructor(silentMs: number) {
    this.silentMs = silentMs;
  }

  reopened(): void {
    this.#reopenedAt = Date.now();
  }

  /** Judges the first entry that came since. */
  wasKeptBack(timestamp: string): boolean {
    const margin = fractionDigits(timestamp) === 0 ? WHOLE_SECOND_MARGIN_MS : MARGIN_MS;
    const isOld = Date.parse(timestamp) < this.#closedAt - margin;
    return isOld && (this.#reopenedAt === undefined || Date.now() - this.#reopenedAt < REREAD_MS);
  }
}
