import { isDeepStrictEqual } from "node:util";
import type { ContainerHealth, Exit } from "../engine/condition.ts";
import type { ContainerEvent } from "../engine/events.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { ChangeWatch } from "./change-watch.ts";
import { Condition } from "./condition.ts";
import { beingRemoved } from "./failures.ts";
import type { ViewHost } from "./host.ts";
import { START_TOLD_MS, mayHaveRunAgain } from "./later-run.ts";
import { RunLog } from "./run-log.ts";
import { RunWatch } from "./run-watch.ts";

/** An engine may fail to remove a container, and call it "removing" for ever. */
const LOOKS_AT_REMOVAL = 10;

/** What the engine says of the container. */
export type Seen =
  /** It was not looked at, or may have changed since. */
  | { readonly type: "not known" }
  | { readonly type: "running"; readonly inspection: Inspection }
  | { readonly type: "standing still"; readonly inspection: Inspection }
  /** So many looks in a row have shown that the engine removes it. */
  | { readonly type: "being removed"; readonly looks: number }
  | { readonly type: "gone" };

export interface ViewEvents {
  /** There is another info of it, or the first one. */
  readonly known: (info: ContainerInfo) => void;
  readonly renamed: (from: string, to: string) => void;
  /** It has started again since its log was read; how the run before ended, where that is known. */
  readonly restarted: (exit: Exit | undefined) => void;
  readonly healthChanged: (health: ContainerHealth) => void;
}

/**
 * What is known of one container. Looks, the engine's events and a look at a bounded interval flow into it; it alone says
 * whether the container runs, since when, and whether it is gone.
 */
export class ContainerView {
  readonly runs: RunLog;
  readonly #condition: Condition;
  readonly #host: ViewHost;
  readonly #events: ViewEvents;
  readonly #given: string;
  readonly #watches = new Set<ChangeWatch>();
  #info: ContainerInfo | undefined;
  #seen: Seen = { type: "not known" };
  #changes = 0;
  #looksAtRemoval = 0;

  /** `given`: its id, the beginning of it, or its name. */
  constructor(given: string, host: ViewHost, events: ViewEvents) {
    this.#given = given;
    this.#host = host;
    this.#events = events;
    this.#condition = new Condition(events.healthChanged);
    this.runs = new RunLog(() => events.restarted(this.#condition.takeExit()));
  }

  /** One object as long as nothing of it changes; undefined until the first look. */
  get info(): ContainerInfo | undefined {
    return this.#info;
  }

  get health(): ContainerHealth | undefined {
    return this.#condition.health;
  }

  get seen(): Seen {
    return this.#seen;
  }

  /** What was seen last, while it is known not to have changed. */
  get unchanged(): Inspection | undefined {
    const seen = this.#seen;
    return seen.type === "running" || seen.type === "standing still" ? seen.inspection : undefined;
  }

  /** The engine says that it has no such container, or has failed to remove it for so long that its log is lost. */
  isGone(error: unknown): boolean {
    if (this.#info === undefined) return false;
    return (
      DockspoolError.is(error, "CONTAINER_NOT_FOUND") || this.#looksAtRemoval > LOOKS_AT_REMOVAL
    );
  }

  /**
   * Asks the engine. `first`: ahead of the questions of others.
   *
   * @throws DockspoolError as `EngineClient.inspect`, and a transient one while it is being removed; the signal's reason
   */
  async look(first: boolean, signal: AbortSignal): Promise<Inspection> {
    const { client, isWatching } = this.#host;
    const changes = this.#changes;
    const wasWatching = isWatching();
    this.#seen = { type: "not known" };
    const inspection = await this.#inspect(client.inspect(this.#id, signal, { first }));
    this.saw(inspection);
    if (!wasWatching || !isWatching() || changes !== this.#changes)
      this.#seen = { type: "not known" };
    return inspection;
  }

  /**
   * A look was answered, by whomever it was taken.
   *
   * @throws DockspoolError, transient, where the container is being removed
   */
  saw(inspection: Inspection): void {
    const { info, removing, running, startedAt } = inspection;
    const before = this.#info;
    const isRenamed = before !== undefined && before.name !== info.name;
    if (isRenamed || !isDeepStrictEqual(before?.details, info.details) || before === undefined)
      this.#knows(info);
    if (isRenamed) this.#events.renamed(before.name, info.name);
    this.runs.looked(startedAt);
    this.#condition.looked(inspection);
    this.#looksAtRemoval = removing ? this.#looksAtRemoval + 1 : 0;
    if (removing) {
      this.#seen = { type: "being removed", looks: this.#looksAtRemoval };
      throw beingRemoved(info);
    }
    this.#seen = { type: running ? "running" : "standing still", inspection };
  }

  /** The engine's events tell of it, before anybody looks. */
  happened(event: ContainerEvent): void {
    const { action, name, at } = event;
    this.changed();
    this.#condition.happened(event);
    if (action === "rename") this.renamed(name);
    if (action === "start") this.runs.startsBy(at);
  }

  /** It has this name, as a list shows it. */
  renamed(name: string): void {
    const before = this.#info;
    if (before === undefined || name === "" || before.name === name) return;
    this.#knows(Object.freeze({ ...before, name }));
    this.#events.renamed(before.name, name);
  }

  /** Something happened to the container, or may have. */
  changed(): void {
    this.#changes++;
    this.#seen = { type: "not known" };
    for (const watch of this.#watches) watch.lookNow();
  }

  /** Waits for the next change of one that stands still, from now on. To be closed. */
  watch(inspection: Inspection, signal: AbortSignal): ChangeWatch {
    const watch = new ChangeWatch(this.#host, inspection, signal, () => {
      this.#watches.delete(watch);
    });
    this.#watches.add(watch);
    return watch;
  }

  /** Tells when its run may have ended, where its stream does not. To be closed. */
  watchRun(id: string, mayHaveEnded: () => void, signal: AbortSignal): RunWatch {
    return new RunWatch(this.#host, id, mayHaveEnded, signal);
  }

  /** Whether it runs as it did at that look. @throws as `look`, but for one that is gone: that has not started again */
  async isUnchangedSince({ startedAt }: Inspection, signal: AbortSignal): Promise<boolean> {
    try {
      const now = await this.look(false, signal);
      return !now.running && now.startedAt === startedAt;
    } catch (error) {
      if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) return true;
      throw error;
    }
  }

  /**
   * Whether the log of a container that is gone was read to its end. `newest`: the latest time in what was read.
   *
   * @throws the signal's reason
   */
  async wasReadToEnd(newest: string | undefined, signal: AbortSignal): Promise<boolean> {
    const { state } = this.runs;
    if (state.type === "read" && !state.mayHaveRunSince) return true;
    const isRead = state.type === "read" || (state.type === "current" && state.isFollowedToEnd);
    if (!isRead || this.#info === undefined) return false;
    const { startTold } = this.runs;
    const finishedAt = state.type === "read" ? state.finishedAt : undefined;
    const last = finishedAt === undefined ? newest : toldBy(finishedAt);
    return !(await mayHaveRunAgain(this.#host.client, this.#info.id, startTold, last, signal));
  }

  #knows(info: ContainerInfo): void {
    this.#info = info;
    this.#events.known(info);
  }

  get #id(): string {
    return this.#info?.id ?? this.#given;
  }

  async #inspect(asked: Promise<Inspection>): Promise<Inspection> {
    try {
      return await asked;
    } catch (error) {
      if (this.isGone(error)) this.#seen = { type: "gone" };
      throw error;
    }
  }
}

/** The start of a run that was over at once is told behind its end. */
function toldBy(finishedAt: string): string {
  return new Date(Date.parse(finishedAt) + START_TOLD_MS).toISOString();
}
