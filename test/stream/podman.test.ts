import { afterEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Follower, eager, eventually, toLines, turns } from "../support/fake-follow.ts";

/** Podman with its default driver, as it reads logs. */
const podman = { flavour: "podman", podmanQuirks: true } as const;
const closing: (() => Promise<void>)[] = [];

interface World {
  readonly fake: FakeEngine;
  readonly container: FakeContainer;
  readonly source: ContainerLogSource;
  readonly follower: Follower;
}

async function follow(options: SourceOptions = {}, lines: readonly string[] = []): Promise<World> {
  const fake = await FakeEngine.start(podman);
  const container = fake.create({ name: "web" });
  for (const line of lines) container.write(line);
  const source = new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options });
  closing.push(async () => {
    await source.close();
    await fake.close();
  });
  return { fake, container, source, follower: new Follower(source) };
}

async function stopped({ source }: World): Promise<void> {
  await eventually(() => source.stats.state === "stopped", "stopped");
}

function plainReads({ requests }: FakeEngine): number {
  return requests.filter(({ path }) => path.includes("follow=0")).length;
}

function expectExact({ container, follower }: World): void {
  expect(follower.lines).toEqual(toLines(container.written));
  expect(follower.seen("gap")).toEqual([]);
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe("a log of Podman's k8s-file", () => {
  it("comes whole, though each line is first shown half-written", async () => {
    const world = await follow();
    for (let line = 0; line < 5; line++) {
      world.container.write(`line ${line} of some length`);
      await world.follower.has(line + 1);
    }
    expectExact(world);
  });

  it("comes whole, though what is written while it is opened is missing behind the tail", async () => {
    const before = Array.from({ length: 600 }, (_, line) => `old ${line}`);
    const world = await follow({ stallProbeMs: 20 }, before);
    await world.follower.has(600);
    let lines = 600;
    for (let round = 0; round < 400; round++) {
      world.container.write(`line ${lines++}`);
      if (round % 40 === 0) void world.source.rotate();
      await turns(1);
    }
    await world.follower.has(lines);
    expectExact(world);
  });

  it("comes whole with a burst at the exit, which follows leave out", async () => {
    const world = await follow();
    world.container.write("begun");
    await world.follower.has(1);
    for (let line = 0; line < 3_000; line++) world.container.write(`burst ${line}`);
    world.container.stop();
    await stopped(world);
    expectExact(world);
  });

  it("comes whole with what is written while the container stops slowly, over rotations, and is known to be complete", async () => {
    const world = await follow({}, ["begun"]);
    await world.follower.has(1);
    world.container.beginStop();
    for (let line = 0; line < 5; line++) {
      world.container.write(`stopping ${line}`);
      await world.source.rotate();
      await world.follower.has(line + 2);
    }
    // It is read on: it does not count as stopped, whatever the engine says.
    const before = plainReads(world.fake);
    await eventually(
      () => plainReads(world.fake) >= before + 3 || world.source.stats.state === "stopped",
      "three looks",
    );
    expect(world.follower.seen("stopped")).toEqual([]);
    world.container.write("last");
    world.container.stop();
    await stopped(world);
    expectExact(world);
    // Once a look has followed the events' beginning, a removal can be told from a start that was missed.
    const { fake, source } = world;
    await eventually(() => {
      const paths = fake.requests.map(({ path }) => path);
      const listens = paths.findLastIndex((path) => path.startsWith("/events"));
      return listens >= 0 && paths.slice(listens).some((path) => path.endsWith("/json"));
    });
    await turns(5);
    world.container.remove();
    expect(await source.ended).toEqual({ kind: "removed", complete: true });
  });

  it("has an end that is noticed over rotations that leave no follow the time to end", async () => {
    const world = await follow({ rotateEveryMs: 40 }, ["only"]);
    await world.follower.has(1);
    world.container.stop();
    await stopped(world);
    expectExact(world);
  });

  it("is read to the last line that was shown where the container is removed at its exit, which is not said to be complete", async () => {
    const world = await follow({}, ["first"]);
    await world.follower.has(1);
    const before = plainReads(world.fake);
    world.container.write("last");
    await eventually(
      () => plainReads(world.fake) > before && world.fake.open.reads === 0,
      "a whole look",
    );
    world.container.stop();
    world.container.remove();
    expect(await world.source.ended).toEqual({ kind: "removed", complete: false });
    await world.follower.done;
    expect(world.follower.lines).toHaveLength(2);
  });

  it("does not come again, where the container is removed before a look is sure of the line at which a cursor stands", async () => {
    // All lines have one time.
    const fake = await FakeEngine.start({ ...podman, timestamps: "s" });
    const container = fake.create({ name: "web" });
    for (const line of ["first", "second", "third"]) container.write(line);
    container.stop();
    const first = new ContainerLogSource("web", { engine: fake.engine, ...eager });
    const read = new Follower(first);
    closing.push(async () => {
      await first.close();
      await fake.close();
    });
    await eventually(() => first.stats.state === "stopped", "stopped");
    expect(read.texts).toEqual(["first", "second", "third"]);
    const { cursor } = first;
    if (cursor === undefined) throw new Error("no cursor");
    await first.close();
    const before = plainReads(fake);
    const source = new ContainerLogSource("web", { engine: fake.engine, resume: cursor, ...eager });
    const follower = new Follower(source);
    closing.push(async () => await source.close());
    await eventually(() => plainReads(fake) > before && fake.open.reads === 0, "a whole look");
    container.remove();
    expect(await source.ended).toMatchObject({ kind: "removed" });
    await follower.done;
    expect(follower.lines).toEqual([]);
  });

  it.each([1, 5])(
    "comes whole, though no tail of %i lines or more is shown for damage in it",
    async (least) => {
      const lines = Array.from({ length: 200 }, (_, line) => `old ${line}`);
      const world = await follow({}, lines);
      await world.follower.has(200);
      world.fake.fault = ({ path }) => {
        const tail = Number(/[?&]tail=(\d+)/.exec(path)?.[1] ?? 0);
        const message =
          "failed to obtain logs for Container 'web': unable to convert time 2026-\0\0 from container log: parsing time";
        return tail >= least ? { status: 500, message } : undefined;
      };
      for (let line = 0; line < 3; line++) {
        world.container.write(`new ${line}`);
        await world.follower.has(201 + line);
      }
      world.container.stop();
      await stopped(world);
      expectExact(world);
      expect(world.follower.seen("reconnecting")).toEqual([]);
    },
  );

  it("comes without the timestamps that stand before each part of a terminal's line", async () => {
    const fake = await FakeEngine.start(podman);
    const bar = fake.create({ name: "bar", tty: true });
    const source = new ContainerLogSource("bar", { engine: fake.engine, ...eager });
    closing.push(async () => {
      await source.close();
      await fake.close();
    });
    const follower = new Follower(source);
    for (const step of ["10% ", "50% ", "90% "]) bar.write(step, { partial: true });
    bar.write("done");
    bar.write("x".repeat(20_000));
    await follower.has(2);
    expect(follower.texts).toEqual(["10% 50% 90% done", "x".repeat(20_000)]);
  });

  it("begins now behind its last line, and with the lines that are asked for", async () => {
    const lines = Array.from({ length: 200 }, (_, line) => `old ${line}`);
    const world = await follow({ from: { tail: 3 } }, lines);
    await world.follower.has(3);
    world.container.write("new");
    await world.follower.has(4);
    expect(world.follower.texts).toEqual(["old 197", "old 198", "old 199", "new"]);
  });

  it("is read by plain reads while no follow is open, and by one follow at most", async () => {
    const world = await follow();
    const { open } = world.fake;
    let most = open.follows + open.reads;
    // Asked once a request is counted: there are never more than then.
    world.fake.fault = () => {
      most = Math.max(most, world.fake.open.follows + world.fake.open.reads);
      return undefined;
    };
    for (let line = 0; line < 4; line++) {
      world.container.write(`line ${line}`);
      await eventually(
        () => world.follower.lines.length > line && world.fake.open.follows > 0,
        `line ${line}`,
      );
    }
    expect(most).toBe(1);
    expect(world.fake.open.maxFollowsOfOneContainer).toBe(1);
    expectExact(world);
  });

  it("is followed by a pool from its last line on, which a reader of its own has found: no gap, and nothing again", async () => {
    await using fake = await FakeEngine.start({ flavour: "podman" });
    const quiet = fake.create({ name: "quiet" });
    quiet.write("old");
    const pool = new StreamPool({ engine: fake.engine, from: "now", excludeSelf: false });
    const lines: string[] = [];
    const gaps: unknown[] = [];
    pool.on("source", ({ status }) => void (status.type === "gap" && gaps.push(status)));
    const loop = (async () => {
      for await (const { line } of pool) lines.push(line);
    })();
    await pool.ready();
    await eventually(() => pool.sources.get(quiet.id)?.stats.state === "streaming");
    quiet.write("new");
    await eventually(() => lines.includes("new"));
    await pool.close();
    await loop;
    expect(lines).toEqual(["new"]);
    expect(gaps).toEqual([]);
  });
});
