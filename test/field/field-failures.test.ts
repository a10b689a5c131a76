import Modem from "docker-modem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { PoolOptions, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, Follower, toLines } from "../support/fake-follow.ts";
import { asked, PoolFollower } from "../support/pool-follow.ts";

/** What other collectors' users report, as docs/maintainers/field-failures.md lists it with its sources. */
let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

const poolOf = (options: PoolOptions): PoolFollower =>
  new PoolFollower(
    new StreamPool({ engine: fake.engine, from: "start", source: eager, ...options }),
  );

function write(
  container: FakeContainer,
  count: number,
  stream: "stdout" | "stderr" = "stdout",
): void {
  for (let line = 0; line < count; line++)
    container.write(`line ${container.written.length}`, { stream });
}

/** How many entries each request for a log asked for. */
function tails(): string[] {
  return fake.requests
    .filter(({ path }) => path.includes("/logs"))
    .map(({ path }) => new URL(path, "http://engine").searchParams.get("tail") ?? "all");
}

describe("a log that the daemon rotates under a follow", () => {
  it("does not leave it silent: what is written since comes, and a gap tells what is lost", async () => {
    write(web, 5);
    const follower = follow({ stallProbeMs: 60 });
    await follower.has(5);
    web.stall();
    write(web, 50);
    web.truncate(10);
    await follower.has(15);
    expect(follower.seen("gap")).toHaveLength(1);
    expect(follower.lines).toEqual([
      ...toLines(web.written).slice(0, 5),
      ...toLines(web.written).slice(45),
    ]);
    await follower.source.close();
  });
});

describe("a transient error", () => {
  it("replays nothing, however often it comes", async () => {
    write(web, 40);
    const follower = follow();
    await follower.has(40);
    for (let time = 0; time < 5; time++) {
      let refusals = 3;
      fake.fault = ({ path }) =>
        path.includes("/logs") && refusals-- > 0 ? { status: 500 } : undefined;
      web.cut();
      write(web, 2);
      await follower.has(42 + 2 * time);
    }
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });
});

describe("stdout and stderr that race each other", () => {
  it("lose no line whose timestamp is earlier than the one before, over reconnects as well", async () => {
    const follower = follow();
    const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();
    for (let round = 0; round < 6; round++) {
      web.write(`out ${round}`, { timestamp: at(10 * round + 5) });
      web.write(`err ${round}`, { stream: "stderr", timestamp: at(10 * round) });
      await follower.has(2 * round + 2);
      if (round % 2 === 1) web.cut();
    }
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });
});

describe("a collector that is started again", () => {
  it("does not make the engine read every log from its start", async () => {
    const containers = [web, ...["a", "b", "c", "d"].map((name) => fake.create({ name }))];
    for (const container of containers) write(container, 2_000);
    const checkpoints = new MemoryCheckpointStore();
    const before = poolOf({ checkpoints });
    for (const container of containers) await before.expectAll(container);
    await before.end();
    const requests = tails().length;
    for (const container of containers) write(container, 3);
    const after = poolOf({ checkpoints });
    for (const container of containers) await after.expectAll(container, 2_000);
    await after.end();
    const later = tails().slice(requests);
    expect(later.length).toBeGreaterThanOrEqual(containers.length);
    for (const tail of later) expect(Number(tail)).toBeLessThan(1_000);
  });
});

describe("`docker stop`", () => {
  it("does not cost a container its position", async () => {
    write(web, 20);
    const checkpoints = new MemoryCheckpointStore();
    const before = poolOf({ checkpoints });
    await before.expectAll(web);
    web.stop();
    await before.status(web, "stopped");
    await before.end();
    // Nobody follows it while it is stopped.
    const between = poolOf({ checkpoints });
    await between.discovered();
    await between.end();
    const after = poolOf({ checkpoints });
    await after.discovered();
    web.start();
    write(web, 3);
    await after.expectAll(web, 20);
    expect(after.lines(web)).toHaveLength(3);
    await after.end();
  });
});

describe("a container's last lines", () => {
  it("are not lost to its `die` event, though the follow ends before them", async () => {
    write(web, 3);
    fake.fault = ({ path }) => (path.includes("follow=1") ? { endEarly: 4 } : undefined);
    const follower = poolOf({});
    await follower.attached(web);
    write(web, 10);
    web.stop();
    await follower.status(web, "stopped");
    await follower.expectAll(web);
    expect(follower.of(web).filter(({ type }) => type === "gap")).toEqual([]);
    await follower.end();
  });
});

describe("a container that starts and stops in a loop", () => {
  it("does not make the collector spin: each run costs a few requests", async () => {
    const RUNS = 25;
    const follower = poolOf({});
    await follower.attached(web);
    for (let run = 0; run < RUNS; run++) {
      write(web, 1);
      await follower.expectAll(web);
      web.restart();
    }
    web.stop();
    await follower.status(web, "stopped");
    await follower.expectAll(web);
    expect(asked(fake, web, "logs") + asked(fake, web, "json")).toBeLessThan(12 * RUNS);
    await follower.end();
  });
});

describe("a line longer than the limit", () => {
  it("is cut and told of, and the target goes on", async () => {
    const follower = follow({ maxLineBytes: 1_000 });
    web.write("x".repeat(300_000));
    web.write("after");
    await follower.has(2);
    expect(follower.records.map(({ line, truncated }) => [line.length, truncated])).toEqual([
      [1_000, true],
      [5, false],
    ]);
    expect(follower.seen("truncated")).toHaveLength(1);
    await follower.source.close();
  });
});

describe("a consumer that has stopped", () => {
  it("does not keep containers from being discovered, nor their turns and stops from being seen", async () => {
    write(web, 200);
    const pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      bufferBytes: 1_000,
      source: eager,
    });
    const iterator = pool[Symbol.asyncIterator]();
    await iterator.next();
    const late = fake.create({ name: "late" });
    write(late, 200);
    await eventually(() => pool.sources.has(late.id), "the late one");
    web.remove();
    late.rename("later");
    await eventually(() => pool.sources.get(late.id)?.info?.name === "later", "its new name");
    await pool.close();
  });
});

describe("docker-modem's timeout", () => {
  it("does not end a follow that is quiet for longer", async () => {
    const { socketPath = "" } = fake.engine;
    const modem = new Modem({ socketPath, timeout: 40 });
    write(web, 1);
    const follower = new Follower(new ContainerLogSource("web", { engine: modem, ...eager }));
    await follower.has(1);
    await eventually(() => fake.open.follows === 1);
    const since = performance.now();
    await eventually(() => performance.now() - since > 160);
    write(web, 1);
    await follower.has(2);
    expect(follower.seen("reconnecting")).toEqual([]);
    expect(follower.source.stats.generation).toBe(1);
    await follower.source.close();
  });
});
