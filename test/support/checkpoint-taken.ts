import type { LogRecord, StreamPool } from "../../src/index.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { toLines } from "./fake-follow.ts";
import type { Line } from "./fake-follow.ts";

/** What a consumer has taken, in order. */
export class Taken {
  readonly records: LogRecord[] = [];
  /** How many of them it had when it was given what is in hand. */
  before = 0;

  /** What is handed over together. */
  add(records: readonly LogRecord[]): void {
    this.before = this.records.length;
    for (const record of records) this.records.push(record);
  }

  /** A container's, of the first `count`. */
  of({ id }: FakeContainer, count: number = Infinity): Line[] {
    return toLines(this.records.slice(0, count).filter(({ container }) => container.id === id));
  }

  /** The last line of each has come. */
  hasEnds(containers: readonly FakeContainer[]): boolean {
    return containers.every((container) => {
      const last = container.written.at(-1);
      const came = this.records.findLast(({ container: { id } }) => id === container.id);
      return last === undefined || came?.timestamp === last.timestamp;
    });
  }
}

export type Consume = (pool: StreamPool, taken: Taken) => Promise<void>;

const byRecord: Consume = async (pool, taken) => {
  for await (const record of pool) taken.add([record]);
};
const byBatch: Consume = async (pool, taken) => {
  for await (const batch of pool.batches()) taken.add(batch);
};
const bySink: Consume = async (pool, taken) => {
  let attempts = 0;
  const sink = (batch: readonly LogRecord[]): void => {
    if (attempts++ % 5 === 0) throw new Error("not now");
    taken.add(batch);
  };
  const retry = { minDelayMs: 0, maxDelayMs: 1 };
  await pool.deliver(sink, { maxRecords: 20, maxWaitMs: 1, retry }).done;
};

/** Ways to consume a pool. */
export const ways: readonly (readonly [string, Consume, { readonly maxStreams?: number }])[] = [
  ["a loop", byRecord, {}],
  ["a loop over batches", byBatch, {}],
  ["a sink that fails now and then", bySink, {}],
  ["a loop over few streams", byRecord, { maxStreams: 2 }],
];
