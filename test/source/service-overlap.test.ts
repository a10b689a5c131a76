import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServiceOverlap } from "../../src/source/service-overlap.ts";
import type { TaskLine } from "../../src/wire/task-lines.ts";
import { sizes, twoSizes } from "../support/size.ts";

function line(number: number, task: string): TaskLine {
  const timestamp = new Date(1_700_000_000_000 + number * 1_000).toISOString();
  const parts = { node: "n", stream: "stdout", truncated: false, attributes: {} } as const;
  return { ...parts, task, timestamp, line: `line ${number}` };
}

describe("a service's log that is read again", () => {
  it("brings each line once, in whatever order the tasks' lines come", () => {
    const arbitrary = fc.array(fc.tuple(fc.nat(30), fc.constantFrom("a", "b")), { maxLength: 40 });
    fc.assert(
      fc.property(arbitrary, arbitrary, (first, second) => {
        const overlap = new ServiceOverlap();
        const before = first.map(([number, task]) => line(number, task));
        expect(before.every((one) => overlap.isNew(one))).toBe(true);
        const { since } = overlap;
        overlap.reopened();
        const isAskedFor = ({ timestamp }: TaskLine): boolean =>
          since === undefined || BigInt(Date.parse(timestamp)) * 1_000_000n >= since;
        const more = second.map(([number, task]) => line(number, task));
        const again = [...before, ...more].filter(isAskedFor);
        const fresh = again.toReversed().filter((one) => overlap.isNew(one));
        expect(fresh).toHaveLength(more.filter(isAskedFor).length);
      }),
    );
  });

  it("is asked for from before its newest line on", () => {
    const overlap = new ServiceOverlap();
    expect(overlap.since).toBeUndefined();
    overlap.isNew(line(100, "a"));
    overlap.isNew(line(50, "b"));
    expect(overlap.since).toBe(BigInt(1_700_000_000_000 + 90_000) * 1_000_000n);
  });

  it("takes bounded memory", twoSizes, () => {
    const many = sizes({ short: 110_000, long: 150_000 });
    const overlap = new ServiceOverlap();
    for (let number = 0; number < many; number++) overlap.isNew(line(number, "a"));
    overlap.reopened();
    expect(overlap.isNew(line(many - 1, "a"))).toBe(false);
    expect(overlap.isNew(line(1, "a"))).toBe(true);
  });
});
