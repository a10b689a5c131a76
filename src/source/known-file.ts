/** How long nothing may come from a file that is read before it is compared again, at the most. */
const QUIET_MS = 30_000;

interface Known {
  readonly path: string;
  /** By `performance.now()`: it was compared, or has brought something before. */
  readonly at: number;
  readonly isOfRun: boolean;
  /** The engine has shown nothing to compare it by. */
  readonly isIncomparable: boolean;
}

interface Parts {
  /** When something new came last, by `performance.now()`. */
  readonly cameAt: () => number;
  readonly stallProbeMs: number | false;
}

/**
 * The file that is known to be the container's log. A copy of the engine's data looks the same: an old data root that was moved, a snapshot. It is the
 * container's until that writes something. So a file from which nothing comes is compared again: after a silence, and where a run has ended that left
 * nothing in it.
 */
export class KnownFile {
  readonly #cameAt: () => number;
  readonly #quietMs: number;
  #known: Known | undefined;

  constructor({ cameAt, stallProbeMs }: Parts) {
    this.#cameAt = cameAt;
    this.#quietMs = Math.min(QUIET_MS, stallProbeMs || QUIET_MS);
  }

  get path(): string | undefined {
    return this.#known?.path;
  }

  compared(path: string, isOfRun: boolean, isIncomparable: boolean = false): void {
    this.#known = { path, at: performance.now(), isOfRun, isIncomparable };
  }

  forget(): void {
    this.#known = undefined;
  }

  /** Whether it is the container's has to be seen again. `isReopened`: a stream is, in the middle of the run. */
  isDoubtful(isOfRun: boolean, isReopened: boolean): boolean {
    const known = this.#known;
    if (known === undefined) return true;
    if (this.#cameAt() > known.at) {
      this.compared(known.path, isOfRun);
      return false;
    }
    if (known.isIncomparable) return false;
    const hasEnded = known.isOfRun && !isOfRun;
    if (isOfRun) this.#known = { ...known, isOfRun };
    return hasEnded || (isReopened && performance.now() - known.at >= this.#quietMs);
  }
}
