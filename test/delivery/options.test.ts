import { describe, expect, it } from "vitest";
import { resolveDelivery } from "../../src/delivery/options.ts";
import type { DeliveryOptions } from "../../src/index.ts";
import { thrown } from "../support/fake-follow.ts";

const sink = (): void => {};

describe("a wrong option of a sink's", () => {
  it.each<[string, unknown, string]>([
    ["options", null, "maxRecords"],
    ["options", "fast", "maxRecords"],
    ["maxRecord", { maxRecord: 5 }, 'did you mean "maxRecords"?'],
    ["name", { name: "" }, "string"],
    ["name", { name: 5 }, "string"],
    ["maxRecords", { maxRecords: 0 }, "records"],
    ["maxWaitMs", { maxWaitMs: -1 }, "milliseconds"],
    ["timeoutMs", { timeoutMs: Infinity }, "milliseconds"],
    ["deadLetter", { deadLetter: "file" }, "function"],
    ["retry", { retry: 5 }, "attempts"],
    ["retry", { retry: null }, "attempts"],
    ["retry.maxDelayMs", { retry: { maxDelayMs: Symbol("s") } }, "milliseconds"],
    ["options", Promise.resolve({ maxRecords: 5 }), "type Promise"],
    ["retry.attempt", { retry: { attempt: 5 } }, 'did you mean "retry.attempts"?'],
    ["retry.attempts", { retry: { attempts: 0 } }, "Infinity"],
    ["retry.minDelayMs", { retry: { minDelayMs: -1 } }, "milliseconds"],
    ["retry.maxDelayMs", { retry: { minDelayMs: 10, maxDelayMs: 5 } }, "10"],
  ])("%s is refused with its name and what is allowed: %j", (name, options, allowed) => {
    const error = thrown(() => resolveDelivery(sink, options as DeliveryOptions), "INVALID_OPTION");
    expect(error.message).toContain(`"${name}"`);
    expect(error.message).toContain(allowed);
    expect(error.message).toMatch(/^[^\n]{20,900}\.$/);
  });

  it("is also a sink that is none", () => {
    for (const wrong of [undefined, null, {}, "sink"])
      expect(thrown(() => resolveDelivery(wrong as never, {}), "INVALID_OPTION").message).toContain(
        '"sink"',
      );
  });
});

describe("an option of a sink's that is left out", () => {
  it("has its default, and fits what is given", () => {
    expect(resolveDelivery(sink, {})).toEqual({
      name: "sink",
      maxRecords: 1_000,
      maxWaitMs: 200,
      timeoutMs: 30_000,
      attempts: Infinity,
      backoff: { minDelayMs: 100, maxDelayMs: 30_000 },
      deadLetter: undefined,
    });
    const delays = (retry: DeliveryOptions["retry"]): unknown =>
      resolveDelivery(sink, { retry: retry ?? {} }).backoff;
    expect(delays({ minDelayMs: 60_000 })).toEqual({ minDelayMs: 60_000, maxDelayMs: 60_000 });
    expect(delays({ maxDelayMs: 5 })).toEqual({ minDelayMs: 5, maxDelayMs: 5 });
    expect(resolveDelivery(() => {}, { name: "http" }).name).toBe("http");
    expect(resolveDelivery(() => {}, {}).name).toBe("sink");
  });
});
