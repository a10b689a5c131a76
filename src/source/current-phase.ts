import { publishPhase, publishStatus } from "./channels.ts";
import type { AboutContainer } from "./channels.ts";
import type { Phase } from "./phase.ts";
import type { EndReason, SourceStatus } from "./status.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** Those that are not the end, nor lead to it. */
type Lasting = Exclude<Phase, { readonly reason: EndReason }>;

interface Parts {
  readonly about: () => AboutContainer;
  /** A stream that is followed has brought what there was. */
  readonly isQuiet: () => boolean;
  readonly emit: (status: SourceStatus) => void;
}

/** The phase that a capture is in. All who want to know it ask here, or hear of each change. */
export class CurrentPhase {
  readonly #parts: Parts;
  readonly #observers = new Set<(phase: Phase) => void>();
  /** Statuses that are yet to be told, in their order: who hears of one may cause the next. */
  readonly #untold: SourceStatus[] = [];
  /** When it was made, by `steadyNow()`. */
  readonly begunAt: number = steadyNow();
  #isTelling = false;
  #phase: Phase = { type: "idle" };
  #since = steadyNow();
  #currentUntil: number | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get value(): Phase {
    return this.#phase;
  }

  get type(): Phase["type"] {
    return this.#phase.type;
  }

  /** When it began, by `steadyNow()`. */
  get since(): number {
    return this.#since;
  }

  /** All that the container has written is known to be read. */
  get isAtEnd(): boolean {
    return this.type === "stopped" || (this.type === "following" && this.#parts.isQuiet());
  }

  /** When that was so last, by `steadyNow()`; undefined where it never was. */
  get currentUntil(): number | undefined {
    return this.isAtEnd ? steadyNow() : this.#currentUntil;
  }

  /** Why it is being closed, or has ended; undefined while it goes on. */
  get ending(): EndReason | undefined {
    return "reason" in this.#phase ? this.#phase.reason : undefined;
  }

  get isEnding(): boolean {
    return this.ending !== undefined;
  }

  /** Begins a phase; once it is to end, none begins any more, and nothing is told of it. */
  enter(phase: Lasting, ...statuses: readonly SourceStatus[]): void {
    if (!this.isEnding) this.#change(phase, statuses);
  }

  /** It is to end; the first reason counts. */
  end(reason: EndReason): void {
    if (!this.isEnding) this.#change({ type: "closing", for: "end of the source", reason }, []);
  }

  /** It has ended. */
  ended(): void {
    const reason = this.ending ?? { kind: "closed" };
    this.#change({ type: "ended", reason }, [{ type: "ended", reason }]);
  }

  /** The one place where the phase changes; observers and listeners hear of it afterwards. */
  #change(phase: Phase, statuses: readonly SourceStatus[]): void {
    const from = this.#phase;
    this.#currentUntil = this.currentUntil;
    this.#phase = phase;
    this.#since = steadyNow();
    publishPhase(this.#parts.about, from, phase);
    for (const observer of [...this.#observers]) observer(phase);
    this.tell(...statuses);
  }

  /** Tells statuses together: what a listener of the first one causes is told behind the last. */
  tell(...statuses: readonly SourceStatus[]): void {
    this.#untold.push(...statuses);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      publishStatus(this.#parts.about, next);
      this.#parts.emit(next);
    }
    this.#isTelling = false;
  }

  /** Calls back after each change. Returns what unlinks it. */
  observe(observer: (phase: Phase) => void): () => void {
    const own = (phase: Phase): void => observer(phase);
    this.#observers.add(own);
    return () => this.#observers.delete(own);
  }
}
