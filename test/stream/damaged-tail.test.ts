import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { eager, Follower } from "../support/fake-follow.ts";
import { ScriptedLog, numberedLines } from "../support/scripted-log.ts";

let web: ScriptedLog;
beforeEach(async () => {
  web = await ScriptedLog.start();
  web.isLocal = true;
});
afterEach(() => web[Symbol.asyncDispose]());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: web.engine, ...eager, ...options }));

function write(from: number, to: number): void {
  web.write(...numberedLines(from, to));
}

function hasLine(follower: Follower, line: string): Promise<void> {
  return expect.poll(() => follower.texts, { timeout: 20_000 }).toContain(line);
}

/** All but what the gaps tell of, which is behind `last`. */
function expectTold(follower: Follower, last: number): void {
  const missing = numberedLines(0, web.lines.length).filter(
    (line) => !follower.texts.includes(line),
  );
  const gaps = follower.seen("gap");
  expect(follower.texts).toEqual(web.lines.filter((line) => !missing.includes(line)));
  for (const line of missing) {
    const at = web.timestamp(web.lines.indexOf(line));
    expect(web.lines.indexOf(line)).toBeGreaterThan(last);
    expect(gaps.some(({ after, before }) => after < at && at < (before ?? "9"))).toBe(true);
  }
}

describe("an engine that ends where a tail comes to damage", () => {
  it("is ended once by a log that was read past it, and the log is followed on", async () => {
    write(0, 100);
    const follower = follow();
    await follower.has(100);
    web.damages.push(70);
    for (let round = 1; round <= 5; round++) {
      await follower.source.rotate();
      const next = web.lines.length;
      write(next, next + 10);
      await hasLine(follower, `line ${next + 9}`);
    }
    expect(web.deaths).toBeLessThanOrEqual(1);
    expectTold(follower, 99);
    expect(follower.seen("engine-error").map(({ message }) => message)).toContainEqual(
      expect.stringContaining('read: "files"'),
    );
    await follower.source.close();
  });

  it("is not ended at all by a log whose damage a read of all of it has shown", async () => {
    write(0, 100);
    web.damages.push(40);
    const follower = follow();
    await hasLine(follower, "line 99");
    for (let round = 1; round <= 3; round++) {
      await follower.source.rotate();
      const next = web.lines.length;
      write(next, next + 10);
      await hasLine(follower, `line ${next + 9}`);
    }
    expect(web.deaths).toBe(0);
    expectTold(follower, 39);
    await follower.source.close();
  });

  it.each(["now", { tail: 50 }, { since: "2026-11-28T00:01:10Z" }] as const)(
    "is ended once by a first look at the log's end: from %j",
    async (from) => {
      write(0, 100);
      web.damages.push(90);
      const follower = follow({ from });
      await expect.poll(() => follower.seen("opened").length).toBeGreaterThan(0);
      write(100, 110);
      await hasLine(follower, "line 109");
      expect(web.deaths).toBeLessThanOrEqual(1);
      await follower.source.close();
    },
  );

  it("is ended no more than twice where the last record is the damaged one, and what is written next comes", async () => {
    write(0, 100);
    const follower = follow();
    await follower.has(100);
    web.damages.push(100);
    await follower.source.rotate().catch(() => {});
    await follower.source.rotate().catch(() => {});
    write(100, 101);
    await expect.poll(() => web.deaths).toBeGreaterThan(0);
    for (let next = 101; !follower.texts.includes(`line ${next - 1}`); next++) {
      write(next, next + 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(web.deaths).toBeLessThanOrEqual(2);
    expectTold(follower, 99);
    await follower.source.close();
  });

  it("leaves a log alone that is sound, however often its operator ends it", async () => {
    write(0, 500);
    const follower = follow();
    await follower.has(500);
    for (let restart = 1; restart <= 5; restart++) {
      web.end();
      const next = web.lines.length;
      write(next, next + 10);
      await follower.has(next + 10);
      await follower.source.rotate();
    }
    expect(follower.texts).toEqual(web.lines);
    expect(follower.seen("gap")).toEqual([]);
    expect(follower.seen("engine-error")).toEqual([]);
    expect(web.asked.at(-1)).toMatch(/tail=\d+$/);
    await follower.source.close();
  });
});
