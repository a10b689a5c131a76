import { getEventListeners } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeliveryOptions, LogBatch, SinkContext } from "../../src/index.ts";
import { Collector, forever, gate, outcome, refuseUnhandled } from "../support/delivery-sinks.ts";
import { HandSupply } from "../support/delivery-supply.ts";
import { failure } from "../support/fake-follow.ts";

refuseUnhandled();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  vi.restoreAllMocks();
  if (left > 0) throw new Error(`${left} timers are left.`);
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const atOnce = { maxWaitMs: 0, retry: { minDelayMs: 0, maxDelayMs: 0 } };
const texts = (records: LogBatch): string[] => records.map(({ line }) => line);

/** Each way in which an attempt fails, at once or after its `timeoutMs`. */
const TIMEOUT_MS = 1_000;
/** A timer of 0 milliseconds is one of 1. */
const ROUND_MS = TIMEOUT_MS + 1;
const ways: readonly (readonly [string, (context: SinkContext) => void | Promise<void>, RegExp])[] =
  [
    [
      "throws",
      () => {
        throw new Error("thrown");
      },
      /^thrown$/,
    ],
    ["rejects", async () => Promise.reject(new Error("rejected")), /^rejected$/],
    ["never settles", () => forever, /1000 ms/],
    [
      "rejects when its signal aborts",
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("late"))),
        ),
      /1000 ms/,
    ],
  ];

describe.each(ways)("a sink that %s", (_, fail, message) => {
  it("gets the same batch again, with the attempt's number, and then the next one", async () => {
    const supply = new HandSupply();
    const collector = new Collector((__, context, call) => (call < 3 ? fail(context) : undefined));
    const { done } = supply.dispatch.deliver(collector.sink, {
      ...atOnce,
      name: "files",
      timeoutMs: TIMEOUT_MS,
      maxRecords: 2,
    });
    supply.brings(["1", "2", "3"]);
    await pass(3 * ROUND_MS);
    supply.end();
    await done;
    expect(collector.calls.map(({ records }) => texts(records))).toEqual([
      ["1", "2"],
      ["1", "2"],
      ["1", "2"],
      ["1", "2"],
      ["3"],
    ]);
    expect(collector.attempts).toEqual([1, 2, 3, 4, 1]);
    expect(supply.acknowledged).toBe(3);
    expect(supply.retries.map(({ sink, attempt, delayMs }) => [sink, attempt, delayMs])).toEqual([
      ["files", 1, 0],
      ["files", 2, 0],
      ["files", 3, 0],
    ]);
    for (const { error, records } of supply.retries) {
      expect(error).toMatchObject({ message: expect.stringMatching(message) as unknown });
      expect(texts(records)).toEqual(["1", "2"]);
    }
    expect(supply.dispatch.reports).toEqual([]);
  });

  it("fails the delivery after its last attempt; the position stays, and reading is to end", async () => {
    const supply = new HandSupply();
    const collector = new Collector((__, context, call) =>
      call === 0 ? undefined : fail(context),
    );
    const { done } = supply.dispatch.deliver(collector.sink, {
      ...atOnce,
      name: "files",
      timeoutMs: TIMEOUT_MS,
      retry: { ...atOnce.retry, attempts: 2 },
    });
    supply.brings(["1"]);
    await pass(1);
    supply.brings(["2", "3"]);
    await pass(2 * ROUND_MS);
    const error = await failure(done, "SINK_FAILED");
    expect(error.message).toContain('"files"');
    expect(error.container).toBe("ab".repeat(32));
    expect(error.cause).toMatchObject({ message: expect.stringMatching(message) as unknown });
    expect(supply.failures).toEqual([error]);
    expect(collector.attempts).toEqual([1, 1, 2]);
    expect(supply.acknowledged).toBe(1);
    supply.brings(["4"]);
    await pass(TIMEOUT_MS);
    expect(collector.calls).toHaveLength(3);
  });
});

describe("an attempt's signal", () => {
  it("aborts after timeoutMs, and not where the sink was in time", async () => {
    const supply = new HandSupply();
    const late = new Collector(() => forever);
    const quick = new Collector();
    const options = { ...atOnce, timeoutMs: TIMEOUT_MS, retry: { attempts: 1 } };
    const { done } = supply.dispatch.deliver(late.sink, options);
    supply.dispatch.deliver(quick.sink, options);
    supply.brings(["1"]);
    await pass(TIMEOUT_MS - 1);
    const [signals, others] = [late, quick].map(({ calls }) =>
      calls.map(({ context }) => context.signal),
    );
    expect(signals?.map(({ aborted }) => aborted)).toEqual([false]);
    await pass(1);
    expect(signals?.map(({ aborted }) => aborted)).toEqual([true]);
    await failure(done, "SINK_FAILED");
    expect(others?.map(({ aborted }) => aborted)).toEqual([false]);
    expect(others?.flatMap((signal) => getEventListeners(signal, "abort"))).toEqual([]);
  });

  it("what a sink says after it is too late counts neither as delivered nor as a failure", async () => {
    const supply = new HandSupply();
    const gates = [gate(), gate()];
    const collector = new Collector(async (_records, _context, call) => {
      await gates[call]?.opened;
      if (call === 1) throw new Error("late");
    });
    const { done } = supply.dispatch.deliver(collector.sink, { ...atOnce, timeoutMs: TIMEOUT_MS });
    supply.brings(["1"]);
    await pass(ROUND_MS);
    await pass(TIMEOUT_MS / 2);
    gates[0]?.open();
    expect(await outcome(done)).toBe("pending");
    expect([collector.attempts, supply.acknowledged]).toEqual([[1, 2], 0]);
    await pass(TIMEOUT_MS);
    gates[1]?.open();
    supply.end();
    await done;
    expect([collector.attempts, supply.acknowledged]).toEqual([[1, 2, 3], 1]);
    expect(supply.retries.map(({ error }) => String(error))).toEqual([
      expect.stringContaining("1000 ms"),
      expect.stringContaining("1000 ms"),
    ]);
  });
});

describe("between two attempts", () => {
  /** When a sink was called that always fails, in milliseconds from the first call. */
  async function callsWithin(ms: number, retry: DeliveryOptions["retry"]): Promise<number[]> {
    const supply = new HandSupply();
    const times: number[] = [];
    const sink = (): never => {
      times.push(performance.now());
      throw new Error("again");
    };
    const options = { maxWaitMs: 0, ...(retry === undefined ? {} : { retry }) };
    const { done } = supply.dispatch.deliver(sink, options);
    supply.brings(["1"]);
    await pass(ms);
    supply.dispatch.abort("enough");
    await expect(done).rejects.toBe("enough");
    const first = times[0] ?? 0;
    return times.map((time) => time - first);
  }

  it("there are twice as many milliseconds each time, up to a limit, at the most", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const times = await callsWithin(4_000, { minDelayMs: 100, maxDelayMs: 1_000 });
    expect(times).toEqual([0, 100, 300, 700, 1_500, 2_500, 3_500]);
  });

  it("there is none at the least, and half of it in the middle", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    expect(await callsWithin(1_000, { minDelayMs: 100, maxDelayMs: 400 })).toEqual([
      0, 50, 150, 350, 550, 750, 950,
    ]);
    random.mockReturnValueOnce(0).mockReturnValueOnce(0).mockReturnValue(1);
    const [, second = 0, third = 0, fourth] = await callsWithin(500, {
      minDelayMs: 100,
      maxDelayMs: 400,
    });
    // A timer of 0 milliseconds is one of 1.
    expect(second + third).toBeLessThanOrEqual(3);
    expect(fourth).toBe(third + 400);
  });

  it("there is a random time in between, from 100 to 30,000 milliseconds by default", async () => {
    let seed = 1;
    vi.spyOn(Math, "random").mockImplementation(
      () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
    );
    const times = await callsWithin(3_600_000, undefined);
    const delays = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, delay] of delays.entries())
      expect(delay).toBeLessThanOrEqual(Math.min(30_000, 100 * 2 ** index));
    // It never gives up by itself, and waits as long as it may now and then.
    expect(delays.length).toBeGreaterThan(200);
    expect(Math.max(...delays)).toBeGreaterThan(29_000);
    expect(Math.min(...delays.slice(10))).toBeLessThan(1_000);
  });

  it("any options give delays between 0 and min(max, min × 2^n)", async () => {
    const options = fc.tuple(fc.nat(1_000), fc.nat(10_000)).map(([minDelayMs, more]) => ({
      minDelayMs,
      maxDelayMs: minDelayMs + more,
    }));
    await fc.assert(
      fc.asyncProperty(options, async (retry) => {
        const supply = new HandSupply();
        const attempts = 12;
        const { done } = supply.dispatch.deliver(() => Promise.reject(new Error("again")), {
          maxWaitMs: 0,
          retry: { ...retry, attempts },
        });
        supply.brings(["1"]);
        // A timer of 0 milliseconds is one of 1.
        await pass(attempts * (retry.maxDelayMs + 1));
        await failure(done, "SINK_FAILED");
        expect(supply.retries.map(({ attempt }) => attempt)).toEqual([
          1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        ]);
        for (const { attempt, delayMs } of supply.retries) {
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(
            Math.min(retry.maxDelayMs, retry.minDelayMs * 2 ** (attempt - 1)),
          );
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("whatever a sink throws", () => {
  it.each([
    ["undefined", undefined],
    ["a symbol", Symbol("odd")],
    ["an object without a prototype", Object.create(null) as unknown],
    [
      "an object that can't be shown",
      {
        toString: () => {
          throw new Error("shown");
        },
      },
    ],
  ])("%s is the cause of SINK_FAILED", async (_, error) => {
    const supply = new HandSupply();
    const { done } = supply.dispatch.deliver(
      () => {
        throw error;
      },
      { maxWaitMs: 0, retry: { attempts: 1 } },
    );
    supply.brings(["1"]);
    await pass(1);
    const failed = await failure(done, "SINK_FAILED");
    expect(failed.cause).toBe(error);
    expect(supply.failures).toEqual([failed]);
  });
});
