import { Dispatch } from "../../src/delivery/dispatch.ts";
import type { DispatchHost } from "../../src/delivery/dispatch.ts";
import type { SuppliedBatch, Supply } from "../../src/delivery/supply.ts";
import type { Retry } from "../../src/delivery/retry.ts";
import type { DockspoolError } from "../../src/index.ts";
import { Batch } from "../../src/queue/batch.ts";
import type { Trail } from "../../src/resume/trail.ts";
import { LineRecord } from "../../src/wire/records.ts";

const info = {
  id: "ab".repeat(32),
  name: "web",
  image: "web:1",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

const timestamp = "2026-11-23T15:58:34.885847851Z";

export function recordOf(line: string): LineRecord {
  return recordAt(timestamp, line);
}

function recordAt(time: string, line: string): LineRecord {
  return new LineRecord(info, "stdout", time, line, false, Buffer.from(line), 0);
}

/** Lines as a reader puts them into its buffer; `log`: what was read before them, which goes on behind them. */
export function batchOf(
  log: Trail,
  lines: readonly string[],
  bytes: number,
  timeOf: (line: string) => string = () => timestamp,
): Batch {
  const before = log.clone();
  const entries = lines.map((line) => ({
    stream: "stdout" as const,
    timestamp: timeOf(line),
    text: Buffer.from(line),
    ended: true,
  }));
  log.add(entries);
  const records = lines.map((line) => recordAt(timeOf(line), line));
  const made = { records, ends: lines.map((_, index) => index + 1) };
  return new Batch(made, { entries, trail: log, before, bytes });
}

interface Arrival {
  /** Default now. */
  readonly at?: number;
  readonly isUrgent?: boolean;
}

/** What a test has "read", for a dispatch; and what the dispatch told its host. */
export class HandSupply implements Supply {
  readonly dispatch: Dispatch;
  readonly retries: Retry[] = [];
  readonly failures: DockspoolError[] = [];
  /** How many lines are delivered, from the first. */
  acknowledged = 0;
  saves = 0;
  #ended: Supply["ended"];
  readonly #batches: SuppliedBatch[] = [];
  #waiter = (): void => {};

  /** As with a source, one failure ends reading. */
  constructor(host: Partial<DispatchHost> = {}) {
    this.dispatch = new Dispatch(this, {
      signal: undefined,
      retrying: (retry) => void this.retries.push(retry),
      failed: (error) => {
        this.failures.push(error);
        this.end(error);
      },
      saved: async () => void this.saves++,
      ...host,
    });
  }

  /** Lines that come together. */
  brings(
    lines: readonly string[],
    { at = performance.now(), isUrgent = false }: Arrival = {},
  ): void {
    const acknowledge = (count: number): void => void (this.acknowledged += count);
    this.#batches.push({ records: lines.map(recordOf), arrivedAt: at, isUrgent, acknowledge });
    this.#waiter();
  }

  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { failure: { error } };
    this.#waiter();
  }

  take(): SuppliedBatch | undefined {
    return this.#batches.shift();
  }

  holdsFrom(time: number): boolean {
    return this.#batches.some(({ arrivedAt }) => arrivedAt <= time);
  }

  available(): Promise<void> {
    if (this.#batches.length > 0 || this.#ended !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  get ended(): Supply["ended"] {
    return this.#ended;
  }
}
