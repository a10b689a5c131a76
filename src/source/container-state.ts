import type { Inspection } from "../engine/inspection.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { beingRemoved } from "./failures.ts";
import type { SourceStatus } from "./status.ts";

/** What is known of the container from one look to the next. */
export class ContainerState {
  readonly #emit: (status: SourceStatus) => void;
  #info: ContainerInfo | undefined;
  #startedAt: string | undefined;
  #isStopped = false;
  /** The start of the latest run that was read to its end. */
  #readUntil: string | undefined;

  /** All that the latest run left was read, so that nothing can go with the container. */
  isReadToEnd = false;

  constructor(emit: (status: SourceStatus) => void) {
    this.#emit = emit;
  }

  /** One object as long as nothing of it changes. */
  get info(): ContainerInfo | undefined {
    return this.#info;
  }

  /** When it last started, where that is known. */
  get startedAt(): string | undefined {
    return this.#startedAt;
  }

  /** It is stopped, and its log was read to the end. */
  get isStopped(): boolean {
    return this.#isStopped;
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
    if (removing) throw beingRemoved(info);
    return this.#info;
  }

  /** It runs, since `startedAt` where that is known. True where it has started again since the last look. */
  runs(startedAt: string | undefined): boolean {
    if (startedAt === this.#startedAt && !this.#isStopped) return false;
    const isRestart = this.#isStopped || this.#startedAt !== undefined;
    this.#startedAt = startedAt;
    this.#isStopped = false;
    this.isReadToEnd = false;
    if (isRestart) this.#emit({ type: "restarted" });
    return isRestart;
  }

  /** It stopped after its start at `startedAt`, and all of its log was read. */
  stopped(startedAt: string | undefined): void {
    this.#readUntil = startedAt;
    this.isReadToEnd = true;
    this.#isStopped = true;
    this.#emit({ type: "stopped" });
  }
}
