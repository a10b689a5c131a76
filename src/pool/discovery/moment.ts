import type { EngineClient } from "../../engine/engine-client.ts";

const DRIFT = 0.001;
const STEP_MS = 10;
/** Between two looks at clocks, one right after the other, there is no more, unless the process had to wait there. */
const LOOK_MS = 1;
const MOST_LOOKS = 10;

interface Clocks {
  readonly date: number;
  /** `performance.now()`, which nobody sets. */
  readonly steady: number;
}

/** Both clocks at one moment. On a busy machine the process may have to wait between the two: that is no step of a clock. */
function bothClocks(): Clocks {
  let best = Infinity;
  let clocks: Clocks = { date: NaN, steady: NaN };
  for (let look = 0; look < MOST_LOOKS && best > LOOK_MS; look++) {
    const before = performance.now();
    const date = Date.now();
    const steady = performance.now();
    if (steady - before >= best) continue;
    best = steady - before;
    clocks = { date, steady };
  }
  return clocks;
}

/**
 * When it was made, by the engine's clock: what the engine says of its containers is never compared with the clock of this
 * machine.
 */
export class Moment {
  readonly #client: Pick<EngineClient, "clock" | "identify">;
  readonly #made = bothClocks();

  constructor(client: Pick<EngineClient, "clock" | "identify">) {
    this.#client = client;
  }

  /** In epoch milliseconds: what was created in the same one was there before. */
  get at(): number {
    const { date: ours, steady: now } = bothClocks();
    const { clock } = this.#client;
    const theirs = clock.now(ours);
    const isOne = this.#isOneClock(ours);
    const steady = now - this.#made.steady;
    // The two clocks of this machine gain on each other by up to a millisecond in a second; more is a step of the one.
    const wasStepped = Math.abs(ours - this.#made.date - steady) > STEP_MS + steady * DRIFT;
    if (isOne && !wasStepped) return this.#made.date;
    return (isOne ? ours : theirs) + 1 - steady;
  }

  /** What may be one clock is taken for one: that is exact. */
  #isOneClock(ours: number): boolean {
    const { clock } = this.#client;
    return Math.abs(clock.now(ours) - ours) <= clock.errorMs(ours);
  }

  /**
   * Whether a time that the engine tells is later. Where what is known of another clock leaves that open, the engine is asked for
   * its time: not elsewhere, since that answer may wait behind a container's start.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE; the signal's reason
   */
  async isBefore(time: number, signal: AbortSignal): Promise<boolean> {
    const isOpen = Math.abs(time - this.at) <= this.#client.clock.errorMs();
    if (isOpen && !this.#isOneClock(Date.now())) await this.#client.identify(signal);
    return time > this.at;
  }
}
