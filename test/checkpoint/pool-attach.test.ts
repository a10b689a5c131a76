import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { eager, eventually, texts, toLines } from "../support/fake-follow.ts";
import type { Line } from "../support/fake-follow.ts";
import { RewritingProxy } from "../support/rewriting-proxy.ts";

let fake: FakeEngine;
let runs: PoolRuns;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  await runs.close();
  await fake.close();
});

const often = { source: { ...eager, checkpointEveryMs: 1 } };

function write(count: number): void {
  for (let line = 0; line < count; line++) web.write(`line ${web.written.length}`);
}

describe("a container that is detached and attached again, with a store", () => {
  it("loses no line and repeats none", async () => {
    write(3);
    const follower = runs.follow({ ...often, from: "start" });
    await follower.expectAll(web);
    for (let round = 0; round < 5; round++) {
      await follower.pool.detach("web");
      write(2);
      await follower.pool.attach("web");
      write(1);
      await follower.expectAll(web);
    }
    await follower.end();
    expect(follower.lines(web)).toEqual(toLines(web.written));
  });

  for (const rounds of [1, 2, 3]) {
    it(`${rounds} times while lines of the first are unread, loses and repeats none`, async () => {
      const { pool, lines, next } = slowly();
      write(10);
      await pool.attach("web");
      await next(1);
      await eventually(() => pool.stats.lines === 10, "ten lines read");
      for (let round = 0; round < rounds; round++) {
        await pool.detach("web");
        await pool.attach("web");
      }
      write(5);
      await next(14);
      expect(lines).toEqual(toLines(web.written));
      await pool.close();
      expect(await next(1)).toBe("over");
      // All of it is saved, too.
      const follower = runs.follow();
      await follower.streaming(web);
      write(1);
      await follower.expectAll(web, 15);
    });

    it(`${rounds} times while lines of the first are unread, loses none when it is killed then`, async () => {
      const { pool, lines, next } = slowly();
      write(10);
      await pool.attach("web");
      await next(4);
      await eventually(() => pool.stats.lines === 10, "ten lines read");
      for (let round = 0; round < rounds; round++) {
        await pool.detach("web");
        await pool.attach("web");
      }
      const { saves } = runs.store;
      await next(1);
      await eventually(() => runs.store.saves > saves, "a save");
      await runs.kill();
      expect(texts(lines)).toEqual(["line 0", "line 1", "line 2", "line 3", "line 4"]);
      const follower = runs.follow();
      await follower.until(() => follower.texts(web).at(-1) === "line 9", "the last line");
      const come = follower.lines(web);
      // The fifth is in hand, and may be the first that is not saved.
      expect(come.length).toBeGreaterThanOrEqual(6);
      expect(come).toEqual(toLines(web.written).slice(-come.length));
    });
  }

  it("while lines of the first are unread, saves the place of the second once those are read", async () => {
    const { pool, next } = slowly();
    write(10);
    await pool.attach("web");
    await next(1);
    await eventually(() => pool.stats.lines === 10, "ten lines read");
    await pool.detach("web");
    await pool.attach("web");
    // The first moves on before the second's beginning is saved.
    await next(9);
    write(20);
    await next(20);
    await runs.store.has((all) => JSON.stringify(all).includes(web.id), "an entry");
    const { saves } = runs.store;
    write(2);
    await next(2);
    await eventually(() => runs.store.saves > saves, "another save");
    await runs.kill();
    const follower = runs.follow();
    await follower.until(() => follower.texts(web).at(-1) === "line 31", "the last line");
    const come = follower.lines(web);
    expect(come.length).toBeLessThanOrEqual(3);
    expect(come).toEqual(toLines(web.written).slice(-come.length));
  });

  it("while lines of it are unread, and closed then, saves them as they are read", async () => {
    const { pool, next } = slowly();
    write(10);
    await pool.attach("web");
    await next(4);
    await eventually(() => pool.stats.lines === 10, "ten lines read");
    await pool.detach("web");
    await pool.close();
    await next(3);
    await runs.store.has(() => runs.store.saves > 1, "a save");
    let isOver: string | undefined;
    while (isOver !== "over") isOver = await next(1);
    const follower = runs.follow();
    await follower.streaming(web);
    write(1);
    await follower.expectAll(web, 10);
  });

  it("that can't be followed again breaks nobody's saves, and its unread lines are saved as they are read", async () => {
    await using proxy = await RewritingProxy.start(fake);
    let isDead = false;
    proxy.rewrite = (_, answer) => {
      if (!isDead || answer["Id"] !== web.id) return answer;
      return { ...answer, State: { Status: "dead", Dead: true, Running: false } };
    };
    const api = fake.create({ name: "api" });
    for (const line of ["one", "two", "three"]) web.write(line);
    const engine = { ...proxy.engine, connectTimeoutMs: 200 };
    const pool = runs.open({ engine, from: "start", ...often });
    const seen: string[] = [];
    pool.on("status", (status) => {
      if (status.type === "source") seen.push(status.status.type);
    });
    const iterator = pool[Symbol.asyncIterator]();
    const next = async (): Promise<string | undefined> => (await iterator.next()).value?.line;
    expect(await next()).toBe("one");
    await eventually(() => pool.sources.size === 2);
    await eventually(() => pool.sources.get(web.id)?.stats.lines === 3);
    await pool.detach("web");
    isDead = true;
    await expect(pool.attach(web.id)).rejects.toThrow(/being removed/);
    expect([await next(), await next()]).toEqual(["two", "three"]);
    for (const line of ["four", "five"]) {
      api.write(line);
      expect(await next()).toBe(line);
    }
    await pool.close();
    expect(seen).not.toContain("checkpoint-failed");
    isDead = false;
    web.write("six");
    api.write("six");
    const follower = runs.follow();
    await follower.expectAll(web, 3);
    // What was in hand when the pool was closed comes again.
    await follower.expectAll(api, 1);
  });

  it("stays where it was while it is detached", async () => {
    write(3);
    const follower = runs.follow({ ...often, from: "start" });
    await follower.expectAll(web);
    await follower.pool.detach("web");
    write(4);
    await follower.end();
    expect(follower.lines(web)).toEqual(toLines(web.written).slice(0, 3));
    const next = runs.follow();
    await next.expectAll(web, 3);
  });
});

/** A pool whose consumer takes lines only when the test says so. */
function slowly() {
  const pool = runs.open({ ...often, discover: false, from: "start" });
  const iterator = pool[Symbol.asyncIterator]();
  const lines: Line[] = [];
  const next = async (count: number): Promise<"over" | undefined> => {
    for (let index = 0; index < count; index++) {
      const result = await iterator.next();
      if (result.done === true) return "over";
      lines.push(...toLines([result.value]));
    }
    return undefined;
  };
  return { pool, lines, next };
}
