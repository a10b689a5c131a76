import { Limiter } from "../lifetime/limiter.ts";
import type { RotationReason } from "../source/channels.ts";
import type { ContainerLogSource } from "../source/container-log-source.ts";
import type { Rotation } from "../source/status.ts";

export interface RotationPlan {
  readonly everyMs: number;
  /** The share of `everyMs` by which a rotation comes earlier or later, at random. */
  readonly jitter: number;
}

/** So many streams rotate at once. */
const AT_ONCE = 4;

/** Rotates each stream when it has been open for long enough, a few at once, by one timer for all. */
export class Rotations {
  readonly #plan: RotationPlan | false;
  readonly #signal: AbortSignal;
  readonly #limiter = new Limiter(AT_ONCE);
  readonly #due = new Map<ContainerLogSource, number>();
  /** Under way: what lets the next one begin. */
  readonly #underWay = new Map<ContainerLogSource, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Infinity;

  /** Ends with `signal`. */
  constructor(plan: RotationPlan | false, signal: AbortSignal) {
    this.#plan = plan;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  /** A stream is open: its time begins anew. */
  opened(source: ContainerLogSource): void {
    if (this.#plan === false || this.#signal.aborted) return;
    const { everyMs, jitter } = this.#plan;
    const delayMs = everyMs * (1 + jitter * (2 * Math.random() - 1));
    const dueAt = performance.now() + delayMs;
    this.#due.set(source, dueAt);
    if (dueAt < this.#wakesAt) this.#wakeAt(dueAt);
  }

  /** It has no stream, and may have none for long. */
  closed(source: ContainerLogSource): void {
    this.#due.delete(source);
    this.#underWay.get(source)?.();
  }

  /** Each of them; one failure does not stop the others. */
  all(sources: readonly ContainerLogSource[]): Promise<PromiseSettledResult<Rotation>[]> {
    return Promise.allSettled(sources.map((source) => this.rotate(source)));
  }

  /** @throws DockspoolError as `ContainerLogSource.rotate`; the signal's reason */
  async rotate(source: ContainerLogSource, why: RotationReason = "asked"): Promise<Rotation> {
    const begin = async (): Promise<{ readonly rotation: Promise<Rotation> }> => {
      const rotation = source.rotate(why);
      const isAway = new Promise<void>((resolve) => {
        this.#underWay.set(source, resolve);
        if (source.stats.state === "reconnecting") resolve();
      });
      await Promise.race([rotation.catch(() => {}), isAway]);
      this.#underWay.delete(source);
      return { rotation };
    };
    const { rotation } = await this.#limiter.run(begin, this.#signal);
    return rotation;
  }

  #wakeAt(at: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = at;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, at - performance.now()));
  }

  #wake(): void {
    const now = performance.now();
    let next = Infinity;
    for (const [source, dueAt] of this.#due) {
      if (dueAt > now) {
        next = Math.min(next, dueAt);
        continue;
      }
      this.#due.delete(source);
      // A failure is reported by the source's status.
      this.rotate(source, "interval").catch(() => {});
    }
    this.#wakesAt = Infinity;
    if (next < Infinity) this.#wakeAt(next);
  }
}
