import type { EngineClient } from "../../engine/engine-client.ts";

const DRIFT = 0.001;
const STEP_MS = 10;

/**
 * When it was made, by the engine's clock: what the engine says of its containers is never compared with the clock of this
 * machine.
 */
export class Moment {
  readonly #client: EngineClient;
  readonly #madeAt = Date.now();
  /** By `performance.now()`, which nobody sets. */
  readonly #made = performance.now();

  constructor(client: EngineClient) {
    this.#client = client;
  }

  /** In epoch milliseconds: what was created in the same one was there before. */
  get at(): number {
    const ours = Date.now();
    const { clock } = this.#client;
    const theirs = clock.now(ours);
    const isOne = this.#isOneClock(ours);
    const steady = performance.now() - this.#made;
    // The two clocks of this machine gain on each other by up to a millisecond in a second; more is a step of the one.
    const wasStepped = Math.abs(ours - this.#madeAt - steady) > STEP_MS + steady * DRIFT;
    if (isOne && !wasStepped) return this.#madeAt;
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
