import { expect } from "vitest";

import type { EndReason, PoolStatus } from "../../src/index.ts";
import { CrashRuns } from "../support/crash-run.ts";
import { followPoolIn } from "../support/matrix/reading.ts";
import type { Outcome } from "../support/matrix/scenarios.ts";
import { readOptions, scenario } from "../support/matrix/suite.ts";
import { verdict } from "../support/matrix/verdict.ts";
import { longLines, paced } from "../support/matrix/written.ts";
import type { Written } from "../support/matrix/written.ts";
import { chosenForms } from "../support/size.ts";
import { each, runAll } from "../support/pool-following.ts";

function worst(outcomes: readonly Outcome[]): Outcome {
  return outcomes.includes("told") ? "told" : "exact";
}

type End = Extract<PoolStatus, { type: "detached" | "skipped" }>;

function isIncomplete(reason: EndReason): boolean {
  return reason.kind === "removed" && !reason.complete;
}

scenario("turns", async (cell) => {
  const { engine } = cell;
  const labels = { "dockspool.test": `turns-${performance.now()}` };
  const following = followPoolIn(cell, {
    select: { labels },
    maxStreams: 4,
    timeSliceMs: 200,
  });
  await following.until("connected", () => following.times("engine") > 0);
  const written: Written[] = Array.from({ length: 12 }, (_, index) =>
    index % 4 === 3 ? paced(150, 10 + index, true) : paced(150, 10 + index),
  );
  const specs = written.map(({ script, tty }) => cell.with({ script, tty, labels }));
  const ids = await runAll(engine, specs);
  await each(ids, (id) => engine.wait(id), ids.length);
  await following.until("each × attached", () => ids.every((id) => following.sources.has(id)));
  await following.untilRead(ids);
  await following.end();
  const lines = await following.lines();
  const outcomes = await each(ids, async (id, index) => {
    const of = written[index];
    if (of === undefined) throw new Error("There are more containers than scripts.");
    const received = { lines: lines.get(id) ?? [], gaps: following.of(id, "gap") };
    return await verdict(cell, id, of, received);
  });
  return worst(outcomes);
});

scenario("autoRemove", async (cell) => {
  const { engine } = cell;
  const COUNT = 6;
  const labels = { "dockspool.test": `brief-${performance.now()}` };
  const following = followPoolIn(cell, { select: { labels } });
  await following.until("connected", () => following.times("engine") > 0);
  const script = "for i in 0 1 2 3 4; do echo out $i; echo err $i >&2; done";
  const ids: string[] = [];
  for (let round = 0; round < COUNT; round++)
    ids.push(await engine.run(cell.with({ script, labels, rm: true, network: "none" })));
  const endsOf = (id: string): End[] =>
    [...following.seen("detached"), ...following.seen("skipped")].filter(
      ({ container }) => container.id === id,
    );
  const isGone = (): boolean => ids.every((id) => endsOf(id).length > 0);
  await following.until("each × detached or skipped", isGone);
  await following.end();
  const lines = await following.lines();
  const outcomes = ids.map((id): Outcome => {
    for (const [stream, word] of [
      ["stdout", "out"],
      ["stderr", "err"],
    ] as const) {
      const came = (lines.get(id) ?? []).filter((line) => line.stream === stream);
      const expected = Array.from({ length: 5 }, (_, index) => `${word} ${index}`);
      expect(came.map(({ line }) => line)).toEqual(expected.slice(0, came.length));
    }
    const ends = endsOf(id);
    expect(ends.length, `${id}: ${JSON.stringify(ends)}`).toBe(1);
    if ((lines.get(id) ?? []).length === 10) return "exact";
    const isTold =
      ends.some((end) => end.type === "skipped" || isIncomplete(end.reason)) ||
      following.of(id, "gap").length > 0;
    expect(isTold, `${id}: ${JSON.stringify(ends)}`).toBe(true);
    return "told";
  });
  return worst(outcomes);
});

/** Each costs two processes. */
const KILLS = chosenForms() === "long" ? 2 : 3;

scenario("kills", async (cell) => {
  const { engine } = cell;
  const label = `kills-${performance.now()}`;
  const labels = { "dockspool.test": label };
  const written: Written[] = [
    paced(1_500, 5),
    paced(700, 10, true),
    longLines(150, 50),
    paced(300, 25),
  ];
  const specs = written.map(({ script, tty }) => cell.with({ script, tty, labels }));
  const runs = new CrashRuns(engine, label, () => readOptions(cell.way, cell));
  let ids: string[] = [];
  const first = await runs.run(async (collector) => {
    await collector.until("connected", () => collector.times("connected") > 0);
    ids = await runAll(engine, specs);
    const isFound = (): boolean => collector.times("attached") >= ids.length;
    await collector.until("each × attached", isFound);
    const saves = collector.times("saved") + 2;
    await collector.until("a save of all", () => collector.times("saved") >= saves);
  });
  const problems: string[] = [...first.problems];
  for (let kill = 0; kill < KILLS; kill++) {
    const outcome = await runs.run(async (collector) => {
      const deliveries = 2 + kill * 3;
      const hasDelivered = (): boolean => collector.times("delivering") >= deliveries;
      await collector.until(`${deliveries} × delivering`, hasDelivered);
    });
    problems.push(...outcome.problems);
  }
  await each(ids, (id) => engine.wait(id), ids.length);
  const last = await runs.finish(ids);
  expect([...problems, ...last.problems]).toEqual([]);
  const gapsOf = (id: string): { after: string; before?: string }[] =>
    runs.statuses
      .filter(({ status, container }) => status === "gap" && container === id)
      .map(({ detail }) => detail as { after: string; before?: string });
  const outcomes = await each(ids, async (id, index) => {
    const of = written[index];
    if (of === undefined) throw new Error("There are more containers than scripts.");
    const lines = runs.ledger.lines(id);
    return await verdict(cell, id, of, { lines, gaps: gapsOf(id) });
  });
  return worst(outcomes);
});
