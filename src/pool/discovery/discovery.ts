import type { ContainerEvent } from "../../engine/events.ts";
import { hasStarted } from "../../engine/inspection.ts";
import type { Inspection } from "../../engine/inspection.ts";
import type { Listed } from "../../engine/list.ts";
import type { Position } from "../../resume/position.ts";
import type { EndReason } from "../../source/status.ts";
import type { PoolSourceOptions } from "../options.ts";
import type { UnsettledContainer } from "../health/discovery-health.ts";
import { Departed } from "./departed.ts";
import { DiscoveredContainer } from "./discovered-container.ts";
import type { Place } from "./discovered-container.ts";
import { Looks, wasTold } from "./looks.ts";
import type { LooksParts } from "./looks.ts";
import { Refusals } from "./refusals.ts";

export interface DiscoveryParts extends LooksParts {
  /** Nothing that was found waits to be dealt with. */
  readonly settled: () => void;
  /** A list shows a container that is followed. True where its source knew better, or was not told. */
  readonly listed: (container: Listed) => boolean;
  /** A list does not show a container that is followed. */
  readonly missing: (id: string) => void;
}

/** How the source of a container ended. */
export interface Ending {
  readonly reason: EndReason;
  /** Behind the last line read; undefined where there was none. */
  readonly position: Position | undefined;
}

/** Finds an engine's containers: lists them, and goes by the engine's events in between. */
export class Discovery {
  readonly #parts: DiscoveryParts;
  readonly #containers = new Map<string, DiscoveredContainer>();
  /** Those that are not dealt with. */
  readonly #open = new Set<DiscoveredContainer>();
  readonly #refusals: Refusals;
  /** What was there before the pool. */
  readonly #old = new Set<string>();
  readonly #looks: Looks;
  readonly #departed = new Departed();
  #hasLooked = false;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#refusals = new Refusals(parts.client);
    this.#looks = new Looks({
      ...parts,
      skipped: (container, error) => {
        if (error.code === "CONTAINER_NOT_FOUND") this.#departed.add(container.id);
        parts.skipped(container, error);
      },
    });
  }

  /**
   * Lists what there is, and deals with what was not known. Resolves with those containers of which events should have told.
   *
   * @throws DockspoolError
   */
  async look(signal: AbortSignal): Promise<string[]> {
    const { client, isOn } = this.#parts;
    if (!isOn) return [];
    // What the events tell of meanwhile need not be in the list.
    const before = [...this.#containers.values()];
    const departed = this.#departed.ids;
    const removed = new Set(before.filter(({ isRemoved }) => isRemoved).map(({ id }) => id));
    const refused = this.#refusals.containers;
    const listed = await client.list(signal, { all: true });
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    if (isFirst) for (const { id } of listed) this.#old.add(id);
    const there = new Set(listed.map(({ id }) => id));
    // Whoever told that they are gone was wrong.
    for (const one of before) if (removed.has(one.id) && there.has(one.id)) one.isRemoved = false;
    const missing = before.filter((one) => !there.has(one.id) && this.#isMissed(one));
    const oldestFirst = listed.toReversed();
    const inTurn = [
      ...oldestFirst.filter(({ running }) => running),
      ...oldestFirst.filter(({ running }) => !running),
    ];
    // One that has gone since the list was asked for may be in it; what is there though it was gone before has come back.
    const isGone = ({ id }: Listed): boolean => this.#departed.has(id) && !departed.has(id);
    const untold = inTurn.filter((one) => !isGone(one) && this.#listed(one, isFirst));
    this.#refusals.forget(refused);
    return [...missing, ...untold].map(({ id }) => id);
  }

  event({ container: id, action, name, at }: ContainerEvent): void {
    const known = this.#containers.get(id);
    const { isOn, tasks } = this.#parts;
    if (tasks.signal.aborted || (known === undefined && !isOn)) return;
    if (known === undefined && action !== "destroy" && this.#departed.has(id)) return;
    if (known !== undefined && action !== "create" && action !== "starting") known.happened++;
    switch (action) {
      case "create":
        this.#created(known ?? this.#add(id, name, true));
        break;
      case "starting":
        if (known !== undefined) this.#starting(known);
        break;
      case "start":
        // Before the first look it may have been there for long.
        this.#looks.at(known ?? this.#add(id, name, this.#hasLooked), {
          startedBy: at,
          hasRun: true,
        });
        break;
      case "rename":
        if (known === undefined || name === "") break;
        known.name = name;
        this.#looks.at(known, { isRenamed: true });
        break;
      case "destroy":
        if (known !== undefined) this.#removed(known);
        else this.#parts.gone(id);
        break;
      default:
    }
  }

  /** Created since the pool began, as far as one can tell. @throws DockspoolError; the signal's reason */
  async isNew(inspection: Inspection, signal: AbortSignal): Promise<boolean> {
    const known = this.#containers.get(inspection.info.id);
    return known?.isNew === true || this.#parts.isNew(inspection, signal);
  }

  /** Containers of which it is not settled, or not to the good, what becomes of them. */
  get unsettled(): UnsettledContainer[] {
    const unsettled: UnsettledContainer[] = [];
    for (const { id, name, since, state, attachedWith } of this.#containers.values()) {
      // Another look does not mend what the one before it came to.
      const told = state.kind === "looking" && "error" in state.before ? state.before : state;
      const { kind } = told;
      if (kind !== "looking" && kind !== "failed" && kind !== "skipped") continue;
      unsettled.push({
        name: name === "" ? id : name,
        kind,
        since,
        error: told.error,
        isAttached: attachedWith !== undefined,
      });
    }
    return unsettled;
  }

  /** The pool has a source of it, or waits for its lease. */
  isFollowed(id: string): boolean {
    return this.#containers.get(id)?.state.kind === "followed";
  }

  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  /** All that was found is dealt with. */
  get isSettled(): boolean {
    return this.#open.size === 0;
  }

  get containers(): Iterable<DiscoveredContainer> {
    return this.#containers.values();
  }

  /**
   * Containers that were looked at, and need not be read from their start by the next process, whether it finds a checkpoint of
   * theirs or not; undefined where none are looked for.
   */
  knownContainers(): string[] | undefined {
    if (!this.#parts.isOn) return undefined;
    return [...this.#containers.values()].filter(isLookedAt).map(({ id }) => id);
  }

  /** Leaves a container alone from now on: by id, unambiguous prefix of it, or name. */
  refuse(container: string): void {
    const known = this.#find(container);
    if (known === undefined) {
      if (this.#parts.isOn) this.#refusals.add(container);
      return;
    }
    known.attachedWith = undefined;
    if (known.state.kind !== "refused") known.become({ kind: "refused" });
  }

  /** The caller wants it to be followed, whatever is selected: the pool has a source of it now. */
  attached({ info, startedAt }: Inspection, place: Place, options: PoolSourceOptions): void {
    this.#refusals.forget([info.id, info.name]);
    const known = this.#containers.get(info.id) ?? this.#add(info.id, info.name, false);
    if (known.state.kind === "followed") return;
    known.attachedWith = options;
    known.refusedAt = undefined;
    known.info = info;
    known.startedAt = startedAt;
    known.place = place;
    known.become({ kind: "followed", failures: 0, headStart: undefined });
  }

  /** The source of a container has ended. True where the same was told of it before. */
  ended(id: string, { reason, position }: Ending): boolean {
    const known = this.#containers.get(id);
    if (known === undefined) return false;
    const { state } = known;
    if (position !== undefined) known.place = { start: { position }, isResumed: true };
    if (reason.kind === "removed") {
      this.#departed.add(id);
      known.become({ kind: "gone" });
    } else if (reason.kind !== "failed") this.refuse(id);
    else if (state.kind === "followed") {
      // A source that has read something got behind whatever the one before it failed at, and one that lost its lease has not failed.
      const isStuck = position === undefined && reason.error.code !== "CLOSED";
      this.#looks.failed(known, reason.error, isStuck ? state.failures : 0);
      return state.skipped !== undefined && wasTold(state.skipped, reason.error);
    }
    return false;
  }

  #find(container: string): DiscoveredContainer | undefined {
    const all = [...this.#containers.values()];
    const known = this.#containers.get(container) ?? all.find(({ name }) => name === container);
    if (known !== undefined) return known;
    const found = all.filter(({ id }) => id.startsWith(container));
    return found.length === 1 ? found[0] : undefined;
  }

  #add(id: string, name: string, isNew: boolean): DiscoveredContainer {
    const container = new DiscoveredContainer(id, name, isNew, () => this.#changed(container));
    this.#containers.set(id, container);
    container.refusedAt = this.#refusals.take(id, name);
    container.place = this.#departed.comesBack(id);
    return container;
  }

  #changed(container: DiscoveredContainer): void {
    const { id, state, place } = container;
    if (state.kind === "gone") {
      this.#containers.delete(id);
      if (place !== undefined) this.#departed.left(id, place);
    }
    const wasSettled = this.isSettled;
    if (container.isOpen) this.#open.add(container);
    else this.#open.delete(container);
    if (this.isSettled && !wasSettled) this.#parts.settled();
  }

  /** True where an event should have told of it. */
  #listed(listed: Listed, isFirst: boolean): boolean {
    const { id, name, running } = listed;
    const found = this.#containers.get(id);
    const isBack = this.#departed.has(id);
    const known = found ?? this.#add(id, name, !isFirst && !this.#old.has(id));
    const isRenamed = known.name !== name;
    known.name = name;
    const { state } = known;
    if (state.kind === "followed") return this.#parts.listed(listed) || isRenamed;
    // What did not run may have run unseen.
    const isOpen = state.kind === "found" || state.kind === "idle" || isRenamed;
    const isCheck = state.kind === "skipped" && running && state.checkAt <= performance.now();
    if (isOpen) this.#looks.at(known, { hasRun: running, isRenamed });
    else if (isCheck) this.#looks.at(known, { isCheck: true });
    return found === undefined
      ? !isFirst && !isBack
      : isRenamed || (state.kind === "idle" && running);
  }

  /** A list does not show it. True where an event should have told of it. */
  #isMissed(container: DiscoveredContainer): boolean {
    const { id, state } = container;
    if (state.kind === "gone" || container.isRemoved) return false;
    this.#removed(container);
    if (state.kind === "followed") this.#parts.missing(id);
    return true;
  }

  #removed(container: DiscoveredContainer): void {
    container.isRemoved = true;
    const { kind } = container.state;
    // What is being found out, and what is read, comes to its own end.
    if (kind !== "followed" && kind !== "looking") this.#looks.gone(container);
  }

  #created(container: DiscoveredContainer): void {
    this.#looks.at(container, { isCreated: true });
    const { state } = container;
    // It may have run by the time at which the engine answers.
    if (this.#parts.readsFiles() && state.kind === "looking" && state.headStart === undefined)
      container.become({ ...state, headStart: this.#parts.headStart(container.id) });
  }

  /** Before it is known whether it is to be followed: there may be no time for that later. */
  #starting(container: DiscoveredContainer): void {
    const { headStart, readsFiles, tasks } = this.#parts;
    const { id, state } = container;
    const isOpen = state.kind === "found" || state.kind === "idle" || state.kind === "looking";
    if (!isOpen || tasks.signal.aborted) return;
    // The source of one that was looked at asks for its stream itself, at once.
    // Of one that has run the file is there.
    const isFirst = state.kind === "idle" && !hasStarted(state.inspection.startedAt);
    const info = state.kind === "idle" ? state.inspection.info : undefined;
    const isWanted = state.kind === "looking" || (isFirst && readsFiles(info));
    if (isWanted) container.become({ ...state, headStart: state.headStart ?? headStart(id, info) });
    if ("headStart" in container.state) container.state.headStart?.begin();
    this.#looks.at(container, { startedBy: Infinity });
  }
}

/** It need not be read from its start by whoever comes next. */
function isLookedAt({ info, isOpen, isNew, place }: DiscoveredContainer): boolean {
  return info !== undefined && !isOpen && (place === undefined || place.isResumed || !isNew);
}
