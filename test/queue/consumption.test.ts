import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DockspoolError } from "../../src/index.ts";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { Consumer } from "../../src/queue/consumer.ts";
import { Consumption } from "../../src/queue/consumption.ts";
import { SourceQueue } from "../../src/queue/source-queue.ts";
import { LOG_START } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import { steadyNow } from "../../src/lifetime/steady-clock.ts";
import { forever, refuseUnhandled } from "../support/delivery-sinks.ts";
import { batchOf } from "../support/delivery-supply.ts";
import { turns } from "../support/fake-follow.ts";

refuseUnhandled();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Time goes by. Returns what it is then. */
async function passed(): Promise<number> {
  vi.advanceTimersByTime(1_000);
  await turns(1);
  return steadyNow();
}

/** A source without an engine. */
class Stand {
  readonly buffer = new BatchBuffer(100);
  readonly consumer = new Consumer(this.buffer);
  readonly #trail = new Trail("by-timestamp", LOG_START);
  begun = 0;
  saves = 0;
  readonly consumption = new Consumption(new SourceQueue(this.buffer, this.consumer), {
    signal: undefined,
    begin: () => this.begun++,
    close: async () => this.buffer.end({}),
    failed: (error) => this.buffer.end({ failure: { error } }),
    retrying: () => {},
    save: async () => void this.saves++,
    refusal: (how) => new DockspoolError("ALREADY_CONSUMED", `It is ${how} already.`),
  });

  brings(...lines: readonly string[]): void {
    this.buffer.push(batchOf(this.#trail, lines, 10 * lines.length));
  }
}

describe("records that nobody takes", () => {
  it("are none where nothing is at hand", async () => {
    const stand = new Stand();
    expect(stand.consumption.untaken).toBeUndefined();
    expect(stand.begun).toBe(0);
  });

  it("are told since they came where there is no consumer, with what the buffer holds", async () => {
    const stand = new Stand();
    await passed();
    const since = await passed();
    stand.brings("1", "2");
    await passed();
    expect(stand.consumption.untaken).toEqual({ since, bufferedBytes: 20 });
  });

  it("are told where a loop does not ask for the next one, since it asked last", async () => {
    const stand = new Stand();
    const records = stand.consumption.records();
    const first = records.next();
    await passed();
    expect(stand.consumption.untaken).toBeUndefined();
    const cameAt = await passed();
    stand.brings("1", "2", "3");
    expect(await first).toMatchObject({ value: { line: "1" } });
    expect(stand.consumption.untaken).toEqual({ since: cameAt, bufferedBytes: 30 });
    await passed();
    await passed();
    expect(stand.consumption.untaken?.since).toBe(cameAt);
    expect(await records.next()).toMatchObject({ value: { line: "2" } });
    await turns(1);
    expect(stand.consumption.untaken?.since).toBe(steadyNow());
    // What is in hand is no longer at hand.
    expect(await records.next()).toMatchObject({ value: { line: "3" } });
    expect(stand.consumption.untaken).toBeUndefined();
    const nextAt = await passed();
    stand.brings("4");
    await passed();
    expect(stand.consumption.untaken).toEqual({ since: nextAt, bufferedBytes: 40 });
  });

  it("are told where a loop over batches does not ask", async () => {
    const stand = new Stand();
    const batches = stand.consumption.batches()[Symbol.asyncIterator]();
    stand.brings("1", "2");
    expect(await batches.next()).toMatchObject({ value: [{ line: "1" }, { line: "2" }] });
    expect(stand.consumption.untaken).toBeUndefined();
    const since = await passed();
    stand.brings("3");
    await passed();
    expect(stand.consumption.untaken).toEqual({ since, bufferedBytes: 30 });
    await batches.next();
    expect(stand.consumption.untaken).toBeUndefined();
  });

  it("are told where all sinks were stopped; one that hangs tells by itself", async () => {
    const stand = new Stand();
    const { consumption } = stand;
    const hanging = consumption.deliver(() => forever, { name: "http", maxWaitMs: 0 });
    stand.brings("1");
    await passed();
    expect(consumption.untaken).toBeUndefined();
    expect(consumption.sinks).toMatchObject([{ name: "http", state: { type: "calling" } }]);
    expect(consumption.running).toBe(1);
    const [survivor] = await consumption.end(Promise.resolve(), 1);
    expect(survivor?.reason).toMatchObject({ code: "TASKS_STILL_RUNNING" });
    await expect(hanging.done).rejects.toMatchObject({ code: "TASKS_STILL_RUNNING" });
    const since = await passed();
    stand.brings("2");
    expect(consumption.untaken).toEqual({ since, bufferedBytes: 20 });
  });
});

describe("there is one consumer", () => {
  const ways = {
    iterated: ({ consumption }: Stand) => consumption.records(),
    "read by sinks": ({ consumption }: Stand) => consumption.deliver(() => {}, {}),
    "read by its pool": ({ consumption }: Stand) => consumption.giveToPool(),
  };

  it.each(Object.keys(ways) as (keyof typeof ways)[])("where it is %s", async (how) => {
    const stand = new Stand();
    ways[how](stand);
    const refused = expect.objectContaining({
      code: "ALREADY_CONSUMED",
      message: `It is ${how} already.`,
    }) as unknown;
    expect(() => stand.consumption.records()).toThrow(refused);
    expect(() => stand.consumption.batches()[Symbol.asyncIterator]()).toThrow(refused);
    if (how !== "read by sinks")
      expect(() => stand.consumption.deliver(() => {}, {})).toThrow(refused);
    await turns(1);
    expect(stand.begun).toBe(how === "read by its pool" ? 0 : 1);
    stand.buffer.end({});
    await turns(1);
  });

  it("a refused option is none", () => {
    const stand = new Stand();
    expect(() => stand.consumption.deliver(() => {}, { maxRecords: 0 })).toThrow(DockspoolError);
    expect(() => stand.consumption.records()).not.toThrow();
  });
});
