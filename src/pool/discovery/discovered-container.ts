import type { Inspection } from "../../engine/inspection.ts";
import type { DockspoolError } from "../../errors.ts";
import type { Start } from "../../lines/line-options.ts";
import type { HeadStart } from "../../source/host.ts";
import type { ContainerInfo } from "../../wire/records.ts";
import type { PoolSourceOptions } from "../options.ts";
import { publishDiscovery } from "./channels.ts";
import type { Moment } from "./moment.ts";
import { steadyNow } from "../../lifetime/steady-clock.ts";

/** Where reading begins. */
export interface Place {
  readonly start: Start;
  /** Another process, or another source, left off there. */
  readonly isResumed: boolean;
}

/** Why a container is looked at. */
export interface Reason {
  /** An event of this time (epoch milliseconds, the engine's clock) tells that it has started; Infinity: it is about to. */
  readonly startedBy?: number;
  /** It runs, or did a moment ago. */
  readonly hasRun?: boolean;
  /** It was created this moment. */
  readonly isCreated?: boolean;
  /** Another name may mean that it is wanted. */
  readonly isRenamed?: boolean;
  /** It was skipped, and only another run makes it worth another try. */
  readonly isCheck?: boolean;
}

/** It is known by its id. */
interface Found {
  readonly kind: "found";
}

/** The engine is asked what it is, and where reading begins. */
export interface Looking {
  readonly kind: "looking";
  readonly before: Found | Unwanted | Idle | Skipped | Failed;
  /** Ends the look. */
  readonly stop: AbortController;
  /** Its stream, asked for while it is being started. */
  readonly headStart: HeadStart | undefined;
  /** Why the last attempt failed, which is tried again. */
  readonly error: DockspoolError | undefined;
}

/** It is not selected; another name may change that. */
interface Unwanted {
  readonly kind: "unwanted";
}

/** It is followed once it starts. */
interface Idle {
  readonly kind: "idle";
  /** As it was when it did not run. */
  readonly inspection: Inspection;
  /** It is being started. */
  readonly headStart: HeadStart | undefined;
}

/** The pool has a source of it. */
interface Followed {
  readonly kind: "followed";
  /** How often following it has failed in a row. */
  readonly failures: number;
  /** What its source begins with. */
  readonly headStart: HeadStart | undefined;
  /** It was skipped before. */
  readonly skipped?: Skipped | undefined;
}

/** Its log can't be read, or an option's function failed for it: another run is tried anew. */
export interface Skipped {
  readonly kind: "skipped";
  readonly error: DockspoolError;
  readonly startedAt: string | undefined;
  /** When it is looked at whether there was another run that nobody told of, by `performance.now()`. */
  readonly checkAt: number;
}

/** Following it has failed, or finding out where to begin: that is tried again after a while. */
interface Failed {
  readonly kind: "failed";
  readonly error: DockspoolError;
  /** By `steadyNow()`. */
  readonly since: number;
  readonly failures: number;
  /** Ends the wait. */
  readonly stop: AbortController;
}

/** The caller wants it left alone, whatever happens to it. */
interface Refused {
  readonly kind: "refused";
}

/** The engine has it no more. */
interface Gone {
  readonly kind: "gone";
}

export type DiscoveryState =
  | Found
  | Looking
  | Unwanted
  | Idle
  | Followed
  | Skipped
  | Failed
  | Refused
  | Gone;
export type DiscoveryKind = DiscoveryState["kind"];

/** From each state to those that it may come to. `attach()` follows, and `detach()` refuses, whatever is known. */
export const DISCOVERY_TRANSITIONS: Readonly<Record<DiscoveryKind, readonly DiscoveryKind[]>> = {
  found: ["looking", "followed"],
  looking: ["unwanted", "idle", "followed", "skipped", "failed", "refused", "gone"],
  unwanted: ["looking", "followed", "refused", "gone"],
  idle: ["looking", "followed", "refused", "gone"],
  followed: ["refused", "skipped", "failed", "gone"],
  skipped: ["looking", "followed", "refused", "gone"],
  failed: ["looking", "followed", "refused", "gone"],
  refused: ["followed", "gone"],
  gone: [],
};

/** One for all: an error of its own would be made for each. */
const SETTLED = new Error("it is settled what becomes of the container");

/** A container that an engine of the pool has, and what becomes of it. */
export class DiscoveredContainer {
  readonly id: string;
  name: string;
  /** Created since the pool began, or since the engine was last looked at. */
  isNew: boolean;
  /** Its removal was told of, or a list did not show it. */
  isRemoved = false;
  /** Undefined until it was looked at. */
  info: ContainerInfo | undefined;
  /** As it was looked at last, in UTC. */
  startedAt: string | undefined;
  /** Where reading begins or goes on, once that is known. */
  place: Place | undefined;
  /** The caller wanted one of this name to be left alone then: it is, where it was there before. */
  refusedAt: Moment | undefined;
  /** How often something has happened to it, and how often by the time at which the look began that was answered last. */
  happened = 0;
  happenedBefore = 0;
  /** The caller has attached it, with these options: it is followed whatever is selected. */
  attachedWith: PoolSourceOptions | undefined;
  #state: DiscoveryState = { kind: "found" };
  #since = steadyNow();
  #reason: Reason | undefined;
  readonly #changed: (container: DiscoveredContainer) => void;

  constructor(
    id: string,
    name: string,
    isNew: boolean,
    changed: (container: DiscoveredContainer) => void,
  ) {
    this.id = id;
    this.name = name;
    this.isNew = isNew;
    this.#changed = changed;
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  /** Since when it is in a state of this kind, by `steadyNow()`. */
  get since(): number {
    return this.#since;
  }

  /** The one place where its state changes. Ends what the state before had under way. */
  become(next: DiscoveryState): void {
    const before = this.#state;
    this.#state = next;
    if (!isWaiting(next)) this.#reason = undefined;
    if (before.kind !== next.kind) {
      this.#since = steadyNow();
      publishDiscovery(this, before, next);
    }
    const stop = stopOf(before);
    if (stop !== stopOf(next)) stop?.abort(SETTLED);
    const headStart = headStartOf(before);
    if (headStart !== headStartOf(next)) headStart?.cancel();
    this.#changed(this);
  }

  /** It is to be looked at, for this reason too. */
  ask(reason: Reason): void {
    this.#reason = merged(this.#reason, reason);
  }

  /** It is to be looked at again. */
  get isAsked(): boolean {
    return this.#reason !== undefined;
  }

  /** Why it is looked at now; undefined where there is no reason left. */
  takeReason(): Reason | undefined {
    const reason = this.#reason;
    this.#reason = undefined;
    return reason;
  }

  /** What was found is not dealt with yet. */
  get isOpen(): boolean {
    const { kind } = this.#state;
    const isUnplaced = kind === "failed" && this.place === undefined;
    return kind === "looking" || isUnplaced || this.#reason !== undefined;
  }
}

/** What happens to it is a reason to look. */
export function isWaiting(state: DiscoveryState): state is Looking | Looking["before"] {
  return !["followed", "refused", "gone"].includes(state.kind);
}

function stopOf(state: DiscoveryState): AbortController | undefined {
  return state.kind === "looking" || state.kind === "failed" ? state.stop : undefined;
}

function headStartOf(state: DiscoveryState): HeadStart | undefined {
  return "headStart" in state ? state.headStart : undefined;
}

function merged(one: Reason = {}, other: Reason): Reason {
  const starts = [one.startedBy, other.startedBy].filter((time) => time !== undefined);
  const known = starts.filter(Number.isFinite);
  const { isCheck: isOneCheck = true } = one;
  return {
    ...one,
    ...other,
    isCheck: isOneCheck && other.isCheck === true,
    ...(starts.length === 0 ? {} : { startedBy: known.length > 0 ? Math.max(...known) : Infinity }),
    hasRun: one.hasRun === true || other.hasRun === true,
    isCreated: one.isCreated === true || other.isCreated === true,
    isRenamed: one.isRenamed === true || other.isRenamed === true,
  };
}
