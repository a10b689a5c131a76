import { expect } from "vitest";

import type { Following } from "./follow.ts";

/** Of "line 12" and what follows it: 12. */
export const numberOf = ({ line }: { readonly line: string }): number => Number(line.split(" ")[1]);

/** Each numbered line came once and in order, and a gap lies around each place where numbers are missing. */
export function expectTold(following: Following): void {
  const told = following.of("gap");
  let last = { number: -1, timestamp: "" };
  for (const record of following.lines) {
    const number = numberOf(record);
    expect(number).toBeGreaterThan(last.number);
    if (number > last.number + 1)
      expect(told).toContainEqual({
        type: "gap",
        after: last.timestamp,
        before: record.timestamp,
      });
    last = { number, timestamp: record.timestamp };
  }
}
