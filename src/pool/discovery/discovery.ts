import type { EngineClient } from "../../engine/engine-client.ts";
import type { ContainerEvent } from "../../engine/events.ts";
import type { Inspection } from "../../engine/inspection.ts";
import type { Listed } from "../../engine/list.ts";
import type { DockspoolError } from "../../errors.ts";
import { Backoff } from "../../lifetime/backoff.ts";
import { sleep } from "../../lifetime/deadline.ts";
import type { TaskGroup } from "../../lifetime/task-group.ts";
import { LOG_START } from "../../resume/position.ts";
import type { Position } from "../../resume/position.ts";
import { asFailure } from "../../source/failures.ts";
import type { Finding, HeadStart } from "../../source/host.ts";
import type { Start } from "../../lines/reading.ts";
import type { ContainerInfo } from "../../wire/records.ts";
import { checkReadable, notFound } from "../failures.ts";

export interface DiscoveryParts {
  readonly engineName: string;
  readonly client: EngineClient;
  /** Runs what is under way, and ends it. */
  readonly tasks: TaskGroup;
  /** False: nothing is followed that the caller does not ask for. */
  readonly isOn: boolean;
  /** Created since the pool, or since checkpoints last saw the engine. Known once `ready` has resolved. */
  readonly isNew: (inspection: Inspection) => boolean;
  /** When that was, in epoch milliseconds by the engine's clock. */
  readonly newSince: () => number;
  /** Nothing that was found waits to be dealt with. */
  readonly settled: () => void;
  /** Resolves when what was saved can be asked. @throws DockspoolError */
  readonly ready: () => Promise<unknown>;
  /** May throw what the caller's function throws. */
  readonly selects: (container: ContainerInfo) => boolean;
  readonly isFollowed: (id: string) => boolean;
  /** Where reading goes on, or begins as of now, for a container that was there before, or is new. @throws DockspoolError */
  readonly locate: (inspection: Inspection, isNew: boolean, signal: AbortSignal) => Promise<Place>;
  /** Asks for a container's stream. */
  readonly headStart: (id: string) => HeadStart;
  readonly found: (finding: Finding) => void;
  /** It is followed once it starts, from there. */
  readonly waits: (id: string, start: Start) => void;
  /** One that was not followed is gone. */
  readonly gone: (id: string) => void;
  /** A container that is followed has another name. */
  readonly renamed: (id: string, name: string) => void;
  readonly skipped: (container: ContainerInfo, error: DockspoolError) => void;
}

/** Where reading begins. */
export interface Place {
  readonly start: Start;
  /** Another process left off there. */
  readonly isResumed: boolean;
}

/** What is known of a container that the engine has. */
interface Known {
  name: string;
  /** Created since the pool began, or since the engine was last looked at. */
  isNew: boolean;
  info?: ContainerInfo;
  /** Epoch milliseconds; 0 until it was looked at. */
  createdAt: number;
  /** As it was when it did not run; of those that are followed once they start. */
  idle?: Inspection | undefined;
  /** Where reading begins when it starts. */
  place?: Place;
  /** Only a start, or another name, makes it interesting again. */
  isSettled: boolean;
  /** The caller does not want it, whatever happens. */
  isRefused: boolean;
  /** Its stream, asked for while it is being started. */
  headStart?: HeadStart | undefined;
  /** What is being done about it, one thing after the other. */
  work: Promise<void>;
}

/** What makes a container interesting. */
interface Sign {
  /** An event of this time (epoch milliseconds) tells that it has started. */
  readonly startedBy?: number;
  /** It runs, or did a moment ago. */
  readonly hasRun?: boolean;
  /** It was created this moment. */
  readonly isCreated?: boolean;
}

export const FROM_ITS_START: Place = { start: { position: LOG_START }, isResumed: false };
const FULL_ID = /^[0-9a-f]{64}$/;
const RETRY = { minDelayMs: 100, maxDelayMs: 5_000 };

/** Finds an engine's containers: lists them, and then goes by the engine's events. */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #known = new Map<string, Known>();
  #hasLooked = false;
  /** What was found and is not dealt with. */
  #pending = 0;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /** Lists what there is, and deals with what was not known. @throws DockspoolError */
  async look(signal: AbortSignal): Promise<void> {
    const { client, isOn, isFollowed } = this.#parts;
    if (!isOn) return;
    // What the events tell of meanwhile need not be in the list.
    const before = [...this.#known.keys()];
    const listed = await client.list(signal, { all: true });
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    const there = new Set(listed.map(({ id }) => id));
    for (const id of before) {
      if (there.has(id) || isFollowed(id)) continue;
      this.#known.delete(id);
      this.#parts.gone(id);
    }
    const oldestFirst = listed.toReversed();
    for (const container of oldestFirst) if (container.running) this.#saw(container, isFirst);
    for (const container of oldestFirst) if (!container.running) this.#saw(container, isFirst);
  }

  event({ container: id, action, name, at }: ContainerEvent): void {
    const known = this.#known.get(id);
    switch (action) {
      case "create":
        this.#consider(id, known ?? this.#add(id, name, true), { isCreated: true });
        break;
      case "starting":
        if (known !== undefined) this.#starting(id, known);
        break;
      case "start":
        // Before the first look it may have been there for long.
        this.#consider(id, known ?? this.#add(id, name, this.#hasLooked), {
          startedBy: at,
          hasRun: true,
        });
        break;
      case "rename":
        if (known === undefined) break;
        known.name = name;
        known.idle = undefined;
        this.#consider(id, known);
        break;
      case "destroy":
        if (this.#parts.isFollowed(id)) break;
        this.#known.delete(id);
        this.#parts.gone(id);
        break;
      default:
    }
  }

  /** Created since the pool began, as far as one can tell. */
  isNew(inspection: Inspection): boolean {
    return this.#known.get(inspection.info.id)?.isNew === true || this.#parts.isNew(inspection);
  }

  /** All that was found is dealt with. */
  get isSettled(): boolean {
    return this.#pending === 0;
  }

  /**
   * Containers that were looked at, and need not be read from their start by the next process, whether it finds a checkpoint of
   * theirs or not; undefined where none are looked for.
   */
  knownContainers(): string[] | undefined {
    if (!this.#parts.isOn) return undefined;
    return Array.from(this.#known)
      .filter(([, { info, isSettled, isNew, place }]) => {
        const isRead = place === undefined || place.isResumed || !isNew;
        return info !== undefined && isSettled && isRead;
      })
      .map(([id]) => id);
  }

  /** Leaves a container alone from now on, or no longer: by id, unambiguous prefix of it, or name. */
  refuse(container: string, isRefused: boolean): void {
    const known =
      this.#known.get(container) ??
      [...this.#known.values()].find(({ name }) => name === container) ??
      this.#beginningWith(container);
    if (known !== undefined) known.isRefused = isRefused;
    else if (isRefused && FULL_ID.test(container)) this.#add(container, "", false).isRefused = true;
  }

  #beginningWith(prefix: string): Known | undefined {
    const found = [...this.#known].filter(([id]) => id.startsWith(prefix));
    return found.length === 1 ? found[0]?.[1] : undefined;
  }

  /** A container that was followed is gone. */
  gone(id: string): void {
    this.#known.delete(id);
  }

  /** Following a container has failed; when it starts again it is tried again, from there on. */
  failed(id: string, position: Position): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.place = { start: { position }, isResumed: true };
    known.idle = undefined;
    known.isSettled = true;
  }

  #add(id: string, name: string, isNew: boolean): Known {
    const work = Promise.resolve();
    const known: Known = {
      name,
      isNew,
      createdAt: 0,
      isSettled: false,
      isRefused: false,
      work,
    };
    this.#known.set(id, known);
    return known;
  }

  #saw({ id, name, running }: Listed, isFirst: boolean): void {
    const known = this.#known.get(id) ?? this.#add(id, name, !isFirst);
    const isRenamed = known.name !== name;
    known.name = name;
    if (this.#parts.isFollowed(id)) {
      if (isRenamed) this.#parts.renamed(id, name);
      return;
    }
    // What did not run may have run unseen.
    const isOpen = known.idle !== undefined || !known.isSettled || isRenamed;
    if (isOpen) this.#consider(id, known, { hasRun: running });
  }

  /** Before it is known whether it is to be followed: there may be no time for that later. */
  #starting(id: string, known: Known): void {
    const { isOn, isFollowed, headStart } = this.#parts;
    const isUnwanted = known.isSettled && known.idle === undefined;
    if (!isOn || isUnwanted || known.isRefused || isFollowed(id)) return;
    if (known.idle === undefined) known.headStart ??= headStart(id);
    this.#consider(id, known, { startedBy: Infinity });
  }

  #consider(id: string, known: Known, sign: Sign = {}): void {
    const { tasks, isOn } = this.#parts;
    if (!isOn || tasks.signal.aborted) return;
    const before = known.work;
    this.#pending++;
    known.work = tasks
      .run("discovery", async (signal) => {
        await before;
        await this.#persist(id, known, sign, signal);
        // Whoever it was asked for has decided.
        if (sign.startedBy !== undefined) this.#takeHeadStart(known)?.cancel();
      })
      .then(
        () => {
          if (--this.#pending === 0) this.#parts.settled();
        },
        () => {
          // Only the end of the pool ends it otherwise.
        },
      );
  }

  async #persist(id: string, known: Known, sign: Sign, signal: AbortSignal): Promise<void> {
    const { skipped } = this.#parts;
    const backoff = new Backoff(RETRY);
    for (;;) {
      try {
        await this.#decide(id, known, sign, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        const failure = asFailure(error, id);
        const isGone = failure.code === "CONTAINER_NOT_FOUND";
        if (!isGone && failure.transient) {
          await sleep(backoff.next().delayMs, signal);
          continue;
        }
        known.isSettled = true;
        if (isGone) this.#known.delete(id);
        // One that never started has left nothing.
        if (!isGone || sign.hasRun === true) skipped(this.#infoOf(id, known), failure);
        return;
      }
    }
  }

  async #decide(
    id: string,
    known: Known,
    { startedBy, hasRun = false, isCreated = false }: Sign,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, isFollowed, found, selects } = this.#parts;
    if (known.isRefused || isFollowed(id)) return;
    const { idle } = known;
    if (idle !== undefined && startedBy !== undefined) {
      known.idle = undefined;
      // It may be gone before it could be looked at.
      const inspection = { ...idle, running: true, startedAt: undefined };
      const headStart = this.#takeHeadStart(known);
      const { start, isResumed } = known.place ?? FROM_ITS_START;
      found({ inspection, start, isResumed, startedBy, isUrgent: true, headStart });
      return;
    }
    const now = startedBy !== undefined || isCreated;
    const nameBefore = known.name;
    const inspection = await client.inspect(id, signal, { now });
    const { info, createdAt, running, removing } = inspection;
    known.info = info;
    // Its log is gone for who asks now, and not for who asked in time.
    if (removing && known.headStart === undefined) throw notFound(info);
    await this.#parts.ready();
    known.createdAt = createdAt;
    known.isSettled = true;
    known.idle = undefined;
    if (isFollowed(id) || !selects(info)) return;
    checkReadable(info);
    // What was created before this pool's eyes was never read.
    const isUnread = known.isNew;
    if (this.#parts.isNew(inspection)) known.isNew = true;
    known.place ??= isUnread
      ? FROM_ITS_START
      : await this.#parts.locate(inspection, known.isNew, signal);
    if (known.isRefused) return;
    const { start, isResumed } = known.place;
    const newSince = this.#parts.newSince();
    // One that was read before may have been left in the middle of its log.
    const hasRunUnseen =
      idle === undefined
        ? hasRun || isResumed || hasStartedSince(known.isNew ? -Infinity : newSince, inspection)
        : idle.startedAt !== inspection.startedAt;
    const isUrgent = known.isNew || startedBy !== undefined;
    const headStart = start.position === LOG_START ? this.#takeHeadStart(known) : undefined;
    // A rename that the events told of since is not in the answer.
    const isRenamed = known.name !== nameBefore;
    const seen = isRenamed ? { ...inspection, info: named(info, known.name) } : inspection;
    const finding = { inspection: seen, start, isResumed, startedBy, isUrgent };
    if (headStart !== undefined) {
      const starting = { ...seen, running: true, removing: false };
      found({ ...finding, inspection: starting, startedBy: startedBy ?? Infinity, headStart });
    } else if (running || hasRunUnseen) found(finding);
    else {
      known.idle = seen;
      this.#parts.waits(id, start);
    }
  }

  #takeHeadStart(known: Known): HeadStart | undefined {
    const { headStart } = known;
    known.headStart = undefined;
    return headStart;
  }

  #infoOf(id: string, { info, name }: Known): ContainerInfo {
    const { engineName: engine } = this.#parts;
    return info ?? { id, name, image: "", labels: {}, tty: false, logDriver: "", engine };
  }
}

/** Docker says "0001-01-01T00:00:00Z" of a container that never started. */
function hasStartedSince(time: number, { startedAt }: Inspection): boolean {
  if (startedAt === undefined || startedAt.startsWith("0001-")) return false;
  return Date.parse(startedAt) > time;
}

function named(info: ContainerInfo, name: string): ContainerInfo {
  return Object.freeze({ ...info, name });
}
