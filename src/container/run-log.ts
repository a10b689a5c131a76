/**
 * How far a container's runs were read. A run is known by its start: as a look shows it, or by an event a moment later
 * (`startedBy`, in epoch milliseconds by the engine's clock; Infinity where it is about to start).
 */
export type RunState =
  /** None was read, and none is known. */
  | { readonly type: "none" }
  | {
      readonly type: "current";
      readonly startedAt: string | undefined;
      readonly startedBy: number;
      /** A look has shown it, or an event told of it. */
      readonly isKnown: boolean;
      /** Its follow has come to its proper end, which on this engine is the log's. */
      readonly isFollowedToEnd: boolean;
    }
  /** The latest run was read to its end while the container stood still. */
  | {
      readonly type: "read";
      readonly startedAt: string | undefined;
      readonly finishedAt: string | undefined;
      readonly mayHaveRunSince: boolean;
    };

/** A run that an event has told of, and no look has shown yet. */
export interface ToldRun {
  /** As `startedBy`. */
  readonly by: number;
  /** The start of the run before it, as a look has shown it; "0001-…", or undefined, where there was none. */
  readonly before: string | undefined;
}

/** The runs of a container, and how far they were read. */
export class RunLog {
  readonly #restarted: () => void;
  #state: RunState = { type: "none" };
  /** The start that was seen before that of a run that is told of. */
  #before: string | undefined;
  /** When an event told of the start that a look has shown; Infinity where that is yet to come. */
  #toldBy = -Infinity;

  constructor(restarted: () => void) {
    this.#restarted = restarted;
  }

  get state(): RunState {
    return this.#state;
  }

  /** It stands still, and its log was read to the end. */
  get isRead(): boolean {
    return this.#state.type === "read";
  }

  /** When the latest run began, where that is known; by an event, a moment later. */
  get startedAt(): string | undefined {
    const state = this.#state;
    if (state.type === "none") return undefined;
    if (state.startedAt !== undefined || state.type === "read") return state.startedAt;
    if (!Number.isFinite(state.startedBy)) return undefined;
    return new Date(Math.ceil(state.startedBy)).toISOString();
  }

  /** The latest run, where it is known by an event alone. */
  get told(): ToldRun | undefined {
    const state = this.#state;
    const isTold = state.type === "current" && state.isKnown && state.startedAt === undefined;
    if (!isTold || state.startedBy === -Infinity) return undefined;
    return { by: state.startedBy, before: this.#before };
  }

  /** As `startedAt`, or by the event that told of it, which is later. */
  get startTold(): string | undefined {
    const { startedAt } = this;
    const isLater = startedAt !== undefined && this.#toldBy > Date.parse(startedAt);
    if (!isLater || this.#toldBy === Infinity) return startedAt;
    return new Date(Math.ceil(this.#toldBy)).toISOString();
  }

  /** A look has shown this start. */
  looked(startedAt: string | undefined): void {
    const state = this.#state;
    // It ran, and perhaps ended, unseen.
    if (state.type === "read" && startedAt !== state.startedAt) this.sawRunning(startedAt);
  }

  /** It runs, since `startedAt`. True where it has started again since the last look. */
  sawRunning(startedAt: string | undefined): boolean {
    const state = this.#state;
    const isCurrent = state.type === "current";
    if (isCurrent && state.isKnown && startedAt === state.startedAt) return false;
    const isTold = isCurrent && startedAt !== undefined && Date.parse(startedAt) <= state.startedBy;
    const isRestart = state.type === "read" || (isCurrent && state.isKnown && !isTold);
    const isFollowedToEnd = isTold && state.isFollowedToEnd;
    this.#toldBy = isTold ? state.startedBy : -Infinity;
    this.#state = { ...current(startedAt, -Infinity), isFollowedToEnd };
    if (isRestart) this.#restarted();
    return isRestart;
  }

  /** It has started, by an event of this time. */
  started(by: number): void {
    this.#before = this.startedAt;
    this.#state = current(undefined, by);
    this.#restarted();
  }

  /** Likewise, before anything was read; Infinity where it is about to start. `before`: the start that was seen last. */
  begins(by: number, before?: string): void {
    this.#before = before;
    this.#state = current(undefined, by);
  }

  /** The start that was about to come has come. */
  startsBy(by: number): void {
    const state = this.#state;
    if (state.type === "current" && state.startedBy === Infinity)
      this.#state = { ...state, startedBy: by };
    if (this.#toldBy === Infinity) this.#toldBy = by;
  }

  /** A stream is opened: how it ends is yet to be seen. */
  opens(): void {
    const state = this.#state;
    if (state.type === "current") this.#state = { ...state, isFollowedToEnd: false };
    if (state.type === "none") this.#state = { ...current(undefined, -Infinity), isKnown: false };
  }

  /** The follow of the current run came to its proper end. */
  followedToEnd(): void {
    const state = this.#state;
    if (state.type === "current") this.#state = { ...state, isFollowedToEnd: true };
  }

  /** It stopped after its start at `startedAt`, and all of its log was read. */
  read(startedAt: string | undefined, finishedAt?: string): void {
    this.#state = { type: "read", startedAt, finishedAt, mayHaveRunSince: false };
  }

  /** Something happened to one that was read to its end: it may have run once more. */
  mayHaveRun(): void {
    const state = this.#state;
    if (state.type === "read") this.#state = { ...state, mayHaveRunSince: true };
  }
}

function current(
  startedAt: string | undefined,
  startedBy: number,
): Extract<RunState, { type: "current" }> {
  return { type: "current", startedAt, startedBy, isKnown: true, isFollowedToEnd: false };
}
