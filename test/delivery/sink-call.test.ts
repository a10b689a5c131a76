import { describe, expect, it } from "vitest";
import { callSink, isInsideSink } from "../../src/delivery/sink-call.ts";
import { gate } from "../support/delivery-sinks.ts";
import { eventually } from "../support/fake-follow.ts";
import { heapBytes } from "../support/heap.ts";

const life = new AbortController().signal;

describe("a call that never settles", () => {
  it("keeps nothing of its batch alive, though its own promise lives on", async () => {
    const settlers: (() => void)[] = [];
    const stuck = (): Promise<void> => new Promise((resolve) => settlers.push(resolve));
    const batches: WeakRef<object>[] = [];
    const attempt = async (): Promise<void> => {
      const records = [{ line: "x" }];
      batches.push(new WeakRef(records));
      const sink = (_records: object): Promise<void> => stuck();
      await callSink({}, () => sink(records), 1, life).catch(() => {});
    };
    for (let count = 0; count < 20; count++) await attempt();
    const alive = async (): Promise<object[]> => {
      await heapBytes();
      return batches.filter((batch) => batch.deref() !== undefined);
    };
    await expect.poll(alive, { timeout: 20_000 }).toEqual([]);
    expect(settlers).toHaveLength(20);
  });

  it("is still a call of that sink", async () => {
    const owner = {};
    const late = gate();
    const seen: boolean[] = [];
    const sink = async (): Promise<void> => {
      await late.opened;
      seen.push(isInsideSink(owner));
    };
    await expect(callSink(owner, sink, 1, life)).rejects.toThrow("1 ms");
    expect(isInsideSink(owner)).toBe(false);
    late.open();
    await eventually(() => seen.length === 1, "the sink's return");
    expect(seen).toEqual([true]);
  });
});
