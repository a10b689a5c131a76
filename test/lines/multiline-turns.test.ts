import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, nothingOpen } from "../support/fake-follow.ts";
import { streamed } from "../support/multiline-lines.ts";
import { PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const create = (count: number): FakeContainer[] =>
  Array.from({ length: count }, (_, index) => fake.create({ name: `c${index}` }));

function follow(options: PoolOptions): PoolFollower {
  return new PoolFollower(
    new StreamPool({ engine: fake.engine, from: "start", rotation: false, ...options }),
  );
}

/** One stream for all, and turns that are shorter than a record waits. */
const inTurns = (maxWaitMs: number): PoolOptions => ({
  maxStreams: 1,
  timeSliceMs: 10,
  source: { ...eager, multiline: { start: /^E/, maxWaitMs } },
});

const seenOf = (follower: PoolFollower, { id }: FakeContainer): [string, string][] =>
  streamed(follower.records.filter(({ container }) => container.id === id));

describe("the records of containers that take turns", () => {
  it("come although no turn is as long as they wait", async () => {
    const containers = create(3);
    for (const container of containers) {
      container.write("E1");
      container.write(" a");
    }
    const follower = follow(inTurns(60));
    await follower.until(() => follower.records.length === 3, "a record of each");
    for (const container of containers)
      expect(seenOf(follower, container)).toEqual([["stdout", "E1\n a"]]);
    await follower.end();
  });

  it("come although each turn brings lines of the other stream", async () => {
    const containers = create(3);
    const follower = follow(inTurns(60));
    for (const container of containers) container.write("E1");
    let line = 0;
    const pen = setInterval(() => {
      for (const container of containers) container.write(`E${line}`, { stream: "stderr" });
      line++;
    }, 2);
    try {
      await follower.until(
        () => follower.records.filter(({ stream }) => stream === "stdout").length === 3,
        "a record of each container's stdout",
        5_000,
      );
      for (const container of containers)
        expect(seenOf(follower, container)).toContainEqual(["stdout", "E1"]);
    } finally {
      clearInterval(pen);
      await follower.end();
    }
  });

  it("stay whole from one turn to the next", async () => {
    const containers = create(3);
    const follower = follow(inTurns(60_000));
    await follower.attached(...containers);
    const lines = ["E1"];
    for (const container of containers) container.write("E1");
    for (let round = 0; round < 6; round++) {
      const before = containers.map((container) => follower.source(container).stats.turns);
      await eventually(
        () =>
          containers.every(
            (container, index) =>
              follower.source(container).stats.turns > (before[index] ?? Infinity),
          ),
        "a turn of each",
      );
      lines.push(` ${round}`);
      for (const container of containers) container.write(` ${round}`);
    }
    for (const container of containers) container.write("E2");
    await follower.until(() => follower.records.length === 3, "a record of each");
    for (const container of containers)
      expect(seenOf(follower, container)).toEqual([["stdout", lines.join("\n")]]);
    await follower.end();
    for (const container of containers)
      expect(seenOf(follower, container).at(-1)).toEqual(["stdout", "E2"]);
    await nothingOpen(fake);
  });
});

describe("a pool's `source`", () => {
  it("may join for some containers, and not for others", async () => {
    const [java, plain] = create(2);
    if (java === undefined || plain === undefined) throw new Error("no containers");
    const follower = follow({
      source: ({ name }) =>
        name === "c0" ? { ...eager, multiline: { start: /^E/, maxWaitMs: 60_000 } } : eager,
    });
    for (const container of [java, plain])
      for (const line of ["E1", " a", "E2"]) container.write(line);
    await follower.until(() => follower.records.length === 4, "what has ended");
    await follower.end();
    expect(follower.texts(java)).toEqual(["E1\n a", "E2"]);
    expect(follower.texts(plain)).toEqual(["E1", " a", "E2"]);
  });

  it("may be another for a container that is attached", async () => {
    const [web] = create(1);
    if (web === undefined) throw new Error("no container");
    for (const line of ["E1", " a", "E2"]) web.write(line);
    const pool = new StreamPool({ engine: fake.engine, discover: false, source: eager });
    const multiline = { start: /^E/, maxWaitMs: 60_000 };
    await pool.attach("c0", { from: "start", multiline });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.records.length === 1, "a record");
    await follower.end();
    expect(follower.texts(web)).toEqual(["E1\n a", "E2"]);
  });
});
