import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Dispatch } from "../../src/delivery/dispatch.ts";
import { LOG_START } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { Consumer } from "../../src/queue/consumer.ts";
import { SourceQueue } from "../../src/queue/source-queue.ts";
import { Collector, gate, outcome, refuseUnhandled } from "../support/delivery-sinks.ts";
import { HandSupply, batchOf } from "../support/delivery-supply.ts";

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
const patient = { maxWaitMs: 60_000 };

/** A sink whose first calls each wait for a gate. */
function gated(count: number): { collector: Collector; gates: readonly { open: () => void }[] } {
  const gates = Array.from({ length: count }, gate);
  return { collector: new Collector((_, __, call) => gates[call]?.opened), gates };
}

describe("a batch that is not full", () => {
  it("comes when its first line has waited for maxWaitMs, with what came since", async () => {
    const supply = new HandSupply();
    const collector = new Collector();
    const { done } = supply.dispatch.deliver(collector.sink, { maxWaitMs: 200 });
    supply.brings(["1"]);
    await pass(150);
    supply.brings(["2"]);
    await pass(49);
    expect(collector.batches).toEqual([]);
    await pass(1);
    expect(collector.sizes).toEqual([2]);
    supply.brings(["3"]);
    await pass(199);
    expect(collector.sizes).toEqual([2]);
    await pass(1);
    expect(collector.texts).toEqual(["1", "2", "3"]);
    supply.end();
    await done;
  });

  it("comes at once where its first line has waited while the sink was busy", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(1);
    const { done } = supply.dispatch.deliver(collector.sink, { maxWaitMs: 200 });
    supply.brings(["1"]);
    await pass(200);
    supply.brings(["2"]);
    await pass(300);
    gates[0]?.open();
    await pass(0);
    expect(collector.sizes).toEqual([1, 1]);
    supply.end();
    await done;
  });

  it("does not wait longer because a line that came later was taken first", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(1);
    const { done } = supply.dispatch.deliver(collector.sink, { maxRecords: 3, maxWaitMs: 200 });
    supply.brings(["1", "2", "3"]);
    await pass(1);
    const early = performance.now();
    await pass(190);
    supply.brings(["late"]);
    supply.brings(["early"], { at: early });
    gates[0]?.open();
    await pass(11);
    expect(collector.texts).toEqual(["1", "2", "3", "late", "early"]);
    supply.end();
    await done;
  });

  it("comes at once where reading waits for it", async () => {
    const supply = new HandSupply();
    const [collector, other] = [new Collector(), new Collector()];
    const { done } = supply.dispatch.deliver(collector.sink, patient);
    supply.dispatch.deliver(other.sink, { ...patient, maxRecords: 2 });
    supply.brings(["1"]);
    await pass(1);
    expect(collector.texts).toEqual([]);
    supply.brings(["2"], { isUrgent: true });
    await pass(0);
    expect([collector.texts, other.texts]).toEqual([
      ["1", "2"],
      ["1", "2"],
    ]);
    supply.brings(["3"]);
    await pass(1);
    expect(collector.texts).toEqual(["1", "2"]);
    supply.end();
    await done;
    expect(other.texts).toEqual(["1", "2", "3"]);
  });

  it("comes at once where the buffer is above its low water, and its reader waits", async () => {
    const buffer = new BatchBuffer(100_000);
    const consumer = new Consumer(buffer);
    const dispatch = new Dispatch(new SourceQueue(buffer, consumer).supply, {
      signal: undefined,
      retrying: () => {},
      failed: () => {},
      saved: async () => {},
    });
    const log = new Trail("by-timestamp", LOG_START);
    consumer.begin(log.clone());
    const collector = new Collector();
    const { done } = dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    buffer.push(batchOf(log, ["1", "2"], 40_000));
    buffer.push(batchOf(log, ["3"], 60_000));
    const room = buffer.room(new AbortController().signal);
    await pass(0);
    expect(collector.texts).toEqual(["1", "2", "3"]);
    await room;
    buffer.end({});
    await done;
  });
});

describe("flush()", () => {
  it("waits for a batch under way and all that came before it, and for nothing else", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(2);
    const delivery = supply.dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    supply.brings(["1", "2"]);
    await pass(1);
    supply.brings(["3"]);
    const flushed = delivery.flush();
    await pass(1);
    supply.brings(["4"]);
    supply.brings(["5"]);
    gates[0]?.open();
    expect(await outcome(flushed)).toBe("pending");
    gates[1]?.open();
    await flushed;
    expect(collector.texts).toEqual(["1", "2", "3", "4"]);
    expect(await outcome(delivery.flush())).toBe("resolved");
    supply.end();
    await delivery.done;
    await delivery.flush();
  });

  it("waits for a line that came before it, also where one that came later is ahead of it", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(1);
    const delivery = supply.dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    const early = performance.now();
    supply.brings(["1", "2"]);
    await pass(1);
    const flushed = delivery.flush();
    await pass(1);
    supply.brings(["late"]);
    supply.brings(["early", "early too"], { at: early });
    gates[0]?.open();
    await flushed;
    expect(collector.texts).toEqual(["1", "2", "late", "early", "early too"]);
    supply.end();
    await delivery.done;
  });

  it("resolves at once where nothing was read, a thousand times over", async () => {
    const supply = new HandSupply();
    const delivery = supply.dispatch.deliver(() => {}, patient);
    for (let round = 0; round < 1_000; round++) await delivery.flush();
    await Promise.all(Array.from({ length: 1_000 }, () => delivery.flush()));
    supply.end();
    expect(await outcome(delivery.done)).toBe("resolved");
  });
});

describe("stop()", () => {
  it("delivers what came before it, also where a line that came later is ahead of it", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(1);
    const delivery = supply.dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    const early = performance.now();
    supply.brings(["1", "2"]);
    await pass(1);
    const stopped = delivery.stop();
    await pass(1);
    supply.brings(["late"]);
    supply.brings(["early", "early too"], { at: early });
    gates[0]?.open();
    await stopped;
    expect(collector.texts).toEqual(["1", "2", "late", "early", "early too"]);
    await delivery.done;
  });

  it("leaves what came later to the next sink, also to one that is given before it is over", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(2);
    const delivery = supply.dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    supply.brings(["1", "2"]);
    await pass(1);
    supply.brings(["3"]);
    const stopped = delivery.stop();
    await pass(1);
    supply.brings(["4", "5", "6"]);
    gates[0]?.open();
    await pass(1);
    const next = new Collector();
    const { done } = supply.dispatch.deliver(next.sink, { maxWaitMs: 0 });
    gates[1]?.open();
    await stopped;
    supply.brings(["7"]);
    supply.end();
    await done;
    const all = ["1", "2", "3", "4", "5", "6", "7"];
    expect([...collector.texts, ...next.texts]).toEqual(all);
    expect(supply.acknowledged).toBe(7);
  });

  it("does not deliver what a sink gets that was given in between", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(2);
    const delivery = supply.dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    supply.brings(["1", "2"]);
    await pass(1);
    supply.brings(["3"]);
    const stopped = delivery.stop();
    await pass(1);
    supply.brings(["4", "5"]);
    gates[0]?.open();
    await pass(1);
    const next = new Collector();
    const { done } = supply.dispatch.deliver(next.sink, { maxWaitMs: 0 });
    supply.brings(["6", "7"]);
    await pass(1);
    gates[1]?.open();
    await stopped;
    supply.end();
    await done;
    expect([...collector.texts, ...next.texts]).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
    expect(supply.acknowledged).toBe(7);
  });

  it("of the last sink leaves its rest to one that comes much later", async () => {
    const supply = new HandSupply();
    const { collector, gates } = gated(1);
    const delivery = supply.dispatch.deliver(collector.sink, { ...patient, maxRecords: 2 });
    supply.brings(["1", "2"]);
    await pass(1);
    const stopped = delivery.stop();
    await pass(1);
    supply.brings(["3", "4"]);
    gates[0]?.open();
    await stopped;
    supply.brings(["5"]);
    expect(supply.acknowledged).toBe(2);
    const next = new Collector();
    const { done } = supply.dispatch.deliver(next.sink, patient);
    supply.end();
    await done;
    expect([...collector.texts, ...next.texts]).toEqual(["1", "2", "3", "4", "5"]);
    expect(supply.acknowledged).toBe(5);
  });
});
