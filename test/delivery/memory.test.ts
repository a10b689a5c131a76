import { describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { LogBatch, PoolOptions, Sink } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { refuseUnhandled } from "../support/delivery-sinks.ts";
import { eager, eventually, nothingOpen, turns } from "../support/fake-follow.ts";
import { heapBytes } from "../support/heap.ts";
import { sizes, twoSizes } from "../support/size.ts";

const MIB = 1_024 * 1_024;
const LINE_BYTES = 500;
const CONTAINERS = 4;
const LINES_EACH = sizes({ short: 1_500, long: 20_000 });
/** How often what is left of the heap is looked at. */
const LOOKS = sizes({ short: 2, long: 10 });
const ALL = CONTAINERS * LINES_EACH;
/** A read brings no more at once; a line may end behind it. */
const CHUNK_BYTES = 64 * 1_024 + LINE_BYTES;

refuseUnhandled();

function textOf(container: FakeContainer, index: number): string {
  return `${container.id.slice(0, 12)} ${index} `.padEnd(LINE_BYTES, "x");
}

/** Checks each line as it comes, and keeps none. */
class Checker {
  readonly #containers: Map<string, { readonly container: FakeContainer; next: number }>;
  count = 0;
  /** The first line that was not the next one of its container. */
  wrong: string | undefined;

  constructor(containers: readonly FakeContainer[]) {
    this.#containers = new Map(
      containers.map((container) => [container.id, { container, next: 0 }]),
    );
  }

  take(records: LogBatch): void {
    for (const { container, line } of records) {
      const place = this.#containers.get(container.id);
      const expected = place === undefined ? undefined : textOf(place.container, place.next++);
      if (line !== expected) this.wrong ??= `${line.trimEnd()}, not ${expected?.trimEnd()}`;
      this.count++;
    }
  }
}

interface Stand {
  readonly fake: FakeEngine;
  readonly containers: readonly FakeContainer[];
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Containers with tens of megabytes written; they go on to the last line while the sink takes. */
async function written(count = CONTAINERS): Promise<Stand> {
  const fake = await FakeEngine.start();
  const containers = Array.from({ length: count }, (_, index) =>
    fake.create({ name: `c${index}` }),
  );
  for (const container of containers)
    for (let index = 0; index < LINES_EACH; index++) container.write(textOf(container, index));
  return { fake, containers, [Symbol.asyncDispose]: () => fake.close() };
}

/** A sink slower than the log: takes small batches, and looks how much waits at each. */
function slowSink(
  checker: Checker,
  consumer: { readonly stats: { readonly bufferedBytes: number } },
): { readonly sink: Sink; readonly seen: { most: number; calls: number } } {
  const seen = { most: 0, calls: 0 };
  const look = (): void => {
    seen.most = Math.max(seen.most, consumer.stats.bufferedBytes);
  };
  return {
    seen,
    sink: async (records) => {
      seen.calls++;
      look();
      await turns(2);
      look();
      checker.take(records);
    },
  };
}

describe("a sink slower than the log for long", twoSizes, () => {
  it.each<readonly [string, PoolOptions, number]>([
    ["in a pool", { bufferBytes: MIB }, MIB],
    [
      "in a pool whose containers share two streams",
      { bufferBytes: MIB, maxStreams: 2, timeSliceMs: 20 },
      MIB,
    ],
    [
      "in a pool where each container has little room",
      { source: { ...eager, bufferBytes: MIB / 8 } },
      (CONTAINERS * MIB) / 8,
    ],
  ])(
    "%s holds up the sockets: no more is held than bufferBytes, and every line comes",
    async (_, options, limit) => {
      await using stand = await written();
      const { fake, containers } = stand;
      const pool = new StreamPool({
        engine: fake.engine,
        source: eager,
        from: "start",
        ...options,
      });
      const checker = new Checker(containers);
      const quick = new Checker(containers);
      const { sink, seen } = slowSink(checker, pool);
      const deliveries = [
        pool.deliver(sink, { maxRecords: 100 }),
        // Has all first, and has to wait for the other one.
        pool.deliver((records) => quick.take(records)),
      ];
      await eventually(() => seen.calls > 50, "many calls");
      const base = await heapBytes();
      let grown = 0;
      while (checker.count < ALL) {
        const { count } = checker;
        await eventually(() => checker.count >= Math.min(ALL, count + ALL / LOOKS), "more lines");
        grown = Math.max(grown, (await heapBytes()) - base);
      }
      await Promise.all(deliveries.map((delivery) => delivery.flush()));
      expect([checker.count, quick.count]).toEqual([ALL, ALL]);
      expect([checker.wrong, quick.wrong]).toEqual([undefined, undefined]);
      expect(seen.most).toBeLessThanOrEqual(limit + CONTAINERS * CHUNK_BYTES);
      // It was full: what held reading up was the sink.
      expect(seen.most).toBeGreaterThanOrEqual(limit / 2);
      expect(grown / MIB).toBeLessThan(12);
      await pool.close();
      for (const delivery of deliveries) await delivery.done;
      expect(pool.stats.bufferedBytes).toBe(0);
      await nothingOpen(fake);
    },
  );

  it("on a source likewise", async () => {
    await using stand = await written(1);
    const { fake, containers } = stand;
    const bufferBytes = MIB / 4;
    const source = new ContainerLogSource("c0", { engine: fake.engine, ...eager, bufferBytes });
    const checker = new Checker(containers);
    const { sink, seen } = slowSink(checker, source);
    source.deliver(sink, { maxRecords: 50 });
    await eventually(() => checker.count >= LINES_EACH, "every line");
    expect([checker.count, checker.wrong]).toEqual([LINES_EACH, undefined]);
    expect(seen.most).toBeLessThanOrEqual(bufferBytes + CHUNK_BYTES);
    expect(seen.most).toBeGreaterThanOrEqual(bufferBytes / 2);
    await source.close();
    expect(source.stats.bufferedBytes).toBe(0);
    await nothingOpen(fake);
  });
});
