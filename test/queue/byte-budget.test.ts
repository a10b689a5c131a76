import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { ByteBudget } from "../../src/queue/byte-budget.ts";
import { Trail } from "../../src/resume/trail.ts";
import { LOG_START } from "../../src/resume/position.ts";
import { steadyNow } from "../../src/lifetime/steady-clock.ts";
import { batchOf } from "../support/delivery-supply.ts";

const forGood = new AbortController().signal;

let begunAt = 0;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  begunAt = steadyNow();
});
afterEach(() => {
  vi.useRealTimers();
});

function later(): number {
  vi.advanceTimersByTime(1_000);
  return steadyNow();
}

describe("a budget", () => {
  it("says since when it is full, and since when there is room again", () => {
    const budget = new ByteBudget(100);
    expect(budget.state).toEqual({ type: "flowing", since: begunAt });
    later();
    budget.take(99);
    expect(budget.state).toEqual({ type: "flowing", since: begunAt });
    const fullAt = later();
    budget.take(1);
    later();
    budget.take(50);
    expect(budget.state).toEqual({ type: "full", since: fullAt });
    const freeAt = later();
    budget.give(51);
    expect(budget.state).toEqual({ type: "flowing", since: freeAt });
  });

  it("is full as long as somebody waits for room", async () => {
    const budget = new ByteBudget(100);
    budget.take(100);
    const state = { type: "full", since: begunAt };
    const room = budget.room(forGood);
    later();
    budget.give(10);
    expect(budget.full).toBe(false);
    expect(budget.state).toEqual(state);
    const freeAt = later();
    budget.give(40);
    expect(budget.state).toEqual(state);
    await room;
    expect(budget.state).toEqual({ type: "flowing", since: freeAt });
  });

  it("is free again when who waited gives up", async () => {
    const budget = new ByteBudget(100);
    budget.take(100);
    const given = new AbortController();
    const room = budget.room(given.signal);
    budget.give(10);
    const freeAt = later();
    given.abort(new Error("given up"));
    await expect(room).rejects.toThrow("given up");
    expect(budget.state).toEqual({ type: "flowing", since: freeAt });
  });
});

describe("a buffer", () => {
  it("is full by its own limit, or by that of all, since the first of both", () => {
    const budget = new ByteBudget(100);
    const buffer = new BatchBuffer(50, { budget });
    const fullAt = later();
    buffer.push(batchOf(new Trail("by-timestamp", LOG_START), ["x"], 60));
    expect(buffer.state).toEqual({ type: "full", since: fullAt });
    later();
    budget.take(40);
    expect(buffer.state).toEqual({ type: "full", since: fullAt });
    const batch = buffer.shift();
    later();
    if (batch !== undefined) buffer.release(batch);
    expect(buffer.state).toEqual({ type: "flowing", since: steadyNow() });
  });

  it("is full since when the others hold all there is; not where they wait for it", async () => {
    const budget = new ByteBudget(100);
    const buffer = new BatchBuffer(50, { budget });
    const fullAt = later();
    budget.take(100);
    later();
    expect(buffer.state).toEqual({ type: "full", since: fullAt });
    buffer.ignoreSharedLimit();
    expect(buffer.state).toEqual({ type: "flowing", since: begunAt });
    await turn();
  });
});
