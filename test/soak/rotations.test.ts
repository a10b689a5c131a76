import { expect, test } from "vitest";

import { noDifference } from "../support/ground-truth.ts";
import { describeLongWithEngine } from "../support/real-engine.ts";
import { rotateAndLook } from "../support/rotation-leaks.ts";

const ROTATIONS = 1_000;

/** Bursts on two streams, of some thousand lines a second, with a line of 40 KB in each. */
const BURSTS = ["out", "err"]
  .map((name) => {
    const program =
      'BEGIN { pad = "0123456789abcdef"; while (length(pad) < 40000) pad = pad pad; ' +
      `for (i = from; i < from + 100; i++) print "${name}", i, substr(pad, 1, i == from ? 40000 : 60) }`;
    const redirect = name === "err" ? ">&2" : "";
    return `(i=0; while :; do awk -v from=$i '${program}'; i=$((i+100)); usleep 30000; done) ${redirect} &`;
  })
  .join(" ");

describeLongWithEngine("1,000 rotations under load", (engine) => {
  test("leave nothing behind, here and at the engine, and lose no line", async () => {
    const outcome = await rotateAndLook("1,000 rotations", engine, {
      rotations: ROTATIONS,
      script: `${BURSTS} wait`,
      deadlineMs: 30_000,
    });
    expect(outcome.completed).toBe(ROTATIONS);
    expect(outcome.withLines).toBe(ROTATIONS);
    expect(outcome.comparison).toEqual(noDifference);
    expect(outcome.grown).toEqual([]);
    expect(outcome.grownAtEnd).toEqual([]);
    expect(outcome.readers).toMatchObject({ maxFollows: 1, maxReaders: 1, follows: 0, reads: 0 });
  });
});
