import { fractionDigits } from "../wire/timestamps.ts";

/** Up to which the interval of looks doubles where no periodic rotation sets a limit. */
const LONGEST_PROBE_MS = 300_000;
/** A line may be written while the stream reopens; whole seconds are rounded down. */
const MARGIN_MS = 100;
const WHOLE_SECOND_MARGIN_MS = 1_100;
/** What a reread brings comes at once; what comes later was written later. */
const REREAD_MS = 500;

interface WatchdogOptions {
  readonly rotateEveryMs: number | false;
  readonly stallProbeMs: number | false;
}

/** A rotation after silence. */
interface Probe {
  readonly silentMs: number;
  readonly closedAt: number;
}

/** Asks for a rotation when it is time for one, and after silence; then tells whether the old stream had died. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #rotate: () => void;
  #periodic: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #probeMs: number;
  #probe: Probe | undefined;
  #openedAt = 0;
  #lastByteAt = 0;

  constructor(options: WatchdogOptions, rotate: () => void) {
    this.#options = options;
    this.#rotate = rotate;
    this.#probeMs = options.stallProbeMs || 0;
  }

  /** A stream is open, and where it goes on is found. */
  opened(): void {
    this.closed();
    this.#openedAt = Date.now();
    this.#lastByteAt = this.#openedAt;
    const { rotateEveryMs, stallProbeMs } = this.#options;
    if (rotateEveryMs !== false) this.#periodic = setTimeout(this.#rotate, rotateEveryMs);
    if (stallProbeMs !== false) this.#listen(this.#probeMs);
  }

  sawBytes(now: number): void {
    this.#lastByteAt = now;
  }

  /** New entries came. How long the old stream had been silent, where it had kept back the first of them. */
  sawEntries(timestamp: string): number | undefined {
    this.#probeMs = this.#options.stallProbeMs || 0;
    const probe = this.#probe;
    this.#probe = undefined;
    if (probe === undefined || Date.now() - this.#openedAt > REREAD_MS) return undefined;
    const margin = fractionDigits(timestamp) === 0 ? WHOLE_SECOND_MARGIN_MS : MARGIN_MS;
    return Date.parse(timestamp) < probe.closedAt - margin ? probe.silentMs : undefined;
  }

  /** No stream is open. */
  closed(): void {
    clearTimeout(this.#periodic);
    clearTimeout(this.#silence);
  }

  #listen(ms: number): void {
    this.#silence = setTimeout(() => {
      const now = Date.now();
      const silentMs = now - this.#lastByteAt;
      if (silentMs < this.#probeMs) {
        this.#listen(this.#probeMs - silentMs);
        return;
      }
      this.#probe = { silentMs, closedAt: now };
      const { rotateEveryMs, stallProbeMs } = this.#options;
      const longest = Math.max(stallProbeMs || 0, rotateEveryMs || LONGEST_PROBE_MS);
      this.#probeMs = Math.min(2 * this.#probeMs, longest);
      this.#rotate();
    }, ms);
  }
}
