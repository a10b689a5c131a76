import { expect, test } from "vitest";

import { compared, follow, jsonLog, report, run } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const ROUNDS = sizes({ short: 3, long: 10 });
const LINES_BEFORE_KILL = 3_000;

/** Endless numbered lines on both streams; the long ones come in parts. */
const script = ["out", "err"]
  .map((name) => {
    const program =
      'BEGIN { pad = "0123456789"; while (length(pad) < 20000) pad = pad pad; ' +
      `for (i = 0; ; i++) print "${name}", i, substr(pad, 1, i % 500 == 3 ? 20000 : 40) }`;
    return `awk '${program}' ${name === "err" ? ">&2" : ""} &`;
  })
  .join(" ");

describeWithEngine("two writers that are killed in the middle of full speed", (engine) => {
  test(
    "have every line of the engine's log delivered, though the engine ends its follow early",
    twoSizes,
    async () => {
      let written = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        const id = await run(engine, { script: `${script} wait` });
        const following = follow(engine.socketPath, id, { followRestarts: false });
        await following.untilCount(LINES_BEFORE_KILL);
        const atKill = following.lines.length;
        await engine.kill(id);
        expect(await following.done).toEqual({ kind: "stopped" });
        const log = await jsonLog(engine, id);
        const comparison = compared(`early end, round ${round}`, log, following, { atKill });
        expect(comparison).toEqual(noDifference);
        written += log.length;
        await engine.rm(id);
      }
      report("early end", { rounds: ROUNDS, written });
    },
  );
});
