import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delayAfter, isFinal } from "../../src/delivery/sink-error.ts";
import { Collector, refuseUnhandled } from "../support/delivery-sinks.ts";
import { HandSupply } from "../support/delivery-supply.ts";
import { failure } from "../support/fake-follow.ts";

refuseUnhandled();

const endless = { minDelayMs: 0, maxDelayMs: 0 };

describe("an error that says that no other attempt helps", () => {
  const refusal = Object.assign(new Error("413"), { retryable: false });

  it("gives its batch to the dead letter after one attempt, though attempts have no end", async () => {
    const supply = new HandSupply();
    const letters: unknown[] = [];
    const collector = new Collector((records) => {
      if (records.some(({ line }) => line === "bad")) throw refusal;
    });
    const { done } = supply.dispatch.deliver(collector.sink, {
      maxRecords: 1,
      retry: endless,
      deadLetter: (records, error) => {
        letters.push([records.map(({ line }) => line), error]);
      },
    });
    supply.brings(["a", "bad", "b"]);
    supply.end();
    await done;
    expect(letters).toEqual([[["bad"], refusal]]);
    expect([collector.texts, collector.attempts]).toEqual([
      ["a", "b"],
      [1, 1, 1],
    ]);
    expect(supply.acknowledged).toBe(3);
  });

  it("fails the delivery where there is no dead letter", async () => {
    const supply = new HandSupply();
    const { done } = supply.dispatch.deliver(() => Promise.reject(refusal), { retry: endless });
    supply.brings(["a"]);
    supply.end();
    expect((await failure(done, "SINK_FAILED")).message).toContain("its only attempt");
    expect(supply.acknowledged).toBe(0);
  });
});

describe("an error that says when to come again", () => {
  it("is heeded up to the longest delay", async () => {
    const supply = new HandSupply();
    const busy = Object.assign(new Error("429"), { retryAfterMs: 60_000 });
    const collector = new Collector((_, { attempt }) => {
      if (attempt === 1) throw busy;
    });
    const { done } = supply.dispatch.deliver(collector.sink, {
      retry: { minDelayMs: 0, maxDelayMs: 3 },
    });
    supply.brings(["a"]);
    supply.end();
    await done;
    expect(supply.retries).toMatchObject([{ delayMs: 3 }]);
  });

  it("never shortens the delay, and never lengthens it beyond the longest", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.anything(), (usual, more, retryAfterMs) => {
        const longest = usual + more;
        const delay = delayAfter({ retryAfterMs }, usual, longest);
        expect(delay).toBeGreaterThanOrEqual(usual);
        expect(delay).toBeLessThanOrEqual(longest);
      }),
    );
  });
});

it("whatever is thrown may be looked at", () => {
  const hostile = {
    get retryable(): boolean {
      throw new Error("no");
    },
  };
  expect(isFinal(hostile)).toBe(false);
  for (const error of [undefined, null, "text", 1, {}, { retryable: 0 }]) {
    expect(isFinal(error)).toBe(false);
    expect(delayAfter(error, 7, 9)).toBe(7);
  }
});
