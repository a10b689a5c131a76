import { hash } from "node:crypto";
import type { TaskLine } from "../wire/task-lines.ts";
import { epochNanoseconds } from "../wire/timestamps.ts";

/** A log is read again from so long before its newest line: tasks' lines come late, and in no order. */
const OVERLAP_MS = 10_000;
const OVERLAP_NS = BigInt(OVERLAP_MS) * 1_000_000n;
/** So many lines are known again, at most. */
const KEPT = 50_000;

interface Known {
  readonly at: bigint;
  readonly key: string;
}

/** Leaves out what was delivered before where a service's log is read again. */
export class ServiceOverlap {
  /** Delivered within the overlap, oldest first. */
  #known: Known[] = [];
  /** How often each of them is to come again. */
  #expected = new Map<string, number>();
  #newest: bigint | undefined;

  /** From when on the log is to be read again, in nanoseconds since 1970; undefined where nothing has come. */
  get since(): bigint | undefined {
    return this.#newest === undefined ? undefined : this.#newest - OVERLAP_NS;
  }

  /** The log is read again. */
  reopened(): void {
    this.#expected = new Map();
    for (const { key } of this.#known) this.#expected.set(key, (this.#expected.get(key) ?? 0) + 1);
  }

  /** True for a line that was not delivered before. */
  isNew(line: TaskLine): boolean {
    const key = keyOf(line);
    const expected = this.#expected.get(key) ?? 0;
    if (expected > 0) {
      this.#expected.set(key, expected - 1);
      return false;
    }
    const at = epochNanoseconds(line.timestamp);
    this.#known.push({ at, key });
    if (this.#newest === undefined || at > this.#newest) this.#newest = at;
    if (this.#known.length >= 2 * KEPT) this.#forget();
    return true;
  }

  /** What is older than the overlap does not come again. */
  #forget(): void {
    const since = this.since ?? 0n;
    this.#known = this.#known.filter(({ at }) => at >= since).slice(-KEPT);
  }
}

function keyOf({ task, stream, timestamp, line }: TaskLine): string {
  return hash("sha1", `${task} ${stream} ${timestamp} ${line}`, "base64");
}
