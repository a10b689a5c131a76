import type { CheckpointKeeper } from "../checkpoint/keeper.ts";
import type { EngineCheckpoints } from "../checkpoint/engine-checkpoints.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { Lease, Leases } from "../lifetime/lease.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import { asFailure } from "../source/failures.ts";
import type { Finding } from "../source/host.ts";
import type { ContainerInfo } from "../wire/records.ts";
import type { FollowedContainers } from "./followed-containers.ts";
import type { PoolSourceOptions, ResolvedPoolOptions } from "./options.ts";
import type { SourceEngine } from "./source-engine.ts";
import type { PoolStatus } from "./status.ts";

export interface LeasedParts {
  readonly leases: Leases;
  readonly engine: SourceEngine;
  readonly checkpoints: EngineCheckpoints;
  readonly followed: FollowedContainers;
  readonly tasks: TaskGroup;
  readonly emit: (status: PoolStatus) => void;
}

/** Undefined where every container is followed without a lease. */
export function leasedOf(
  engine: SourceEngine,
  pool: Pick<LeasedParts, "followed" | "tasks" | "emit"> & {
    readonly options: Pick<ResolvedPoolOptions, "leases">;
    readonly keeper: CheckpointKeeper | undefined;
  },
): LeasedContainers | undefined {
  const { followed, tasks, emit, keeper } = pool;
  const { checkpoints } = engine;
  const { leases } = pool.options;
  if (leases === undefined || checkpoints === undefined) return undefined;
  const leased = new LeasedContainers({ leases, engine, checkpoints, followed, tasks, emit });
  // By then all is delivered and saved.
  keeper?.onClose(() => leased.release());
  return leased;
}

/** A container whose lease another pool has, or may have. */
interface Waiting {
  readonly container: ContainerInfo;
  readonly stop: AbortController;
  /** It was told of. */
  isStandby: boolean;
}

interface Held {
  readonly lease: Lease;
  readonly unlink: () => void;
  /** It was followed under this lease. Before that only the store knows where to begin. */
  isBegun: boolean;
  /** Its source has ended, and is not tried again. */
  isLeft: boolean;
}

/** A lease that is free is had sooner than that, in milliseconds. */
const STANDBY_AFTER_MS = 1_000;
/** How often it is looked whether sinks are through with what they have. */
const SETTLED_LOOK_MS = 100;

/** One engine's containers that are followed only while their lease is held. */
export class LeasedContainers {
  readonly #parts: LeasedParts;
  readonly #waiting = new Map<string, Waiting>();
  readonly #held = new Map<string, Held>();

  constructor(parts: LeasedParts) {
    this.#parts = parts;
  }

  /** So many are followed by other pools. */
  get standby(): number {
    let count = 0;
    for (const { isStandby } of this.#waiting.values()) if (isStandby) count++;
    return count;
  }

  /** So many are not followed here, or not yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** So many may be followed here. */
  get held(): number {
    return this.#held.size;
  }

  /** Follows a container once its lease is held, from where whoever held it before has left off. */
  follow(finding: Finding, options: PoolSourceOptions): void {
    const { engine, tasks } = this.#parts;
    const { id } = finding.inspection.info;
    const following = tasks.run("lease", (signal) => this.#follow(finding, options, signal));
    following.catch((error: unknown) => {
      finding.headStart?.cancel();
      if (tasks.signal.aborted || !engine.discovery.isFollowed(id)) return;
      const failure = asFailure(error, id);
      const isGone = failure.code === "CONTAINER_NOT_FOUND";
      const reason = isGone
        ? ({ kind: "removed", complete: true } as const)
        : ({ kind: "failed", error: failure } as const);
      engine.discovery.ended(id, { reason, position: undefined });
    });
  }

  /** Resolves once the lease is held; true where nothing was followed under it yet. Whoever waited for it gives up. @throws the signal's reason */
  async take(container: ContainerInfo, parent: AbortSignal): Promise<boolean> {
    this.#sweep();
    const { id } = container;
    const known = this.#held.get(id);
    if (known !== undefined && !known.lease.lost.aborted) {
      known.isLeft = false;
      return !known.isBegun;
    }
    this.#waiting.get(id)?.stop.abort(new DockspoolError("CLOSED", "It is attached."));
    const waiting: Waiting = { container, stop: new AbortController(), isStandby: false };
    this.#waiting.set(id, waiting);
    const unlink = onAbort(parent, () => waiting.stop.abort(parent.reason));
    const timer = setTimeout(() => this.#standsBy(waiting), STANDBY_AFTER_MS);
    try {
      const { checkpoints, leases } = this.#parts;
      const engine = await checkpoints.ready(waiting.stop.signal);
      await this.#settled(id, waiting.stop.signal);
      const lease = await leases.acquire(`${engine.id}/${id}`, waiting.stop.signal);
      const forget = onAbort(lease.lost, () => this.#lost(container, lease));
      this.#held.set(id, { lease, unlink: forget, isBegun: false, isLeft: false });
      return true;
    } finally {
      clearTimeout(timer);
      unlink();
      if (this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    }
  }

  holds(id: string): boolean {
    return this.#held.get(id)?.lease.lost.aborted === false;
  }

  /** From where the store says: what follows it next goes on from where that ends. */
  begun(id: string): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.isBegun = true;
  }

  /** The engine has it no more. */
  gone(id: string): void {
    const message = "The container is gone.";
    const error = new DockspoolError("CONTAINER_NOT_FOUND", message, { container: id });
    this.#waiting.get(id)?.stop.abort(error);
  }

  /** Its source has ended for good: once its lines are delivered others may follow it. */
  left(id: string): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.isLeft = true;
    this.#sweep();
  }

  /** Those that the caller wants left alone are not waited for any more. */
  refused(): void {
    for (const [id, { stop }] of this.#waiting)
      if (!this.#parts.engine.discovery.isFollowed(id)) stop.abort();
  }

  /** All is delivered and saved. */
  release(): void {
    for (const id of this.#held.keys()) this.#release(id);
  }

  async #follow(finding: Finding, options: PoolSourceOptions, signal: AbortSignal): Promise<void> {
    const { engine, followed } = this.#parts;
    const { info } = finding.inspection;
    const begun = performance.now();
    let found = finding;
    do {
      const isNew = await this.take(info, signal);
      if (!engine.discovery.isFollowed(info.id)) {
        this.left(info.id);
        finding.headStart?.cancel();
        return;
      }
      const position = isNew
        ? await this.#parts.checkpoints.load(info.id, signal)
        : followed.placeBehind(info.id);
      const hasWaited = performance.now() - begun >= STANDBY_AFTER_MS;
      const resumed = position === undefined ? {} : { start: { position }, isResumed: true };
      const seen = hasWaited ? await this.#lookAgain(info.id, signal) : {};
      found = { ...finding, isOutdated: true, ...resumed, ...seen };
      // It may have been lost meanwhile, and what stands in the store is of another holder by now.
    } while (!this.holds(info.id));
    followed.add(engine, found, options);
    this.begun(info.id);
  }

  /** What was known of it may be hours old. */
  async #lookAgain(
    id: string,
    signal: AbortSignal,
  ): Promise<{ inspection: Inspection; startedBy: undefined; headStart: undefined }> {
    const inspection = await this.#parts.engine.client.inspect(id, signal);
    return { inspection, startedBy: undefined, headStart: undefined };
  }

  /**
   * Lines that sinks have from under a lease that was lost are another holder's. Under a new lease they would count as this pool's
   * again, and so would their position, which is behind.
   */
  async #settled(id: string, signal: AbortSignal): Promise<void> {
    while (this.#parts.followed.placeBehind(id) !== undefined) await sleep(SETTLED_LOOK_MS, signal);
  }

  #standsBy(waiting: Waiting): void {
    waiting.isStandby = true;
    this.#parts.emit({ type: "standby", container: waiting.container });
  }

  #lost({ id, name }: ContainerInfo, lease: Lease): void {
    const { checkpoints, followed } = this.#parts;
    if (this.#held.get(id)?.lease !== lease) return;
    this.#held.delete(id);
    checkpoints.leave(id);
    const cause: unknown = lease.lost.reason;
    const message = `Another pool may follow container ${name} from now on: ${asSentence(messageOf(cause))}`;
    const details = { container: id, cause, transient: true };
    followed.abandon(id, new DockspoolError("CLOSED", message, details));
  }

  #sweep(): void {
    const { checkpoints, followed } = this.#parts;
    for (const [id, { isLeft }] of this.#held) {
      if (!isLeft || followed.placeBehind(id) !== undefined) continue;
      checkpoints.leave(id);
      this.#release(id);
    }
  }

  #release(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    held.unlink();
    // Where it can't be given back it ends by itself.
    held.lease[Symbol.asyncDispose]().then(undefined, () => {});
  }
}
