import type { Inspection } from "../engine/inspection.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { beingRemoved } from "./failures.ts";
import type { SourceStatus } from "../source/status.ts";

/** What is known of the container from one look to the next. */
export class ContainerState {
  readonly #emit: (status: SourceStatus) => void;
  #info: ContainerInfo | undefined;
  #startedAt: string | undefined;
  /** A start that an event told of: the one with this time or shortly before. */
  #startedBy = -Infinity;
  #isKnownToRun = false;
  #isStopped = false;
  /** The start of the latest run that was read to its end. */
  #readUntil: string | undefined;

  #looksWhileRemoved = 0;

  /** All that the latest run left was read, so that nothing can go with the container. */
  isReadToEnd = false;

  constructor(emit: (status: SourceStatus) => void) {
    this.#emit = emit;
  }

  /** One object as long as nothing of it changes. */
  get info(): ContainerInfo | undefined {
    return this.#info;
  }

  /** When it last started, where that is known; by an event, a moment later. */
  get startedAt(): string | undefined {
    if (this.#startedAt !== undefined || !Number.isFinite(this.#startedBy)) return this.#startedAt;
    return new Date(Math.ceil(this.#startedBy)).toISOString();
  }

  /** How often in a row it was seen while the engine removes it. */
  get looksWhileRemoved(): number {
    return this.#looksWhileRemoved;
  }

  /** It is stopped, and its log was read to the end. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The engine's events tell of a new name before anybody looks. */
  renamed(name: string): void {
    const before = this.#info;
    if (before === undefined || before.name === name) return;
    this.#info = Object.freeze({ ...before, name });
    this.#emit({ type: "renamed", from: before.name, to: name });
  }

  /** @throws DockspoolError, transient, where the container is being removed */
  looked({ info, removing, startedAt }: Inspection): ContainerInfo {
    const before = this.#info;
    const isRenamed = before !== undefined && before.name !== info.name;
    this.#info = before === undefined || isRenamed ? info : before;
    if (isRenamed) this.#emit({ type: "renamed", from: before.name, to: info.name });
    if (startedAt !== this.#readUntil) this.isReadToEnd = false;
    // It ran, and perhaps ended, unseen.
    if (this.#isStopped && startedAt !== this.#readUntil) this.runs(startedAt);
    this.#looksWhileRemoved = removing ? this.#looksWhileRemoved + 1 : 0;
    if (removing) throw beingRemoved(info);
    return this.#info;
  }

  /** It runs, since `startedAt`. True where it has started again since the last look. */
  runs(startedAt: string | undefined): boolean {
    if (startedAt === this.#startedAt && !this.#isStopped) return false;
    const isSeen = startedAt !== undefined && Date.parse(startedAt) <= this.#startedBy;
    const isRestart = this.#isStopped || (this.#isKnownToRun && !isSeen);
    this.#startedAt = startedAt;
    this.#startedBy = -Infinity;
    if (isRestart) this.#restarted();
    this.#isKnownToRun = true;
    return isRestart;
  }

  /** It has started, by an event of this time (epoch milliseconds). */
  started(by: number): void {
    this.begins(by);
    this.#restarted();
  }

  /** Likewise, before anything was read; Infinity where it is about to start. */
  begins(by: number): void {
    this.#startedAt = undefined;
    this.#startedBy = by;
    this.#isKnownToRun = true;
  }

  /** The start that was about to come has come. */
  startsBy(by: number): void {
    if (this.#startedBy === Infinity) this.#startedBy = by;
  }

  #restarted(): void {
    this.#isStopped = false;
    this.isReadToEnd = false;
    this.#emit({ type: "restarted" });
  }

  /** It stopped after its start at `startedAt`, and all of its log was read. */
  stopped(startedAt: string | undefined): void {
    this.#readUntil = startedAt;
    this.isReadToEnd = true;
    this.#isStopped = true;
    this.#emit({ type: "stopped" });
  }
}
