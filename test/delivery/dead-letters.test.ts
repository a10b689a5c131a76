import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LogBatch } from "../../src/index.ts";
import { Collector, forever, gate, refuseUnhandled } from "../support/delivery-sinks.ts";
import { HandSupply } from "../support/delivery-supply.ts";
import { failure } from "../support/fake-follow.ts";

refuseUnhandled();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  if (left > 0) throw new Error(`${left} timers are left.`);
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const options = { maxWaitMs: 0, maxRecords: 2, timeoutMs: 1_000 };
const twice = { attempts: 2, minDelayMs: 0, maxDelayMs: 0 };
const texts = (records: LogBatch): string[] => records.map(({ line }) => line);
const refused = new Error("refused");

/** Refuses batches that hold "bad". */
function picky(): Collector {
  return new Collector((records) => {
    if (texts(records).includes("bad")) throw refused;
  });
}

describe("a dead letter", () => {
  it("gets what was given up with the last error, is awaited, and then counts as delivered", async () => {
    const supply = new HandSupply();
    const collector = picky();
    const letters: unknown[] = [];
    const taken = gate();
    const { done } = supply.dispatch.deliver(collector.sink, {
      ...options,
      retry: twice,
      deadLetter: async (records, error) => {
        letters.push([texts(records), error]);
        await taken.opened;
      },
    });
    supply.brings(["1", "bad", "3", "4"]);
    await pass(999);
    expect(letters).toEqual([[["1", "bad"], refused]]);
    expect([collector.attempts, supply.acknowledged]).toEqual([[1, 2], 0]);
    taken.open();
    await pass(0);
    expect(supply.acknowledged).toBe(4);
    expect(supply.retries.map(({ attempt }) => attempt)).toEqual([1]);
    supply.end();
    await done;
    expect(collector.texts).toEqual(["3", "4"]);
    expect(letters).toHaveLength(1);
    expect(supply.failures).toEqual([]);
  });

  it("and each attempt get all records, whatever a sink takes out of its batch", async () => {
    const supply = new HandSupply();
    const given: string[][] = [];
    const empties = (records: LogBatch): void => {
      given.push(texts(records));
      (records as unknown[]).splice(0);
      throw refused;
    };
    const { done } = supply.dispatch.deliver(empties, {
      ...options,
      retry: twice,
      deadLetter: empties,
    });
    supply.brings(["1", "2"]);
    await pass(10);
    const error = await failure(done, "SINK_FAILED");
    expect(given).toEqual([
      ["1", "2"],
      ["1", "2"],
      ["1", "2"],
    ]);
    expect(error.message).toContain("gave up 2 record(s)");
    expect(supply.acknowledged).toBe(0);
  });

  it("may be what takes everything", async () => {
    const supply = new HandSupply();
    const dead: string[] = [];
    const { done } = supply.dispatch.deliver(() => Promise.reject(refused), {
      ...options,
      retry: { attempts: 1 },
      deadLetter: (records) => void dead.push(...texts(records)),
    });
    const lines = Array.from({ length: 101 }, (_, index) => `${index}`);
    supply.brings(lines);
    supply.end();
    await done;
    expect(dead).toEqual(lines);
    expect([supply.acknowledged, supply.retries]).toEqual([101, []]);
  });

  const failed = new Error("disk full");
  it.each([
    [
      "throws",
      () => {
        throw failed;
      },
    ],
    ["rejects", async () => Promise.reject(failed)],
    ["never settles", () => forever],
  ])(
    "that %s fails the delivery: its own error is the cause, the position stays",
    async (how, act) => {
      const supply = new HandSupply();
      const collector = picky();
      let calls = 0;
      const { done } = supply.dispatch.deliver(collector.sink, {
        ...options,
        retry: twice,
        deadLetter: () => {
          calls++;
          return act();
        },
      });
      supply.brings(["1", "2"]);
      await pass(1);
      supply.brings(["3", "bad", "5"]);
      await pass(how === "never settles" ? 1_000 : 1);
      const error = await failure(done, "SINK_FAILED");
      const cause: unknown =
        how === "never settles"
          ? expect.objectContaining({ message: expect.stringContaining("1000 ms") as unknown })
          : failed;
      expect(error.cause).toEqual(cause);
      expect(calls).toBe(1);
      expect(supply.acknowledged).toBe(2);
      expect(supply.failures).toEqual([error]);
      await pass(5_000);
      expect(collector.texts).toEqual(["1", "2"]);
    },
  );

  it("is not asked where the delivery is aborted", async () => {
    const supply = new HandSupply();
    let calls = 0;
    const { done } = supply.dispatch.deliver(() => forever, {
      ...options,
      retry: { attempts: 1 },
      deadLetter: () => void calls++,
    });
    supply.brings(["1"]);
    await pass(10);
    supply.dispatch.abort("enough");
    await expect(done).rejects.toBe("enough");
    expect([calls, supply.acknowledged, supply.failures]).toEqual([0, 0, []]);
  });

  it("under way is left to itself by an abort", async () => {
    const supply = new HandSupply();
    const { done } = supply.dispatch.deliver(() => Promise.reject(refused), {
      ...options,
      retry: { attempts: 1 },
      deadLetter: () => forever,
    });
    supply.brings(["1"]);
    await pass(10);
    supply.dispatch.abort("enough");
    await expect(done).rejects.toBe("enough");
    expect([supply.acknowledged, supply.failures]).toEqual([0, []]);
  });
});

describe("a sink that failed", () => {
  it("takes the others with it, once they have what was read", async () => {
    const supply = new HandSupply();
    const bad = picky();
    const slowly = gate();
    const slow = new Collector((_records, _context, call) =>
      call === 0 ? slowly.opened : undefined,
    );
    const failing = supply.dispatch.deliver(bad.sink, { ...options, retry: { attempts: 1 } });
    const other = supply.dispatch.deliver(slow.sink, options);
    supply.brings(["1", "2", "bad", "4", "5"]);
    await pass(1);
    const error = await failure(failing.done, "SINK_FAILED");
    slowly.open();
    expect(await failure(other.done, "SINK_FAILED")).toBe(error);
    expect(slow.texts).toEqual(["1", "2", "bad", "4", "5"]);
    // The other has them, the one that failed has not.
    expect(supply.acknowledged).toBe(2);
    const late = supply.dispatch.deliver(() => {}, options);
    expect(await failure(late.done, "SINK_FAILED")).toBe(error);
    await expect(late.flush()).rejects.toBe(error);
    await expect(failing.stop()).rejects.toBe(error);
    expect(supply.acknowledged).toBe(2);
  });
});
