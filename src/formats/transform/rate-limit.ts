import { checkFunction, checkKeys, checkNumber } from "../../checks.ts";
import type { Sink } from "../../delivery/sink.ts";
import { invalidOption } from "../../errors.ts";
import type { ContainerInfo, LogBatch } from "../../wire/records.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Lines of one container that a rate limit has dropped from one batch. */
export interface DroppedLines {
  readonly container: ContainerInfo;
  readonly lines: number;
  /** Dropped by this rate limit so far, of all containers. */
  readonly total: number;
}

export interface RateLimitOptions {
  /** Lines that are handed on in a second, on average. */
  linesPerSecond: number;
  /** So many lines may come at once after a pause. Default: `linesPerSecond`. */
  burst?: number;
  /** Whether each container has a limit of its own (default), or all share one. */
  per?: "container" | "all";
  /** Told of each loss, before the rest of its batch is handed on. */
  onDropped: (dropped: DroppedLines) => void;
}

const MAX_RATE = 1e9;

/**
 * A sink that drops what is more than so many lines a second, and hands on the others. **Dropped lines are lost**: they count as
 * delivered. Give each `deliver` a rate limit of its own.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * rateLimit({ linesPerSecond: 1_000, onDropped: ({ container, lines }) => lost.inc({ name: container.name }, lines) }, sink);
 */
export function rateLimit(options: RateLimitOptions, sink: Sink): Sink {
  checkFunction("sink", sink);
  const limit = new RateLimit(options);
  return (records, { signal, attempt }) => {
    const kept = limit.pass(records, attempt);
    return kept.length === 0 ? undefined : sink(kept, { signal, attempt });
  };
}

class RateLimit {
  readonly #options: Required<RateLimitOptions>;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Full buckets are looked for when there are so many. */
  #most = 1_000;
  /** Which records of the current batch are handed on: a second attempt is at the same ones. */
  #passed: readonly boolean[] = [];
  #total = 0;

  constructor(options: RateLimitOptions) {
    checkKeys("", options, ["linesPerSecond", "burst", "per", "onDropped"]);
    const { linesPerSecond, burst = linesPerSecond, per = "container", onDropped } = options;
    checkNumber("linesPerSecond", linesPerSecond, 1, MAX_RATE, "lines");
    checkNumber("burst", burst, 1, MAX_RATE, "lines");
    checkFunction("onDropped", onDropped);
    if (per !== "container" && per !== "all")
      throw invalidOption("per", per, '"container" or "all"');
    this.#options = { linesPerSecond, burst, per, onDropped };
  }

  pass(records: LogBatch, attempt: number): LogBatch {
    if (attempt === 1 || this.#passed.length !== records.length) this.#decide(records);
    return records.filter((_, index) => this.#passed[index]);
  }

  #decide(records: LogBatch): void {
    const { per, onDropped } = this.#options;
    const now = performance.now();
    this.#passed = records.map(({ container }) =>
      this.#bucket(per === "all" ? "" : container.id, now).take(now),
    );
    const dropped = new Map<ContainerInfo, number>();
    for (const [index, { container }] of records.entries())
      if (this.#passed[index] === false) dropped.set(container, (dropped.get(container) ?? 0) + 1);
    for (const [container, lines] of dropped) {
      this.#total += lines;
      onDropped({ container, lines, total: this.#total });
    }
  }

  #bucket(key: string, now: number): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#most) this.#forget(now);
    const { linesPerSecond, burst } = this.#options;
    const bucket = new TokenBucket(linesPerSecond, burst, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Of containers that are quiet, or gone. */
  #forget(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
    this.#most = Math.max(1_000, this.#buckets.size * 2);
  }
}
