import { expect } from "vitest";

import { create, run } from "../support/follow.ts";
import { followIn } from "../support/matrix/reading.ts";
import { scenario } from "../support/matrix/suite.ts";
import { verdict, verdictByText } from "../support/matrix/verdict.ts";
import { burst, paced } from "../support/matrix/written.ts";
import type { Written } from "../support/matrix/written.ts";
import { pause } from "../support/pause.ts";

scenario("burst", async (cell) => {
  const { engine } = cell;
  const written = burst(10_000);
  const id = await create(engine, cell.with({ script: written.script }));
  const following = followIn(cell, id);
  await following.untilStopped();
  await engine.start(id);
  await engine.wait(id);
  await following.untilStopped(2);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
});

scenario("behind", async (cell) => {
  const { engine } = cell;
  const written = burst(20_000);
  const id = await create(engine, cell.with({ script: written.script }));
  let letGo = (): void => {};
  const exited = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const following = followIn(cell, id, { bufferBytes: 65_536, handle: () => exited });
  await following.untilStopped();
  await engine.start(id);
  await engine.wait(id);
  letGo();
  await following.untilStopped(2);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
});

scenario("slowStop", async (cell) => {
  const { engine } = cell;
  const words = Array.from({ length: 60 }, (_, index) => `last word ${index}`);
  const say = `i=0; while [ $i -lt 60 ]; do echo last word $i; i=$((i+1)); ${pause(20)}; done`;
  const script = `trap '${say}; exit 0' TERM; echo up; while :; do ${pause(50)}; done`;
  const written: Written = { script, tty: false, stdout: ["up", ...words], stderr: [] };
  const id = await run(engine, cell.with({ script }));
  const following = followIn(cell, id);
  await following.untilLine("up");
  const stopped = engine.stop(id, 20);
  await following.untilLine("last word 5");
  await following.source.rotate();
  await stopped;
  await following.untilStopped();
  const { lines } = following;
  const outcome = await verdict(cell, id, written, { lines, gaps: following.of("gap") });
  await engine.rm(id);
  expect(await following.done).toEqual({ kind: "removed", complete: outcome === "exact" });
  return outcome;
});

scenario("stopStart", async (cell) => {
  const { engine } = cell;
  const RUNS = 3;
  const say = `i=0; while [ $i -lt 40 ]; do echo run $n line $i; i=$((i+1)); ${pause(4)}; done`;
  const script = [
    "n=$(cat /tmp/runs 2>/dev/null || echo 0)",
    "echo $((n+1)) >/tmp/runs",
    // The last one has no line end.
    "trap 'echo run $n ends; printf \"run $n rest \"; exit 0' TERM",
    `${say}; while :; do ${pause(50)}; done`,
  ].join("; ");
  const stdout = Array.from({ length: RUNS }, (_, n) => [
    ...Array.from({ length: 40 }, (__, index) => `run ${n} line ${index}`),
    `run ${n} ends`,
    `run ${n} rest `,
  ]).flat();
  const id = await create(engine, cell.with({ script }));
  const following = followIn(cell, id);
  await following.untilStopped();
  for (let n = 0; n < RUNS; n++) {
    await engine.start(id);
    await following.untilLine(`run ${n} line 39`);
    await engine.stop(id, 5);
    await following.untilStopped(n + 2);
  }
  const { lines } = following;
  const written: Written = { script, tty: false, stdout, stderr: [] };
  const received = { lines, gaps: following.of("gap") };
  // Podman's log has no sign of where the next run begins.
  if (cell.matrix.kind === "podman") {
    expect(received.gaps).toEqual([]);
    return verdictByText(written, received, cell.way === "files");
  }
  return await verdict(cell, id, written, received);
});

scenario("rename", async (cell) => {
  const { engine } = cell;
  const written = paced(300, 5);
  const name = `matrix-${performance.now()}`;
  const id = await create(engine, cell.with({ script: written.script, name }));
  const following = followIn(cell, name);
  await following.untilStopped();
  await engine.start(id);
  await following.untilCount(50);
  await engine.rename(id, `${name}-anew`);
  await following.source.rotate();
  await engine.wait(id);
  await following.untilStopped(2);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
});

/** Endless numbered lines on both streams, faster than anyone reads, and for a moment more when it is to stop (Podman). */
const FIREHOSE =
  `trap 'usleep 200000; exit 0' TERM; ` +
  `awk 'BEGIN { for (i = 0; ; i++) print "out", i }' & ` +
  `awk 'BEGIN { for (i = 0; ; i++) print "err", i }' >&2 & wait`;

scenario("remove", async (cell) => {
  const { engine } = cell;
  const id = await run(engine, cell.with({ script: FIREHOSE }));
  const following = followIn(cell, id);
  await following.untilCount(2_000);
  await engine.rm(id);
  const reason = await following.done;
  expect(reason.kind).toBe("removed");
  const gaps = following.of("gap");
  let holes = 0;
  for (const stream of ["stdout", "stderr"]) {
    const came = following.lines.filter((line) => line.stream === stream);
    // It may have filled all of its files before the first read.
    const isRotated = "max-size" in cell.driver.options;
    let next = isRotated ? Number(came[0]?.line.split(" ")[1]) : 0;
    let repeated = 0;
    // Hundreds of thousands.
    for (const { line } of came) {
      const number = Number(line.split(" ")[1]);
      if (number < next) repeated += 1;
      if (number > next) holes += 1;
      next = number + 1;
    }
    expect(repeated).toBe(0);
  }
  if (gaps.length === 0) expect(holes).toBe(0);
  return holes === 0 ? "exact" : "told";
});
