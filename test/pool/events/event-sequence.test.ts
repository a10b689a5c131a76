import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SentEvent } from "../../../src/engine/engine-event.ts";
import { EventSequence } from "../../../src/pool/events/event-sequence.ts";

const KEPT_BY_ENGINE = 256;

function sent(number: number): SentEvent {
  const at = BigInt(number) * 10_000_000n + 1_000_000_000_000n;
  const event = {
    kind: "event",
    type: "container",
    action: "start",
    actor: { id: String(number), attributes: {} },
    scope: "local",
    timestamp: String(number),
  } as const;
  return { event, at, key: `key ${number}` };
}

/** What an engine sends again to who asks for events from a time on. */
function ring(until: number, since: bigint | undefined): SentEvent[] {
  if (since === undefined) return [];
  const kept = Array.from({ length: until }, (_, number) => sent(number)).slice(-KEPT_BY_ENGINE);
  return kept.filter(({ at }) => at >= since);
}

describe("events over streams that are opened again", () => {
  it("are each taken once, and what is missing is told", () => {
    const step = fc.record({
      seen: fc.integer({ min: 0, max: 20 }),
      unseen: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 200, max: 600 })),
      forgets: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const sequence = new EventSequence();
        let next = 0;
        let first: number | undefined = undefined;
        const taken: (number | "gap")[] = [];
        const take = (event: SentEvent): void => {
          const how = sequence.take(event);
          if (how === "known") return;
          if (how === "new behind a gap") taken.push("gap");
          taken.push(Number(event.event.timestamp));
        };
        for (const [index, { seen, unseen, forgets }] of steps.entries()) {
          const from = sequence.since;
          if (index > 0 && sequence.reopened()) taken.push("gap");
          if (!forgets) for (const event of ring(next, from)) take(event);
          for (let live = 0; live < seen; live++) take(sent(next++));
          next += unseen;
        }
        const wrong: string[] = [];
        let last: number | undefined = undefined;
        for (const [index, one] of taken.entries()) {
          if (one === "gap") continue;
          first ??= one;
          const isBehindGap = taken[index - 1] === "gap";
          const isNext = last === undefined || (isBehindGap ? one > last : one === last + 1);
          if (!isNext) wrong.push(`${one} behind ${last}`);
          last = one;
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("have no gap where the engine kept all of them", () => {
    const sequence = new EventSequence();
    for (let number = 0; number < 10; number++) expect(sequence.take(sent(number))).toBe("new");
    expect(sequence.reopened()).toBe(false);
    const again = ring(40, sequence.since).map((event) => sequence.take(event));
    expect(again).toEqual([
      ...Array.from({ length: 10 }, () => "known"),
      ...Array.from({ length: 30 }, () => "new"),
    ]);
  });

  it("have one where the last that had come is not sent again", () => {
    const sequence = new EventSequence();
    for (let number = 0; number < 10; number++) sequence.take(sent(number));
    sequence.reopened();
    const [first, ...rest] = ring(400, sequence.since).map((event) => sequence.take(event));
    expect(first).toBe("new behind a gap");
    expect(new Set(rest)).toEqual(new Set(["new"]));
  });

  it("before the first one can't be known once a stream is lost", () => {
    expect(new EventSequence().reopened()).toBe(true);
  });

  it("before the first one are none where a silent stream is opened again, but for what it had kept back", () => {
    const quiet = new EventSequence();
    quiet.renewed(sent(5).at);
    expect(quiet.take(sent(6))).toBe("new");
    const dead = new EventSequence();
    dead.renewed(sent(5).at);
    expect(dead.take(sent(4))).toBe("new behind a gap");
    expect(dead.take(sent(6))).toBe("new");
  });

  it("take no more memory than an engine's own", () => {
    const sequence = new EventSequence();
    for (let number = 0; number < 5_000; number++) sequence.take(sent(number));
    expect(sequence.take(sent(4_600))).toBe("known");
    expect(sequence.take(sent(10))).toBe("new");
  });
});
