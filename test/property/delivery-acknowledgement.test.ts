/** @module-tag long */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LOG_START } from "../../src/resume/position.ts";
import type { Position } from "../../src/resume/position.ts";
import { refuseUnhandled } from "../support/delivery-sinks.ts";
import { Life, entriesBefore } from "../support/delivery-life.ts";
import type { Log } from "../support/delivery-life.ts";
import { TIMEOUT_MS } from "../support/delivery-model-sink.ts";
import type { SinkPlan } from "../support/delivery-model-sink.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = 40 * propertyRuns({ short: 4, long: 50 });
const FOR_EVER_MS = 2 ** 30;

type Act =
  | { readonly kind: "read"; readonly entries: readonly boolean[] }
  | { readonly kind: "join"; readonly plan: SinkPlan }
  | { readonly kind: "answer"; readonly sink: number; readonly how: "takes" | "fails" }
  | { readonly kind: "flush" | "stop"; readonly sink: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "save" | "kill" };

const sink = fc.nat(4);
/** Where a sink fails for good nothing more is read: few do. */
const plan: fc.Arbitrary<SinkPlan> = fc.record({
  maxRecords: fc.constantFrom(1, 2, 3, 5, 100),
  maxWaitMs: fc.constantFrom(0, 20, FOR_EVER_MS),
  attempts: fc.constantFrom(1, 2, 3, 1_000),
  deadLetter: fc.oneof(
    { weight: 10, arbitrary: fc.constant("takes" as const) },
    { weight: 1, arbitrary: fc.constantFrom("none" as const, "fails" as const) },
  ),
});
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      entries: fc.array(fc.constantFrom(true, true, true, false), { minLength: 1, maxLength: 9 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("join" as const), plan }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      sink,
      how: fc.constantFrom("takes" as const, "takes" as const, "takes" as const, "fails" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("flush" as const), sink }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("stop" as const), sink }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(20, TIMEOUT_MS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("save" as const, "save" as const, "kill" as const),
    }),
  },
);

/** Plays a script over as many processes as it kills. */
async function play(first: SinkPlan, acts: readonly Act[], bufferBytes: number): Promise<void> {
  const log: Log = [];
  let saved: Position = LOG_START;
  let life = new Life(log, saved, bufferBytes);
  life.join(first);
  for (const one of acts) {
    switch (one.kind) {
      case "read":
        life.read(one.entries);
        break;
      case "join":
        life.join(one.plan);
        break;
      case "answer":
        life.answer(one.sink, one.how);
        break;
      case "flush":
        life.flush(one.sink);
        break;
      case "stop":
        life.stop(one.sink);
        break;
      case "save":
        expect(entriesBefore(life.position)).toBeGreaterThanOrEqual(entriesBefore(saved));
        saved = life.position;
        break;
      case "kill":
        await life.kill();
        // Its sinks expect to get what stands behind the saved position, and nothing else.
        life = new Life(log, saved, bufferBytes);
        life.join(first);
        break;
      case "wait":
        break;
    }
    await life.settle(one.kind === "wait" ? one.ms : 1);
  }
  await life.finish();
}

describe("acknowledgement", () => {
  refuseUnhandled();
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([10, 100, 1_000_000])("agrees with a model, with a buffer of %i bytes", async (bytes) => {
    await fc.assert(
      fc.asyncProperty(plan, fc.array(act, { maxLength: 80 }), async (first, acts) => {
        await play(first, acts, bytes);
      }),
      { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(20_000)] },
    );
  });
});
