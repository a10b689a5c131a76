import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { eager, Follower } from "../support/fake-follow.ts";
import { ScriptedLog, numberedLines } from "../support/scripted-log.ts";

let web: ScriptedLog;
beforeEach(async () => {
  web = await ScriptedLog.start();
});
afterEach(() => web[Symbol.asyncDispose]());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: web.engine, ...eager, ...options }));

function write(from: number, to: number): void {
  web.write(...numberedLines(from, to));
}

describe.each([
  ["which end every read that comes to them", false],
  ["which the engine reports in every read that comes to them", true],
])("a log with damaged records, %s", (_, saysWhy) => {
  beforeEach(() => {
    web.saysWhy = saysWhy;
  });

  it.each([[[1]], [[10]], [[150]], [[99, 100]], [[50, 60, 120]], [[199]]])(
    "is read past them to its end, and gaps tell of the holes (before lines %j)",
    async (damages) => {
      write(0, 200);
      web.damages.push(...damages);
      web.stop();
      const follower = follow({ follow: false });
      await follower.done;
      expect(follower.error).toBeUndefined();
      // Where the engine drops entries before damage, what lies between two of them can't be told.
      const first = damages.at(0) ?? 0;
      const last = damages.at(-1) ?? 0;
      const passed = saysWhy ? [last] : damages;
      const between = saysWhy ? numberedLines(first, last) : [];
      expect(follower.texts).toEqual(
        numberedLines(0, 200).filter((line) => !between.includes(line)),
      );
      expect(follower.seen("gap").map(({ before }) => before)).toEqual(
        passed.map((damage) => web.timestamp(damage)),
      );
    },
  );

  it("is followed past them while its container runs, over rotations, at few requests", async () => {
    const follower = follow();
    write(0, 5);
    await follower.has(5);
    for (const damage of [5, 20]) {
      web.damages.push(damage);
      write(follower.lines.length, damage + 10);
      await follower.has(damage + 10);
      const asked = web.asked.length;
      await follower.source.rotate();
      // More where the machine is so busy that a silence passes meanwhile, and never one for each entry or each moment.
      expect(web.asked.length - asked).toBeLessThan(100);
      write(damage + 10, damage + 12);
      await follower.has(damage + 12);
    }
    expect(follower.texts).toEqual(numberedLines(0, 32));
    expect(follower.seen("gap")).toHaveLength(2);
    await follower.source.close();
  });

  it("is resumed behind them, without a gap, by a cursor", async () => {
    write(0, 40);
    web.damages.push(10);
    const first = new ContainerLogSource("web", { engine: web.engine });
    for await (const { line } of first) {
      first.acknowledge();
      if (line === "line 14") break;
    }
    web.stop();
    const { cursor } = first;
    const second = follow({ follow: false, ...(cursor && { resume: cursor }) });
    await second.done;
    expect(second.texts).toEqual(numberedLines(15, 40));
    expect(second.seen("gap")).toEqual([]);
  });

  it("is not called complete where its container is removed before it could be read past them", async () => {
    const follower = follow();
    write(0, 5);
    await follower.has(5);
    web.damages.push(5);
    web.removedBy = "follow=0 tail=1";
    write(5, 6);
    await follower.done;
    const [ended] = follower.seen("ended");
    expect(ended?.reason).toEqual({ kind: "removed", complete: false });
    expect(follower.texts).toEqual(numberedLines(0, 5));
  });
});

describe("a log of Docker 20.10 with a damaged record, where follows fall silent", () => {
  it.each([50, 51, 83])(
    "is read past it to its end when its container has stopped (%d)",
    async (at) => {
      web.isOld = true;
      write(0, 200);
      web.damages.push(at);
      web.stop();
      const follower = follow({ follow: false });
      await follower.done;
      expect(follower.texts).toEqual(numberedLines(0, 200));
      expect(follower.seen("gap")).toHaveLength(1);
    },
  );

  it.each([150, 400, 1_150])(
    "is resumed where it was, though reads that come to the damage leave that out (%d lines left out)",
    async (leavesOut) => {
      web.isOld = true;
      write(0, 200);
      const first = follow();
      await first.has(200);
      await first.source.close();
      web.damages.push(60);
      web.leavesOut = leavesOut;
      write(200, 1_300);
      const { cursor } = first.source;
      if (cursor === undefined) throw new Error("There is no cursor.");
      const resumed = follow({ resume: cursor });
      await resumed.until(() => resumed.texts.at(-1) === "line 1299");
      expect(resumed.texts).toEqual(numberedLines(200, 1_300));
      expect(resumed.seen("gap")).toEqual([]);
      await resumed.source.close();
    },
  );

  it.each([
    [0, 1],
    [1, 13],
    [60, 1],
    [60, 13],
    [60, 139],
    [60, 1_000],
  ])(
    "is read past it though reads go on behind it: what they leave out comes, and a gap tells of it (at %d, %d lines left out)",
    async (at, leavesOut) => {
      web.isOld = true;
      web.leavesOut = leavesOut;
      write(0, 200);
      web.damages.push(at);
      web.stop();
      const stopped = follow({ follow: false });
      await stopped.done;
      const after = at === 0 ? "" : web.timestamp(at - 1);
      expect(stopped.texts).toEqual(numberedLines(0, 200));
      expect(stopped.seen("gap")).toEqual([{ type: "gap", after, before: web.timestamp(at) }]);
      expect(web.asked.length).toBeLessThan(100);
    },
  );

  it("is not counted where it is large: no log is read twice", async () => {
    web.isOld = true;
    web.leavesOut = 70;
    write(0, 33_000);
    web.damages.push(100);
    web.stop();
    const follower = follow({ follow: false });
    await follower.done;
    expect(follower.texts).toEqual([...numberedLines(0, 100), ...numberedLines(170, 33_000)]);
    expect(web.asked.filter((asked) => asked === "follow=0 tail=all")).toHaveLength(2);
  });

  it("is read past it after a silence, and followed on", async () => {
    web.isOld = true;
    const follower = follow({ stallProbeMs: 1_100 });
    write(0, 5);
    await follower.has(5);
    web.damages.push(5);
    write(5, 15);
    await follower.has(15);
    write(15, 20);
    await follower.has(20);
    for (let round = 1; round <= 3; round++) {
      await follower.source.rotate();
      write(round * 100, round * 100 + 80);
      await follower.until(() => follower.texts.at(-1) === `line ${round * 100 + 79}`);
    }
    expect(follower.texts).toEqual(web.lines);
    expect(follower.seen("gap")).toMatchObject([
      { after: web.timestamp(4), before: web.timestamp(5) },
    ]);
    await follower.source.close();
  });
});

describe("a log that ends with a damaged record", () => {
  it.each([true, false])("has a gap at its end (old engine: %s)", async (isOld) => {
    web.isOld = isOld;
    write(0, 20);
    web.damages.push(20);
    web.stop();
    const follower = follow({ follow: false });
    await follower.done;
    expect(follower.texts).toEqual(numberedLines(0, 20));
    expect(follower.seen("gap")).toEqual([{ type: "gap", after: web.timestamp(19) }]);
  });

  it("is told once, and its removal is not complete", async () => {
    const follower = follow();
    write(0, 20);
    await follower.has(20);
    web.damages.push(20);
    web.stop();
    await follower.status("stopped");
    expect(follower.seen("gap")).toEqual([{ type: "gap", after: web.timestamp(19) }]);
    web.isRemoved = true;
    web.cutEvents();
    await follower.done;
    expect(follower.seen("ended")[0]?.reason).toEqual({ kind: "removed", complete: false });
    expect(follower.seen("gap")).toHaveLength(1);
  });
});

describe("a log that was emptied by hand, whose end the engine looks for without finding it", () => {
  it("is a gap, and what was written since comes; the engine is left in peace", async () => {
    const follower = follow();
    write(0, 200);
    await follower.has(200);
    web.empty();
    write(200, 205);
    for (let rotation = 0; rotation < 3; rotation++)
      await follower.source.rotate().catch(() => undefined);
    await follower.has(205);
    expect(follower.texts).toEqual(numberedLines(0, 205));
    expect(follower.seen("gap")).toMatchObject([
      { after: web.timestamp(199), before: web.timestamp(200) },
    ]);
    expect(web.stuck.size).toBe(0);
    expect(web.asked.filter((asked) => !asked.endsWith("all")).length).toBeLessThanOrEqual(4);
    write(205, 210);
    await follower.has(210);
    await follower.source.close();
  });
});

describe("a plain read of Docker 20.10 that jumps back where the log is rotated", () => {
  it.each([50, 100, 120])(
    "is read anew from there: nothing twice, nothing lost (%d)",
    async (jump) => {
      web.isOld = true;
      web.maxSize = "1m";
      write(0, 300);
      web.stop();
      web.jumpsBackAt = jump;
      const follower = follow({ follow: false });
      await follower.done;
      expect(follower.texts).toEqual(numberedLines(0, 300));
      expect(follower.seen("gap")).toEqual([]);
    },
  );
});
