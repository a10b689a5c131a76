import { fractionDigits } from "../wire/timestamps.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

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

interface Parts {
  /** It is time for a rotation. */
  readonly rotate: (why: "interval" | "silence") => void;
  /**
   * Since when the consumer lets the stream be read, by `steadyNow()`; undefined while it does not: its silence is not the
   * stream's.
   */
  readonly flowingSince: () => number | undefined;
  /** The engine's time, in epoch milliseconds. */
  readonly engineNow: () => number;
  /** How long the engine may be silent in an answer that has an end, in milliseconds. */
  readonly answerMs: number;
}

/** A rotation after silence. */
interface Probe {
  readonly silentMs: number;
  /** By the engine's clock. */
  readonly closedAt: number;
}

/** Asks for a rotation when it is time for one, and after silence; then tells whether the old stream had died. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #parts: Parts;
  #periodic: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #probeMs: number;
  #probe: Probe | undefined;
  #openedAt = 0;
  #lastByteAt = 0;
  #rotatesAt: number | undefined;
  /** Since when the stream has an end, by `steadyNow()`. */
  #isToEndSince: number | undefined;

  constructor(options: WatchdogOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#probeMs = options.stallProbeMs || 0;
  }

  /** When it rotates at the latest, by `steadyNow()`; undefined where it never does, or no stream is open. */
  get rotatesBy(): number | undefined {
    if (this.#openedAt === 0) return undefined;
    const first = Math.min(this.#looksAt, this.#rotatesAt ?? Infinity);
    return Number.isFinite(first) ? first : undefined;
  }

  /** A stream is open, and where it goes on is found. */
  opened(): void {
    this.closed();
    this.#openedAt = steadyNow();
    this.#lastByteAt = this.#openedAt;
    const { rotateEveryMs, stallProbeMs } = this.#options;
    if (rotateEveryMs !== false) {
      this.#rotatesAt = this.#openedAt + rotateEveryMs;
      this.#periodic = setTimeout(() => this.#parts.rotate("interval"), rotateEveryMs);
    }
    if (stallProbeMs !== false) this.#listen(this.#probeMs);
  }

  /** What it follows has ended: the stream brings what is left, and ends, or it is dead. */
  isToEnd(): void {
    if (this.#openedAt === 0 || this.#isToEndSince !== undefined) return;
    const now = steadyNow();
    this.#isToEndSince = now;
    clearTimeout(this.#silence);
    this.#listen(this.#looksAt - now);
  }

  sawBytes(now: number): void {
    this.#lastByteAt = now;
  }

  /** New entries came. How long the old stream had been silent, where it had kept back the first of them. */
  sawEntries(timestamp: string): number | undefined {
    this.#probeMs = this.#options.stallProbeMs || 0;
    const probe = this.#probe;
    this.#probe = undefined;
    if (probe === undefined || steadyNow() - this.#openedAt > REREAD_MS) return undefined;
    const margin = fractionDigits(timestamp) === 0 ? WHOLE_SECOND_MARGIN_MS : MARGIN_MS;
    return Date.parse(timestamp) < probe.closedAt - margin ? probe.silentMs : undefined;
  }

  /** No stream is open. */
  closed(): void {
    clearTimeout(this.#periodic);
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.#openedAt = 0;
    this.#rotatesAt = undefined;
    this.#isToEndSince = undefined;
  }

  /** When the silence has lasted long enough, by `steadyNow()`. */
  get #looksAt(): number {
    const { stallProbeMs } = this.#options;
    const probesAt = stallProbeMs === false ? Infinity : this.#lastByteAt + this.#probeMs;
    if (this.#isToEndSince === undefined) return probesAt;
    const heardAt = Math.max(this.#lastByteAt, this.#isToEndSince);
    return Math.min(probesAt, heardAt + this.#parts.answerMs);
  }

  #listen(ms: number): void {
    // Behind the timer comes what lies in the socket: after a pause of the event loop that is to be read first.
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.#silence === timer) this.#look();
      });
    }, ms);
    this.#silence = timer;
  }

  #look(): void {
    const now = steadyNow();
    this.#lastByteAt = Math.max(this.#lastByteAt, this.#parts.flowingSince() ?? now);
    if (now < this.#looksAt) {
      this.#listen(this.#looksAt - now);
      return;
    }
    const silentMs = now - this.#lastByteAt;
    this.#probe = { silentMs, closedAt: this.#parts.engineNow() };
    const { rotateEveryMs, stallProbeMs } = this.#options;
    const longest = Math.max(stallProbeMs || 0, rotateEveryMs || LONGEST_PROBE_MS);
    this.#probeMs = Math.min(2 * this.#probeMs, longest);
    this.#parts.rotate("silence");
  }
}
