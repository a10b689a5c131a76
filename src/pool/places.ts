import type { EngineCheckpoints } from "../checkpoint/engine-checkpoints.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import { neverStarted } from "../engine/inspection.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { unlessAborted } from "../lifetime/abort.ts";
import type { Start } from "../lines/line-options.ts";
import { LOG_START } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import { resolveOptions } from "../source/options.ts";
import type { From } from "../stream/from.ts";
import { locate } from "../stream/locate.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { FROM_ITS_START } from "./discovery/decision.ts";
import type { Place } from "./discovery/discovered-container.ts";
import type { FollowedContainers } from "./followed-containers.ts";
import type { PoolSourceOptions, ResolvedPoolOptions } from "./options.ts";
import type { PoolStatus } from "./status.ts";

interface PoolParts {
  readonly options: ResolvedPoolOptions;
  readonly followed: FollowedContainers;
  readonly emit: (status: PoolStatus) => void;
}

/** Where the reading of an engine's containers begins. */
export class Places {
  readonly #client: EngineClient;
  readonly #checkpoints: EngineCheckpoints | undefined;
  readonly #options: ResolvedPoolOptions;
  readonly #followed: FollowedContainers;
  readonly #emit: (status: PoolStatus) => void;

  constructor(
    client: EngineClient,
    checkpoints: EngineCheckpoints | undefined,
    { options, followed, emit }: PoolParts,
  ) {
    this.#client = client;
    this.#checkpoints = checkpoints;
    this.#options = options;
    this.#followed = followed;
    this.#emit = emit;
  }

  /** `isNew` is asked once it is known what was saved. */
  async find(
    inspection: Inspection,
    isNew: () => Promise<boolean>,
    signal: AbortSignal,
    from: From = this.#fromOf(inspection),
    options: PoolSourceOptions = {},
  ): Promise<Place> {
    const saved = await this.#savedPlace(inspection, signal);
    if (saved !== undefined) return saved;
    if (await isNew()) return FROM_ITS_START;
    // What never ran has written nothing. It may run, and be gone, before its log is answered.
    const isEmpty = !inspection.running && neverStarted(inspection.startedAt);
    if (isEmpty && (typeof from === "string" || "tail" in from)) return FROM_ITS_START;
    const start = await this.#locate(inspection, from, options, signal);
    return { start, isResumed: false };
  }

  #fromOf({ running }: Inspection): From {
    const { from, fromOfStopped } = this.#options;
    return running ? from : fromOfStopped;
  }

  async #savedPlace({ info }: Inspection, signal: AbortSignal): Promise<Place | undefined> {
    const checkpoints = this.#checkpoints;
    if (checkpoints === undefined) return undefined;
    // What is read already is delivered by the source that read it.
    const position =
      this.#followed.placeBehind(info.id) ??
      (await unlessAborted(this.#load(checkpoints, info, signal), signal));
    return position === undefined ? undefined : { start: { position }, isResumed: true };
  }

  async #load(
    checkpoints: EngineCheckpoints,
    container: ContainerInfo,
    signal: AbortSignal,
  ): Promise<Position | undefined> {
    try {
      return await checkpoints.load(container.id, signal);
    } catch (error) {
      // It is tried again.
      if (DockspoolError.is(error, "CHECKPOINT_UNREADABLE") && error.transient) {
        const status = { type: "checkpoint-failed", error } as const;
        this.#emit({ type: "source", container, status });
      }
      throw error;
    }
  }

  /** Reads with a turn, as whatever reads a log. */
  async #locate(
    inspection: Inspection,
    from: From,
    options: PoolSourceOptions,
    signal: AbortSignal,
  ): Promise<Start> {
    if (from === "start") return { position: LOG_START };
    const holder = { stream: () => undefined, yield: () => {} };
    const request = { holder, interest: "started", queued: () => {} } as const;
    const turn = await this.#followed.slots.take(request, signal);
    try {
      return await locate(this.#client, inspection, resolveOptions({ ...options, from }), signal);
    } finally {
      turn.release();
    }
  }
}
