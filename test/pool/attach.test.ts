import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockspoolError, StreamPool } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import {
  eager,
  eventually,
  failure,
  nothingOpen,
  texts,
  toLines,
  turns,
} from "../support/fake-follow.ts";
import { asked, PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
let pools: StreamPool[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, source: eager, ...options });
  pools.push(pool);
  return pool;
}

function follow(
  options: PoolOptions = {},
  visit?: ConstructorParameters<typeof PoolFollower>[1],
): PoolFollower {
  return new PoolFollower(open(options), visit);
}

function create(count: number, prefix = "c"): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => fake.create({ name: `${prefix}${index}` }));
}

/** The shortest beginning of an id that no other's id has. */
function prefixOf({ id }: FakeContainer, all: readonly FakeContainer[]): string {
  for (let length = 1; ; length++) {
    const prefix = id.slice(0, length);
    if (all.filter((other) => other.id.startsWith(prefix)).length === 1) return prefix;
  }
}

function follows({ id }: FakeContainer): number {
  return fake.requests.filter(
    ({ path }) => path.includes(`/containers/${id}/logs`) && path.includes("follow=1"),
  ).length;
}

/** A promise that its owner settles. */
function gate(): { opened: Promise<void>; open: () => void } {
  let release = (): void => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, open: () => release() };
}

const nobody = { discover: false } as const;

describe("attach()", () => {
  it("finds a container by its id, by an unambiguous beginning of it, and by its name", async () => {
    const containers = create(20);
    for (const container of containers) container.write("old");
    const [a, b, c] = containers;
    if (a === undefined || b === undefined || c === undefined) throw new Error("none");
    const follower = follow(nobody);
    const sources = [
      await follower.pool.attach(a.id),
      await follower.pool.attach(prefixOf(b, containers)),
      await follower.pool.attach("c2"),
    ];
    expect(sources.map(({ info }) => [info?.id, info?.name])).toEqual([
      [a.id, "c0"],
      [b.id, "c1"],
      [c.id, "c2"],
    ]);
    expect([...follower.pool.sources.values()]).toEqual(sources);
    for (const container of [a, b, c]) {
      container.write("new");
      await follower.expectAll(container, 1);
    }
    await follower.end();
    for (const container of [a, b, c]) follower.expectExactly(container, 1);
    expect(follower.records).toHaveLength(3);
    await nothingOpen(fake);
  });

  it("refuses what there is none of, and what more than one id begins with", async () => {
    // More than there are hexadecimal digits.
    const containers = create(17);
    const digits = containers.map(({ id }) => id.slice(0, 1));
    const shared = digits.find((digit, index) => digits.indexOf(digit) !== index) ?? "";
    const follower = follow(nobody);
    for (const container of ["web", "f".repeat(64), shared]) {
      const error = await failure(follower.pool.attach(container), "CONTAINER_NOT_FOUND");
      expect(error.message).toContain(container);
    }
    expect(follower.pool.sources.size).toBe(0);
    // They are all followed now, so the pool itself has to choose.
    for (const { id } of containers) await follower.pool.attach(id);
    await failure(follower.pool.attach(shared), "CONTAINER_NOT_FOUND");
    await follower.end();
    expect(follower.seen("attached")).toHaveLength(17);
  });

  it("gives the same source where the container is followed already, whoever attached it", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    web.write("old");
    const follower = follow({ select: { names: ["web"] } });
    await follower.streaming(web);
    const found = follower.source(web);
    expect(await follower.pool.attach("web", { from: "start" })).toBe(found);
    expect(await follower.pool.attach(web.id)).toBe(found);
    const attached = await follower.pool.attach("other");
    expect(await follower.pool.attach(other.id.slice(0, 20))).toBe(attached);
    web.write("new");
    other.write("one");
    await follower.expectAll(web, 1);
    await follower.expectAll(other);
    await follower.end();
    expect(follower.seen("attached")).toHaveLength(2);
    follower.expectExactly(web, 1);
  });

  it("follows what is not selected, through its restarts, and leaves the others alone", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    web.write("old");
    const follower = follow({ select: () => false });
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    await follower.pool.attach("web");
    for (let run = 0; run < 3; run++) {
      web.write(`run ${run}`);
      await follower.expectAll(web, 1);
      web.restart();
      other.write("unseen");
      fake.cutEvents();
    }
    web.write("last");
    await follower.expectAll(web, 1);
    await follower.end();
    expect(follower.lines(other)).toEqual([]);
    follower.expectExactly(web, 1);
  });

  it("begins where `from` says, else where the pool's `from` says", async () => {
    const timestamps = Array.from({ length: 10 }, (_, line) => `2026-01-01T00:00:0${line}.5Z`);
    const expected = [
      ["start", 0],
      ["now", 10],
      [{ tail: 3 }, 7],
      [{ tail: 0 }, 10],
      [{ since: "2026-01-01T00:00:04Z" }, 4],
      [{ since: new Date("2026-01-01T00:00:08.5Z") }, 8],
      [undefined, 5],
    ] as const;
    const containers = create(expected.length);
    for (const container of containers)
      for (const timestamp of timestamps) container.write(`at ${timestamp}`, { timestamp });
    const follower = follow({ ...nobody, from: { tail: 5 } });
    for (const [index, [from]] of expected.entries()) {
      await follower.pool.attach(`c${index}`, from === undefined ? {} : { from });
    }
    for (const container of containers) container.write("new");
    for (const [index, container] of containers.entries())
      await follower.expectAll(container, expected[index]?.[1]);
    await follower.end();
    for (const [index, container] of containers.entries())
      follower.expectExactly(container, expected[index]?.[1]);
  });

  it("takes a container by its name, also where the id of another that is followed begins so", async () => {
    const web = fake.create({ name: "web" });
    const other = fake.create({ name: web.id.slice(0, 6) });
    other.write("other");
    const follower = follow({ ...nobody, from: "start" });
    await follower.pool.attach("web");
    const source = await follower.pool.attach(web.id.slice(0, 6));
    expect(source.container).toBe(other.id);
    expect([...follower.pool.sources.keys()]).toEqual([web.id, other.id]);
    await follower.expectAll(other, 0);
    await follower.end();
  });

  it("takes options of the source, beside those of the pool", async () => {
    const web = fake.create({ name: "web" });
    web.write("out");
    web.write("err", { stream: "stderr" });
    web.write("longer than ten bytes", { stream: "stderr" });
    const follower = follow({ ...nobody, source: { ...eager, maxLineBytes: 10 } });
    await follower.pool.attach("web", { from: "start", streams: ["stderr"] });
    await follower.until(() => follower.records.length === 2, "2 records");
    expect(follower.records.map(({ line, truncated }) => [line, truncated])).toEqual([
      ["err", false],
      ["longer tha", true],
    ]);
    await follower.end();
  });

  it("of a stopped container reads what it left, and goes on when it starts", async () => {
    const web = fake.create({ name: "web" });
    web.write("of an earlier run");
    web.stop();
    const follower = follow();
    await follower.discovered();
    await follower.pool.attach("web", { from: "start" });
    await follower.status(web, "stopped");
    await follower.expectAll(web);
    await eventually(() => follower.pool.stats.streamsOpen === 0, "no stream is held");
    web.start();
    web.write("of this run");
    await follower.expectAll(web);
    await follower.end();
    follower.expectExactly(web);
  });

  it("of a container whose log can't be read says so", async () => {
    fake.create({ name: "web", logDriver: "none" });
    const follower = follow(nobody);
    await failure(follower.pool.attach("web"), "LOGS_UNREADABLE");
    await failure(follower.pool.attach("web", { from: "start" }), "LOGS_UNREADABLE");
    expect(follower.pool.sources.size).toBe(0);
    await follower.end();
  });

  it("before the pool is iterated begins to read, and loses nothing", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const pool = open(nobody);
    const source = await pool.attach("web", { from: "start" });
    await eventually(() => source.stats.lines === 1, "a line is read");
    web.write("two");
    const follower = new PoolFollower(pool);
    await follower.expectAll(web);
    await follower.end();
  });

  it("a hundred times at once makes one source and one stream", async () => {
    const containers = create(3);
    for (const container of containers) container.write("one");
    const [web] = containers;
    if (web === undefined) throw new Error("none");
    for (const discover of [false, true]) {
      const follower = follow({ discover, from: "start" });
      const before = follows(web);
      const names = [web.id, prefixOf(web, containers), "c0"];
      const sources = await Promise.all(
        Array.from({ length: 100 }, (_, call) =>
          follower.pool.attach(names[call % names.length] ?? ""),
        ),
      );
      expect(new Set(sources).size).toBe(1);
      web.write("two");
      await follower.expectAll(web);
      expect(follows(web)).toBe(before + 1);
      await follower.end();
      const attached = follower.seen("attached").map(({ container }) => container.id);
      expect(attached.filter((id) => id === web.id)).toHaveLength(1);
      follower.expectExactly(web);
    }
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("with more containers than streams still answers, and reads all", async () => {
    const containers = create(20);
    for (const container of containers) container.write("one");
    const follower = follow({ ...nobody, maxStreams: 2, timeSliceMs: 10, from: { tail: 1 } });
    const sources = await Promise.all(containers.map(({ id }) => follower.pool.attach(id)));
    expect(new Set(sources).size).toBe(20);
    for (const container of containers) container.write("two");
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(2);
  });

  it("refuses invalid options before it asks the engine for anything", async () => {
    fake.create({ name: "web" });
    const pool = open();
    const containers: unknown[] = ["", undefined, null, 5, {}, ["web"]];
    for (const container of containers)
      // @ts-expect-error what a program without types may give
      await failure(pool.attach(container), "INVALID_OPTION");
    const options: readonly Readonly<Record<string, unknown>>[] = [
      { from: "yesterday" },
      { from: { tail: -1 } },
      { from: { tail: 1.5 } },
      { from: { since: "yesterday" } },
      { maxLineBytes: 0 },
      { streams: [] },
      { streams: ["tty"] },
      { encoding: "ascii" },
      { rotateTimeoutMs: Number.NaN },
      { reconnect: { minDelayMs: 5, maxDelayMs: 1 } },
      { engineName: "other" },
      { engine: fake.engine },
      { resume: { version: 1 } },
      { follow: false },
      { rotateEveryMs: 5 },
      { signal: new AbortController().signal },
      { fro: "start" },
      { maxLineByte: 5 },
    ];
    for (const invalid of options) {
      const error = await failure(pool.attach("web", invalid), "INVALID_OPTION");
      expect(error.message).toContain(Object.keys(invalid)[0]);
    }
    expect(fake.requests).toEqual([]);
    expect(pool.sources.size).toBe(0);
    expect(pool.stats.tasks).toBe(0);
  });

  it("after close() rejects, as does what was under way", async () => {
    const web = fake.create({ name: "web" });
    fake.fault = ({ path }) =>
      path.includes(`/containers/web/json`) ? { withholdHeaders: true } : undefined;
    const pool = open(nobody);
    const underWay = [pool.attach("web"), pool.attach("web", { from: "start" })].map((attaching) =>
      failure(attaching, "CLOSED"),
    );
    await eventually(
      () => fake.requests.some(({ path }) => path.includes("/containers/web/json")),
      "asked for",
    );
    await pool.close();
    await Promise.all(underWay);
    await failure(pool.attach("web"), "CLOSED");
    await failure(pool.attach(web.id), "CLOSED");
    await failure(pool.rotate(), "CLOSED");
    await pool.detach("web");
    expect(pool.sources.size).toBe(0);
    await nothingOpen(fake);
  });

  it.each([
    ["nothing tells of a rename", false],
    ["all are discovered", true],
  ])("of one that is renamed meanwhile makes it wait for no other: %s", async (_, discover) => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow({ discover, select: { exclude: { names: ["web", "web-old"] } } });
    fake.fault = ({ path }) =>
      path.includes(`/containers/${web.id}/logs`) ? { status: 503 } : undefined;
    const attaching = follower.pool.attach(web.id, { from: "now" });
    await eventually(() => asked(fake, web, "logs") > 0, "a look for its place");
    web.rename("web-old");
    const next = fake.create({ name: "web" });
    await follower.pool.attach(next.id, { from: "start" });
    next.write("of the next");
    await follower.expectAll(next);
    fake.fault = undefined;
    await attaching;
    web.write("two");
    await follower.expectAll(web, 1);
    expect(follower.source(web).info?.name).toBe("web-old");
    await follower.end();
    follower.expectExactly(next);
  });
});

describe("attach() while the engine is down", () => {
  it("waits, and works once it is back", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    fake.outage();
    const follower = follow(nobody);
    const attaching = follower.pool.attach("web", { from: "start" });
    await follower.until(() => follower.seen("engine").length > 0, "disconnected");
    await turns(20);
    fake.restore();
    const source = await attaching;
    expect(source.info?.id).toBe(web.id);
    await follower.expectAll(web);
    await follower.end();
    follower.expectExactly(web);
  });

  it("waits in an outage that comes later, too, and also where the container is discovered meanwhile", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow({ from: "start" });
    await follower.expectAll(web);
    fake.outage();
    const later = fake.create({ name: "later" });
    later.write("of later");
    const attaching = [follower.pool.attach("later"), follower.pool.attach(later.id)];
    await turns(50);
    fake.restore();
    const [one, two] = await Promise.all(attaching);
    expect(one).toBe(two);
    expect(follower.source(later)).toBe(one);
    web.write("two");
    await follower.expectAll(web);
    await follower.expectAll(later);
    await follower.end();
    for (const container of [web, later]) follower.expectExactly(container);
  });

  it("gives the source at once where the container is followed already", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow();
    await follower.streaming(web);
    fake.outage();
    await follower.status(web, "reconnecting");
    expect(await follower.pool.attach("web")).toBe(follower.source(web));
    fake.restore();
    web.write("one");
    await follower.expectAll(web);
    await follower.end();
  });

  it("gives up after `connectTimeoutMs`, and can be tried again", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    fake.outage();
    const follower = follow({ ...nobody, engine: { ...fake.engine, connectTimeoutMs: 60 } });
    await failure(follower.pool.attach("web"), "ENGINE_UNREACHABLE");
    expect(follower.pool.sources.size).toBe(0);
    fake.restore();
    let source = await follower.pool.attach("web", { from: "start" }).catch(() => undefined);
    source ??= await follower.pool.attach("web", { from: "start" });
    await follower.expectAll(web);
    expect(follower.source(web)).toBe(source);
    await follower.end();
  });

  it("gives up on an engine that takes requests and never answers", async () => {
    fake.create({ name: "web" });
    fake.fault = () => ({ withholdHeaders: true });
    const follower = follow({ ...nobody, engine: { ...fake.engine, connectTimeoutMs: 60 } });
    await failure(follower.pool.attach("web"), "ENGINE_UNREACHABLE");
    await follower.end();
    await nothingOpen(fake);
  });

  it("ends with the pool", async () => {
    fake.create({ name: "web" });
    fake.outage();
    const follower = follow(nobody);
    const attaching = follower.pool.attach("web");
    await follower.until(() => follower.seen("engine").length > 0, "disconnected");
    const failing = failure(attaching, "CLOSED");
    await follower.end();
    await failing;
  });
});

describe("detach()", () => {
  it("lets the lines come that were read already, and no others", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    const held = gate();
    const follower = follow({ from: "start" }, () => held.opened);
    for (let line = 0; line < 50; line++)
      web.write(`line ${line}`, { stream: line % 3 === 0 ? "stderr" : "stdout" });
    await follower.attached(web, other);
    const source = follower.source(web);
    await follower.until(() => source.stats.lines === 50, "50 lines read");
    await follower.pool.detach("web");
    expect(await source.ended).toEqual({ kind: "closed" });
    expect([...follower.pool.sources.keys()]).toEqual([other.id]);
    expect(follower.seen("detached")).toMatchObject([
      { container: { id: web.id }, reason: { kind: "closed" } },
    ]);
    const read = toLines(web.written);
    web.write("unseen");
    held.open();
    await follower.until(() => follower.lines(web).length >= 50, "what was read");
    other.write("of the other");
    await follower.expectAll(other);
    await follower.end();
    expect(follower.lines(web)).toEqual(read);
    await nothingOpen(fake);
  });

  it("lasts: a restart, lost events, another name and a look at the engine change nothing", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    const follower = follow({ from: "start" });
    web.write("one");
    await follower.expectAll(web);
    await follower.pool.detach(web.id.slice(0, 30));
    const read = toLines(web.written);
    for (const act of [
      () => web.restart(),
      () => {
        web.stop();
        web.start();
        fake.cutEvents();
      },
      () => {
        web.rename("renamed");
        web.restart();
      },
      () => {
        fake.outage();
        web.restart();
        fake.restore();
      },
    ]) {
      act();
      web.write("unseen");
      other.write("seen");
      await follower.expectAll(other);
      await follower.discovered();
      expect([...follower.pool.sources.keys()]).toEqual([other.id]);
    }
    await follower.end();
    expect(follower.lines(web)).toEqual(read);
    expect(follower.seen("attached")).toHaveLength(2);
    follower.expectExactly(other);
  });

  it("of a container that is known, but does not run, leaves it alone when it starts", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    for (const container of [web, other]) container.stop();
    const follower = follow();
    await follower.discovered();
    await follower.pool.detach("web");
    for (const container of [web, other]) {
      container.start();
      container.write("one");
    }
    await follower.expectAll(other);
    await follower.discovered();
    expect([...follower.pool.sources.keys()]).toEqual([other.id]);
    await follower.pool.attach("web", { from: "start" });
    await follower.expectAll(web);
    await follower.end();
    for (const container of [web, other]) follower.expectExactly(container);
  });

  it("of one container leaves a new one of the same name followed", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow({ from: "start" });
    web.write("one");
    await follower.expectAll(web);
    await follower.pool.detach("web");
    const read = toLines(web.written);
    web.write("unseen");
    web.remove();
    const next = fake.create({ name: "web" });
    next.write("of the next");
    await follower.expectAll(next);
    await follower.end();
    expect(follower.lines(web)).toEqual(read);
    follower.expectExactly(next);
  });

  it("gives the stream to those that wait for one", async () => {
    const containers = create(3);
    for (const container of containers) container.write("one");
    const follower = follow({ maxStreams: 1, from: "start", timeSliceMs: 2_000_000 });
    for (const container of containers) await follower.expectAll(container);
    const [web, ...others] = containers;
    if (web === undefined) throw new Error("none");
    await follower.pool.detach("c0");
    for (const container of others) container.write("two");
    for (const container of others) await follower.expectAll(container);
    await follower.end();
    expect(fake.open.maxFollows).toBe(1);
  });

  it("resolves for what is not followed, and again and again", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow();
    await follower.streaming(web);
    await follower.pool.detach("nobody");
    await follower.pool.detach("f".repeat(64));
    expect(follower.pool.sources.size).toBe(1);
    await Promise.all(Array.from({ length: 20 }, () => follower.pool.detach("web")));
    await follower.pool.detach("web");
    expect(follower.pool.sources.size).toBe(0);
    expect(follower.seen("detached")).toHaveLength(1);
    await follower.end();
    await follower.pool.detach("web");
    await nothingOpen(fake);
  });

  it.each([
    ["told by an event", false],
    ["shown by a list", true],
  ])("leaves no later container of that name alone: one that is %s", async (_how, isListed) => {
    const web = fake.create({ name: "web" });
    const follower = follow();
    await follower.streaming(web);
    web.remove();
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    await follower.pool.detach("web");
    // A container is as old as the millisecond that it was created in.
    const detachedAt = Date.now();
    await follower.until(() => Date.now() > detachedAt, "a later millisecond");
    if (isListed) {
      fake.outage();
      await follower.until(() => follower.seen("engine").at(-1)?.state === "disconnected", "away");
    }
    const next = fake.create({ name: "web" });
    next.write("from the next one");
    if (isListed) fake.restore();
    await follower.expectAll(next);
    expect(follower.texts(next)).toEqual(["from the next one"]);
    await follower.end();
  });

  it("resolves while the engine is down", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow();
    await follower.streaming(web);
    fake.outage();
    await follower.status(web, "reconnecting");
    await follower.pool.detach("web");
    expect(follower.pool.sources.size).toBe(0);
    fake.restore();
    await follower.until(() => follower.seen("engine").at(-1)?.state === "connected", "connected");
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    await follower.end();
  });

  it("before the pool has begun leaves it as it is", async () => {
    const web = fake.create({ name: "web" });
    const pool = open();
    await pool.detach("web");
    expect(fake.requests).toEqual([]);
    const follower = new PoolFollower(pool);
    await follower.streaming(web);
    await follower.end();
  });

  it("refuses what is no container's name", async () => {
    const pool = open();
    for (const container of ["", undefined, 5]) {
      // @ts-expect-error what a program without types may give
      const error = await failure(pool.detach(container), "INVALID_OPTION");
      expect(error.message).toContain("container");
    }
  });

  it("right behind attach() ends what was begun, however far that came", async () => {
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 5; line++) web.write(`line ${line}`);
    for (const maxStreams of [1, 8]) {
      const source = { ...eager, rotateTimeoutMs: 300 };
      const follower = follow({ ...nobody, maxStreams, source, from: "start" });
      let before = 0;
      for (let ticks = 0; ticks < 20; ticks++) {
        await follower.pool.attach("web");
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
        if (ticks % 4 === 3) await turns(ticks / 4);
        await follower.pool.detach("web");
        expect(follower.pool.sources.size).toBe(0);
        const read = follower.pool.stats.lines;
        await follower.until(() => follower.records.length === read, "what was read");
        const came = follower.lines(web).slice(before);
        expect(came).toEqual(toLines(web.written).slice(0, came.length));
        before = read;
      }
      await follower.pool.attach("web");
      await follower.until(() => follower.records.length >= before + 5, "all of the last time");
      await follower.end();
      expect(follower.lines(web).slice(before)).toEqual(toLines(web.written));
      await nothingOpen(fake);
    }
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("of one that waits for its turn, or for a stream, gives both back", async () => {
    const containers = create(6);
    for (const container of containers) container.write("one");
    fake.fault = ({ path }) => (path.includes("follow=1") ? { withholdHeaders: true } : undefined);
    const source = { ...eager, rotateTimeoutMs: 2_000 };
    const follower = follow({ ...nobody, maxStreams: 2, source, from: "start" });
    for (const { id } of containers) await follower.pool.attach(id);
    await follower.until(() => follower.pool.stats.streamsWaiting === 4, "4 wait");
    await eventually(() => fake.open.follows === 2, "2 are being opened");
    for (const { id } of containers.slice(0, 5)) await follower.pool.detach(id);
    fake.fault = undefined;
    const [last] = containers.slice(5);
    if (last === undefined) throw new Error("none");
    last.cut();
    await follower.expectAll(last);
    expect(follower.pool.stats).toMatchObject({ containers: 1, streamsOpen: 1, streamsWaiting: 0 });
    await follower.end();
    await nothingOpen(fake);
    expect(follower.records).toHaveLength(1);
  });
});

describe("a container that was detached and is attached again", () => {
  it("goes on where `from` says", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow({ from: "start" });
    await follower.expectAll(web);
    const expected = texts(web.written);
    for (const [from, keeps] of [
      ["start", Infinity],
      ["now", 0],
      [{ tail: 1 }, 1],
      [{ tail: 2 }, 2],
    ] as const) {
      await follower.pool.detach("web");
      web.write(`unseen by ${JSON.stringify(from)}`);
      web.write("and one more");
      const before = texts(web.written);
      const source = await follower.pool.attach("web", { from });
      expect(follower.source(web)).toBe(source);
      web.write(`seen by ${JSON.stringify(from)}`);
      expected.push(
        ...before.slice(Math.max(0, before.length - keeps)),
        ...texts(web.written).slice(-1),
      );
      await follower.until(
        () => follower.texts(web).length >= expected.length,
        `${expected.length} lines`,
      );
      expect(follower.texts(web)).toEqual(expected);
    }
    web.restart();
    web.write("of the next run");
    expected.push("of the next run");
    await follower.until(() => follower.texts(web).length >= expected.length, "the next run");
    await follower.end();
    expect(follower.texts(web)).toEqual(expected);
    expect(follower.seen("attached")).toHaveLength(5);
    expect(follower.seen("detached")).toHaveLength(5);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("while the detach is under way gets a source of its own, whose lines come after", async () => {
    const web = fake.create({ name: "web" });
    const held = gate();
    const follower = follow({ from: "start" }, () => held.opened);
    for (let line = 0; line < 10; line++) web.write(`line ${line}`);
    await follower.attached(web);
    const first = follower.source(web);
    await follower.until(() => first.stats.lines === 10, "10 lines read");
    const detaching = follower.pool.detach("web");
    const attaching = follower.pool.attach("web", { from: "start" });
    const [, second] = await Promise.all([detaching, attaching]);
    expect(second).not.toBe(first);
    expect(follower.source(web)).toBe(second);
    expect(await first.ended).toEqual({ kind: "closed" });
    held.open();
    web.write("line 10");
    const all = toLines(web.written);
    await follower.until(() => follower.lines(web).length >= 21, "21 lines");
    expect(follower.lines(web)).toEqual([...all.slice(0, 10), ...all]);
    web.restart();
    web.write("of the next run");
    await follower.until(() => follower.lines(web).length >= 22, "22 lines");
    await follower.end();
    expect(follower.texts(web).at(-1)).toBe("of the next run");
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("again and again without waiting ends as the last call says, with one stream at most", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow({ from: "start" });
    await follower.streaming(web);
    const calls: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round++) {
      calls.push(follower.pool.detach("web"));
      // One that the next round detaches is given up.
      const attaching = follower.pool.attach("web", { from: "now" });
      calls.push(round === 19 ? attaching : attaching.catch(closed));
      await turns(round % 4);
    }
    await Promise.all(calls);
    const source = follower.source(web);
    expect(source.stats.state).not.toBe("ended");
    await follower.streaming(web);
    web.write("one");
    await follower.expectAll(web);
    await follower.pool.detach("web");
    expect(follower.pool.sources.size).toBe(0);
    expect(follower.seen("attached")).toHaveLength(follower.seen("detached").length);
    await follower.end();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    follower.expectExactly(web);
  });

  it("stays detached where the attach was there before, and failed", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow({ from: "start" });
    await follower.streaming(web);
    await follower.pool.detach("web");
    await failure(follower.pool.attach("webb"), "CONTAINER_NOT_FOUND");
    web.restart();
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    await follower.end();
  });
});

function closed(error: unknown): void {
  expect(DockspoolError.is(error, "CLOSED")).toBe(true);
}

describe("from inside the loop", () => {
  it("attach() and detach() can be awaited", async () => {
    const containers = create(10);
    for (const container of containers)
      for (const line of ["one", "two", "three"]) container.write(line);
    const follower = follow({ ...nobody, from: "start" }, async ({ container, line }) => {
      if (line !== "three") return;
      const next = Number(container.name.slice(1)) + 1;
      await follower.pool.detach(container.name);
      if (next < containers.length) await follower.pool.attach(`c${next}`);
    });
    await follower.pool.attach("c0");
    for (const container of containers) await follower.expectAll(container);
    await follower.until(() => follower.pool.sources.size === 0, "all detached");
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(follower.seen("attached")).toHaveLength(10);
    await nothingOpen(fake);
  });

  it("detach() of the container in hand, with lines waiting, keeps their order", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    for (let line = 0; line < 100; line++) web.write(`line ${line}`);
    const follower = follow({ ...nobody, from: "start" }, async (_, index) => {
      if (index !== 0) return;
      const source = follower.source(web);
      await eventually(() => source.stats.lines === 100, "all are read");
      await follower.pool.detach("web");
      await follower.pool.attach("other");
    });
    await follower.pool.attach("web");
    await follower.expectAll(web);
    other.write("one");
    await follower.expectAll(other);
    await follower.end();
    follower.expectExactly(web);
    expect(asked(fake, other, "logs")).toBeGreaterThan(0);
  });
});
