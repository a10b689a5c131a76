/** Up to which the interval of looks doubles where no periodic rotation sets a limit. */
const LONGEST_PROBE_MS = 300_000;

interface WatchdogOptions {
  readonly rotateEveryMs: number | false;
  readonly stallProbeMs: number | false;
}

/** Asks for a rotation when it is time for one, and after silence. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #rotate: (silentMs: number | undefined) => void;
  #periodic: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #probeMs: number;
  #lastByteAt = 0;

  /** `rotate` gets the length of the silence where that is the cause. */
  constructor(options: WatchdogOptions, rotate: (silentMs: number | undefined) => void) {
    this.#options = options;
    this.#rotate = rotate;
    this.#probeMs = options.stallProbeMs === false ? 0 : options.stallProbeMs;
  }

  /** A stream is open. */
  opened(): void {
    this.closed();
    this.#lastByteAt = Date.now();
    const { rotateEveryMs, stallProbeMs } = this.#options;
    if (rotateEveryMs !== false) this.#periodic = setTimeout(() => this.#rotate(undefined), rotateEveryMs);
    if (stallProbeMs !== false) this.#listen(this.#probeMs);
  }

  sawBytes(now: number): void {
    this.#lastByteAt = now;
  }

  /** Something new came, so the stream lives. */
  sawEntries(): void {
    if (this.#options.stallProbeMs !== false) this.#probeMs = this.#options.stallProbeMs;
  }

  /** No stream is open. */
  closed(): void {
    clearTimeout(this.#periodic);
    clearTimeout(this.#silence);
  }

  #listen(ms: number): void {
    this.#silence = setTimeout(() => {
      const silentMs = Date.now() - this.#lastByteAt;
      if (silentMs < this.#probeMs) {
        this.#listen(this.#probeMs - silentMs);
        return;
      }
      const { rotateEveryMs, stallProbeMs } = this.#options;
      const longest = Math.max(stallProbeMs || 0, rotateEveryMs || LONGEST_PROBE_MS);
      this.#probeMs = Math.min(2 * this.#probeMs, longest);
      this.#rotate(silentMs);
    }, ms);
  }
}
