import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { onAbort } from "../../src/lifetime/abort.ts";
import { Backoff } from "../../src/lifetime/backoff.ts";
import { deadline, sleep } from "../../src/lifetime/deadline.ts";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("waiting for an abort", () => {
  it("puts one listener on a signal, however many wait, and takes it away after the last", () => {
    const { signal } = new AbortController();
    const unlinks = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
    expect(listeners(signal)).toBe(1);
    for (const unlink of unlinks) unlink();
    for (const unlink of unlinks) unlink();
    expect(listeners(signal)).toBe(0);
  });

  it("calls each once, at once where it has aborted, and none that has left", () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => called.push("a"));
    onAbort(controller.signal, () => called.push("gone"))();
    controller.abort();
    onAbort(controller.signal, () => called.push("late"));
    expect(called).toEqual(["a", "late"]);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("may begin again after everybody has left", () => {
    const controller = new AbortController();
    onAbort(controller.signal, () => {})();
    let called = 0;
    onAbort(controller.signal, () => called++);
    controller.abort();
    expect(called).toBe(1);
  });

  it("is nothing without a signal", () => {
    expect(() => onAbort(undefined, () => {})()).not.toThrow();
  });
});

describe("a sleep", () => {
  it("ends early with the signal's reason, and leaves neither timer nor listener", async () => {
    const controller = new AbortController();
    const sleeping = sleep(2 ** 30, controller.signal);
    controller.abort("woken");
    await expect(sleeping).rejects.toBe("woken");
    await expect(sleep(2 ** 30, controller.signal)).rejects.toBe("woken");
    const other = new AbortController();
    await sleep(1, other.signal);
    expect(listeners(other.signal)).toBe(0);
  });
});

describe("a deadline", () => {
  it("aborts with its parent, and gives its listener back", () => {
    const parent = new AbortController();
    const wait = deadline(undefined, parent.signal);
    parent.abort("enough");
    expect([wait.signal.reason, wait.expired]).toEqual(["enough", false]);
    const other = new AbortController();
    deadline(2 ** 30, other.signal).release();
    expect(listeners(other.signal)).toBe(0);
  });

  it("expires by itself, unless it was met", async () => {
    const { signal } = new AbortController();
    const [missed, met] = [deadline(1, signal), deadline(1, signal)];
    met.met();
    await new Promise((resolve) => missed.signal.addEventListener("abort", resolve));
    await sleep(2, signal);
    expect([missed.expired, met.expired, met.signal.aborted]).toEqual([true, false, false]);
    missed.release();
    met.release();
  });
});

describe("the backoff", () => {
  it("doubles its ceiling up to the maximum, jitters below it, and begins anew after a success", () => {
    const backoff = new Backoff({ minDelayMs: 100, maxDelayMs: 1_000 });
    for (let round = 0; round < 2; round++) {
      for (const [index, ceiling] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
        const { attempt, delayMs } = backoff.next();
        expect(attempt).toBe(index + 1);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(ceiling);
      }
      backoff.reset();
    }
  });

  it("stays finite after any number of attempts", () => {
    const backoff = new Backoff({ minDelayMs: 1, maxDelayMs: 2 ** 31 - 1 });
    for (let attempt = 0; attempt < 2_000; attempt++)
      expect(Number.isFinite(backoff.next().delayMs)).toBe(true);
  });
});
