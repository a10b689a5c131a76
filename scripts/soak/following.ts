import { StreamPool } from "../../src/index.ts";
import type { ContainerLogSource, PoolOptions, PoolStatus } from "../../src/index.ts";
import type { Member } from "./fleet.ts";
import type { Journal } from "./journal.ts";

/** The pool of a soak, and what comes of it: counted, and its digests in the journal. */
export class SoakFollowing {
  readonly pool: StreamPool;
  readonly done: Promise<void>;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #journal: Journal;
  readonly #sources = new Map<string, ContainerLogSource>();
  readonly #counts = new Map<string, number>();
  #total = 0;
  #failure: unknown;

  /** `unexpected` is told what should not happen. */
  constructor(
    options: PoolOptions,
    members: readonly Member[],
    journal: Journal,
    unexpected: (container: string, what: string) => void,
  ) {
    this.#members = new Map(members.map((member) => [member.id, member]));
    this.#journal = journal;
    this.pool = new StreamPool(options);
    this.pool.on("status", (status) => {
      if (status.type === "attached") this.#attached(status.container.id);
      const what = unexpectedOf(status);
      if (what !== undefined && "container" in status) unexpected(status.container.name, what);
    });
    this.done = this.#collect();
    // Whoever awaits it still gets the rejection.
    this.done.catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Lines that have come, of all containers. */
  get total(): number {
    return this.#total;
  }

  /** Why nothing more comes; undefined while all is well. */
  readonly failure = (): unknown => this.#failure;

  readonly count = (id: string): number => this.#counts.get(id) ?? 0;

  /** Each container's log was read to its end, and all of it is here. */
  isAtEnd(): boolean {
    return [...this.#members.keys()].every((id) => {
      const stats = this.#sources.get(id)?.stats;
      if (stats?.state !== "stopped" && stats?.state !== "ended") return false;
      return this.count(id) >= stats.lines;
    });
  }

  #attached(id: string): void {
    const source = this.pool.sources.get(id);
    if (source !== undefined) this.#sources.set(id, source);
  }

  async #collect(): Promise<void> {
    for await (const batch of this.pool.batches()) {
      const id = batch[0]?.container.id ?? "";
      const member = this.#members.get(id);
      if (member === undefined)
        throw new Error(`A batch of a container that is none of ours: ${id}`);
      for (const record of batch) this.#journal.add(member.index, record);
      this.#counts.set(id, this.count(id) + batch.length);
      this.#total += batch.length;
    }
  }
}

function unexpectedOf(status: PoolStatus): string | undefined {
  if (status.type === "detached" && status.reason.kind !== "closed")
    return `detached: ${status.reason.kind}`;
  if (status.type === "skipped") return `skipped: ${status.error.message}`;
  if (status.type !== "source") return undefined;
  switch (status.status.type) {
    case "gap":
      return `gap after ${status.status.after}`;
    case "rotation-failed":
      return `rotation failed: ${status.status.error.message}`;
    case "engine-error":
      return `engine's error: ${status.status.message}`;
    case "stalled":
      return `stalled for ${status.status.silentMs} ms`;
    case "truncated":
      return "truncated";
    default:
      return undefined;
  }
}
