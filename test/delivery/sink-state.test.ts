import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SinkState } from "../../src/delivery/sink-state.ts";
import { steadyNow } from "../../src/lifetime/steady-clock.ts";
import { forever, gate, refuseUnhandled } from "../support/delivery-sinks.ts";
import { HandSupply } from "../support/delivery-supply.ts";

refuseUnhandled();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function stateOf({ dispatch }: HandSupply, name = "http"): SinkState | undefined {
  return dispatch.reports.find((report) => report.name === name)?.state;
}

describe("a delivery tells what it does", () => {
  it("waits for records, fills a batch, and calls the sink", async () => {
    const supply = new HandSupply();
    const { open, opened } = gate();
    supply.dispatch.deliver(() => opened, { name: "http", maxWaitMs: 50 });
    await pass(10);
    expect(stateOf(supply)).toMatchObject({ type: "idle" });
    supply.brings(["1", "2"]);
    await pass(1);
    const filledAt = steadyNow() - 1;
    expect(stateOf(supply)).toEqual({ type: "filling", since: filledAt });
    await pass(50);
    const since = filledAt + 50;
    expect(stateOf(supply)).toEqual({
      type: "calling",
      since,
      attempt: 1,
      records: 2,
      pendingSince: since,
    });
    open();
    await pass(1);
    expect(stateOf(supply)).toEqual({ type: "idle", since: steadyNow() - 1 });
    supply.end();
    await pass(1);
    expect(supply.dispatch.reports).toEqual([]);
  });

  it("names the last error and since when nothing was delivered, also while it calls again", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const supply = new HandSupply();
    const error = new Error("HTTP 503");
    const fail = (): void => {
      throw error;
    };
    const acts = [fail, fail, (): Promise<void> => forever];
    supply.dispatch.deliver((_records, { attempt }) => acts[attempt - 1]?.(), {
      name: "http",
      maxWaitMs: 0,
      retry: { minDelayMs: 1_000 },
    });
    supply.brings(["1"]);
    await pass(1);
    const pendingSince = steadyNow() - 1;
    expect(stateOf(supply)).toEqual({
      type: "retrying",
      since: pendingSince,
      attempt: 1,
      delayMs: 1_000,
      error,
      records: 1,
      pendingSince,
    });
    await pass(1_000);
    expect(stateOf(supply)).toMatchObject({ type: "retrying", attempt: 2, pendingSince });
    await pass(2_000);
    expect(stateOf(supply)).toEqual({
      type: "calling",
      since: pendingSince + 3_000,
      attempt: 3,
      error,
      records: 1,
      pendingSince,
    });
    supply.dispatch.abort(error);
  });

  it("stays failed after its last attempt", async () => {
    const supply = new HandSupply();
    const { done } = supply.dispatch.deliver(
      () => {
        throw new Error("HTTP 400");
      },
      { name: "http", maxWaitMs: 0, retry: { attempts: 1 } },
    );
    supply.brings(["1"]);
    await pass(1);
    await expect(done).rejects.toMatchObject({ code: "SINK_FAILED" });
    await pass(60_000);
    const state = stateOf(supply);
    expect(state).toMatchObject({ type: "failed", error: { code: "SINK_FAILED" } });
    expect(supply.failures).toEqual([state?.type === "failed" ? state.error : undefined]);
    // Another sink of that name has taken over.
    supply.dispatch.deliver(() => forever, { name: "http" });
    expect(supply.dispatch.reports).toHaveLength(1);
    supply.dispatch.abort(new Error("over"));
  });

  it("tells while its dead letter is called", async () => {
    const supply = new HandSupply();
    const error = new Error("HTTP 400");
    const fail = (): void => {
      throw error;
    };
    const deadLetter = (): Promise<void> => forever;
    supply.dispatch.deliver(fail, {
      name: "http",
      maxWaitMs: 0,
      retry: { attempts: 1 },
      deadLetter,
    });
    supply.brings(["1"]);
    await pass(1);
    expect(stateOf(supply)).toMatchObject({ type: "giving-up", attempt: 1, error });
    supply.dispatch.abort(error);
  });
});

it("numbers sinks of one name", async () => {
  const supply = new HandSupply();
  const names = (): string[] => supply.dispatch.reports.map(({ name }) => name);
  const first = supply.dispatch.deliver(() => {}, { name: "http" });
  supply.dispatch.deliver(() => {}, { name: "http" });
  supply.dispatch.deliver(() => {}, { name: "file" });
  expect(names()).toEqual(["http", "http#2", "file"]);
  await first.stop();
  supply.dispatch.deliver(() => {}, { name: "http" });
  expect(names().toSorted()).toEqual(["file", "http", "http#2"]);
  supply.end();
  await pass(1);
});

it("leaves no rejection that nobody handles, where nobody looks at flush() and stop()", async () => {
  const supply = new HandSupply();
  const fail = (): void => {
    throw new Error("HTTP 400");
  };
  const delivery = supply.dispatch.deliver(fail, { name: "http", retry: { attempts: 1 } });
  supply.brings(["1"]);
  void delivery.flush();
  void delivery.stop();
  await pass(1);
  void delivery.flush();
  void delivery.stop();
  expect(stateOf(supply)).toMatchObject({ type: "failed" });
  await pass(1);
});
