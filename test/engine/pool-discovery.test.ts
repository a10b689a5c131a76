import { link, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, onTestFinished, test, vi } from "vitest";

import type { PoolOptions } from "../../src/index.ts";
import { CountingProxy } from "../support/counting-proxy.ts";
import { follow, jsonLog, report } from "../support/follow.ts";
import { compareLines, noDifference, readJsonLogs } from "../support/ground-truth.ts";
import {
  comparedAll,
  comparedWith,
  each,
  followPool,
  removeQuietly,
  runAll,
} from "../support/pool-following.ts";
import type { PoolFollowing } from "../support/pool-following.ts";
import { pause } from "../support/pause.ts";
import { programPath } from "../support/program-path.ts";
import { RealEngine, hasEngine, describeWithEngine } from "../support/real-engine.ts";

/** A line of each stream every few milliseconds; says so when it is stopped. */
const STEADY =
  "trap 'echo last; echo last >&2; exit 0' TERM; " +
  `i=0; while :; do echo line $i; [ $((i%10)) = 0 ] && echo error $i >&2; i=$((i+1)); ${pause(5)}; done`;
const FAST_RECONNECT = { source: { reconnect: { minDelayMs: 20, maxDelayMs: 200 } } };

let names = 0;

/** A name, or a label, that no other container of the engine has. */
function unique(text: string): string {
  names += 1;
  return `${text}-${process.pid}-${names}`;
}

function attachedNames(following: PoolFollowing): string[] {
  return following
    .seen("attached")
    .map(({ container }) => container.name)
    .toSorted();
}

describeWithEngine("a pool's selection on a real engine", (engine) => {
  test("goes by names, images, labels, and the labels of docker compose", async () => {
    const shop = unique("shop");
    const web = `${shop}-web-1`;
    const worker = `${shop}-worker-1`;
    const other = `${unique("other")}-web-1`;
    const composed = (project: string, service: string): Record<string, string> => ({
      "com.docker.compose.project": project,
      "com.docker.compose.service": service,
      "com.docker.compose.oneoff": "False",
      "dockspool.test": shop,
    });
    const script = "echo hello; sleep 600";
    await runAll(engine, [
      { script, name: web, labels: composed(shop, "web") },
      { script, name: other, labels: composed("elsewhere", "web") },
    ]);
    const select = (options: NonNullable<PoolOptions["select"]>): PoolFollowing =>
      followPool(engine.socketPath, { select: options });
    const image = { images: ["bb:*"], labels: { "dockspool.test": shop } };
    const pools = {
      project: select({ compose: { project: shop } }),
      service: select({ compose: { project: shop, service: "worker" } }),
      anyWeb: select({ compose: { service: /^web$/ }, labels: { "dockspool.test": shop } }),
      name: select({ names: [`${shop}-*`] }),
      excluded: select({ ...image, exclude: { compose: { service: "web" } } }),
      byFunction: select(
        ({ labels, image: of }) => of === "bb:1" && labels["dockspool.test"] === shop,
      ),
    };
    for (const [name, following] of Object.entries(pools))
      await following.until(`${name} connected`, () => following.times("engine") > 0);
    await runAll(engine, [{ script, name: worker, labels: composed(shop, "worker") }]);
    const expected: Record<keyof typeof pools, string[]> = {
      project: [web, worker],
      service: [worker],
      anyWeb: [other, web],
      name: [web, worker],
      excluded: [worker],
      byFunction: [other, web, worker],
    };
    for (const [name, following] of Object.entries(pools))
      await following.until(
        `${name} all`,
        () => following.count() === expected[name as keyof typeof pools].length,
      );
    const attached = Object.entries(pools).map(([name, pool]) => [name, attachedNames(pool)]);
    expect(Object.fromEntries(attached)).toEqual(expected);
  });

  test("follows renames, and attaches what has a chosen name by then", async () => {
    const [before, after] = [unique("plain"), unique("chosen")];
    const elsewhere = unique("other");
    const [id = ""] = await runAll(engine, [{ script: STEADY, name: before }]);
    const following = followPool(engine.socketPath, {
      select: { names: [`chosen-${process.pid}-*`] },
    });
    await following.until("connected", () => following.times("engine") > 0);
    await engine.docker(["rename", before, after]);
    await following.untilCount(id, 20);
    await engine.docker(["rename", after, elsewhere]);
    await following.until("renamed", () => following.of(id, "renamed").length === 1);
    expect(following.of(id, "renamed")).toEqual([{ type: "renamed", from: after, to: elsewhere }]);
    await following.untilCount(id, following.count(id) + 20);
    expect(following.sources.get(id)?.info?.name).toBe(elsewhere);
    await engine.kill(id);
    await following.untilRead([id]);
    expect(attachedNames(following)).toEqual([after]);
    expect(await comparedAll("renamed", engine, following, [{ id }])).toMatchObject(noDifference);
  });
});

describeWithEngine("a pool and containers that come and go", (engine) => {
  test("follows one over stop, start, kill and restart as the same source", async () => {
    const label = unique("again");
    const [id = ""] = await runAll(engine, [{ script: STEADY, labels: { [label]: "" } }]);
    const following = followPool(engine.socketPath, { select: { labels: { [label]: true } } });
    for (const how of ["stop", "kill", "restart", "stop"] as const) {
      await following.untilCount(id, following.count(id) + 30);
      if (how === "restart") {
        await engine.docker(["restart", "-t", "1", id]);
        continue;
      }
      await engine[how](id);
      await following.untilRead([id]);
      await engine.start(id);
    }
    await following.untilCount(id, following.count(id) + 30);
    await engine.kill(id);
    await following.untilRead([id]);
    const comparison = await comparedAll("the same source", engine, following, [{ id }]);
    expect(comparison).toMatchObject(noDifference);
    expect(following.seen("attached").length).toBe(1);
    expect(following.seen("detached")).toEqual([]);
    expect(following.of(id, "restarted").length).toBe(4);
  });

  test("takes one that was made anew under its name for another, whose lines come after", async () => {
    const name = unique("anew");
    const label = unique("anew");
    const following = followPool(engine.socketPath, { select: { names: [name] } });
    await following.until("connected", () => following.times("engine") > 0);
    const spec = { script: STEADY, name, labels: { [label]: "" } };
    const kept = await mkdtemp(join(engine.directory, "data", "kept-"));
    onTestFinished(() => rm(kept, { recursive: true, force: true }));
    const ids: string[] = [];
    const ROUNDS = 4;
    for (let round = 0; round < ROUNDS; round++) {
      const [id = ""] = await runAll(engine, [spec]);
      ids.push(id);
      await following.untilCount(id, 30);
      if (round === ROUNDS - 1) break;
      const [path = ""] = await engine.jsonLogPaths(id);
      await link(path, join(kept, id));
      // As docker compose does: stopped, removed, and made anew at once.
      await engine.stop(id);
      await engine.rm(id);
    }
    const last = ids.at(-1) ?? "";
    await engine.kill(last);
    await following.untilRead(ids);
    const truth = await each(ids, async (id) => {
      if (id === last) return [id, await jsonLog(engine, id)] as const;
      return [id, await readJsonLogs([join(kept, id)])] as const;
    });
    const reasons = following.seen("detached").map(({ reason }) => reason);
    const comparison = await comparedWith("made anew", following, truth, {
      complete: reasons.filter((reason) => reason.kind === "removed" && reason.complete).length,
    });
    expect(following.seen("attached").map(({ container }) => container.id)).toEqual(ids);
    expect(reasons.map(({ kind }) => kind)).toEqual(Array(ROUNDS - 1).fill("removed"));
    expect(comparison).toMatchObject(noDifference);
    for (const [round, id] of ids.slice(1).entries()) {
      const before = following.places(ids[round] ?? "").lastAt;
      expect(before).toBeLessThan(following.places(id).firstAt);
    }
  });

  test("loses no line of 12 that are stopped, killed, restarted and started over 3 streams", async () => {
    const label = unique("churn");
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(() => proxy.close());
    const specs = Array.from({ length: 12 }, () => ({ script: STEADY, labels: { [label]: "" } }));
    const ids = await runAll(engine, specs);
    const following = followPool(proxy.socketPath, {
      select: { labels: { [label]: true } },
      maxStreams: 3,
      timeSliceMs: 200,
      rotation: { everyMs: 100 },
    });
    const actions = ["stop", "kill", "restart"] as const;
    let changes = 0;
    for (let round = 0; round < 2; round++) {
      await following.until("lines of each", () =>
        ids.every((id) => following.count(id) > 50 * round),
      );
      await each(ids, async (id, index) => {
        const action = actions[(index + round) % 3];
        changes += 1;
        if (action === "restart") await engine.docker(["restart", "-t", "1", id]);
        else {
          await (action === "stop" ? engine.stop(id) : engine.kill(id));
          // Some of them at once, while their end is still being read.
          if (index % 2 === 0) await following.untilRead([id]);
          await engine.start(id);
        }
      });
    }
    await each(ids, (id) => engine.kill(id));
    await following.untilRead(ids);
    const written = ids.map((id) => ({ id }));
    const comparison = await comparedAll("come and go", engine, following, written, {
      changes,
      "most streams at once at the socket": proxy.total.maxReaders,
      "most of one container": proxy.mostReadersOfOne,
    });
    expect(comparison).toMatchObject(noDifference);
    expect(following.seen("attached").length).toBe(ids.length);
    expect(following.seen("detached")).toEqual([]);
    expect(following.times("source gap")).toBe(0);
    expect(proxy.total.maxReaders).toBe(3);
    expect(proxy.mostReadersOfOne).toBe(1);
  });
});

describeWithEngine("a pool that begins now", (engine) => {
  test("has what is written from the discovery on, though the first turn comes later", async () => {
    const label = unique("now");
    const specs = Array.from({ length: 10 }, () => ({ script: STEADY, labels: { [label]: "" } }));
    const ids = await runAll(engine, specs);
    for (const id of ids) {
      await vi.waitUntil(async () => (await jsonLog(engine, id)).length > 0, { timeout: 60_000 });
    }
    const attachedAt = new Map<string, string>();
    const following = followPool(engine.socketPath, {
      select: { labels: { [label]: true } },
      from: "now",
      maxStreams: 2,
      timeSliceMs: 300,
    });
    following.pool.on("status", ({ type, ...status }) => {
      if (type === "attached" && "container" in status)
        attachedAt.set(status.container.id, new Date().toISOString());
    });
    await following.until("lines of each", () => ids.every((id) => following.count(id) > 50));
    await each(ids, (id) => engine.kill(id));
    await following.untilRead(ids);
    const received = await following.lines();
    let before = 0;
    const truth = await each(ids, async (id) => {
      const log = await jsonLog(engine, id);
      const old = log.length - (received.get(id)?.length ?? 0);
      before += old;
      const missed = log
        .slice(0, old)
        .filter(({ timestamp }) => timestamp > (attachedAt.get(id) ?? ""));
      expect(missed).toEqual([]);
      expect(old).toBeGreaterThan(0);
      return [id, log.slice(old)] as const;
    });
    const comparison = await comparedWith("from now", following, truth, { "left out": before });
    expect(comparison).toMatchObject(noDifference);
  });
});

describeWithEngine("containers that are attached and detached by hand", (engine) => {
  test("have one source and one reader, whatever calls overlap", async () => {
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(() => proxy.close());
    const name = unique("by-hand");
    const [id = ""] = await runAll(engine, [{ script: STEADY, name }]);
    const following = followPool(proxy.socketPath, { discover: false });
    const { pool } = following;
    const sources = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        pool.attach([id, name, id.slice(0, 12)][index % 3] ?? id),
      ),
    );
    expect(new Set(sources).size).toBe(1);
    await following.untilCount(id, 30);
    await Promise.all([pool.rotate(name), pool.rotate(id), pool.attach(id), pool.rotate()]);
    await following.untilCount(id, following.count(id) + 30);
    await Promise.all([pool.detach(name), pool.detach(id)]);
    await following.until("all of it", () => following.count(id) === sources[0]?.stats.lines);
    expect(pool.sources.size).toBe(0);
    const delivered = (await following.lines()).get(id) ?? [];
    // Right behind what was delivered another source goes on.
    const cursor = sources[0]?.cursor;
    if (cursor === undefined) throw new Error("The source has no cursor.");
    const rest = follow(proxy.socketPath, id, { resume: cursor });
    await rest.untilCount(30);
    await engine.kill(id);
    await rest.untilStopped();
    await rest.source.close();
    const log = await jsonLog(engine, id);
    report("by hand", { written: log.length, pool: delivered.length, rest: rest.lines.length });
    expect(compareLines(log, [...delivered, ...rest.lines])).toEqual(noDifference);
    await expect(pool.attach("nobody")).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });
    expect(proxy.counts(id)).toMatchObject({ follows: 0, reads: 0 });
    expect(proxy.mostReadersOfOne).toBe(1);
  });
});

describe.skipIf(!hasEngine())("a pool whose engine goes away", () => {
  async function start(directory?: string): Promise<RealEngine> {
    const engine = await RealEngine.start({
      liveRestore: true,
      ...(directory === undefined ? {} : { directory }),
    });
    onTestFinished(() => engine.stop());
    return engine;
  }

  function states(following: PoolFollowing): string[] {
    return following.seen("engine").map(({ state }) => state);
  }

  test("loses no line of 10 containers when the daemon is killed and started again", async () => {
    const engine = await start();
    const ids = await runAll(
      engine,
      Array.from({ length: 10 }, () => ({ script: STEADY })),
    );
    // With a stream for each, and with turns.
    const pools = [128, 4].map((maxStreams) =>
      followPool(engine.socketPath, { ...FAST_RECONNECT, maxStreams, timeSliceMs: 300 }),
    );
    const CRASHES = 2;
    const late: string[] = [];
    for (let crash = 1; crash <= CRASHES; crash++) {
      for (const following of pools) {
        const goal = new Map(ids.map((id) => [id, following.count(id) + 30]));
        const isThere = (id: string): boolean => following.count(id) >= (goal.get(id) ?? 0);
        await following.until("lines of each", () => ids.every(isThere));
      }
      await engine.killDaemon();
      for (const following of pools)
        await following.until("disconnected", () => states(following).at(-1) === "disconnected");
      await engine.startDaemon();
      // Before the pools have found the engine again, or just then.
      late.push(...(await runAll(engine, [{ script: STEADY }])));
      for (const following of pools)
        await following.until("connected", () => states(following).at(-1) === "connected");
    }
    const all = [...ids, ...late];
    for (const following of pools)
      await following.until("lines of all", () => all.every((id) => following.count(id) > 50));
    await each(all, (id) => engine.kill(id));
    for (const [index, following] of pools.entries()) {
      await following.untilRead(all);
      const written = all.map((id) => ({ id }));
      const name = `daemon killed, ${index === 0 ? "a stream for each" : "4 streams"}`;
      const comparison = await comparedAll(name, engine, following, written, { crashes: CRASHES });
      expect(comparison).toMatchObject(noDifference);
      expect(following.seen("attached").length).toBe(all.length);
      expect(following.seen("detached")).toEqual([]);
      expect(following.times("source gap")).toBe(0);
      expect(states(following)).toEqual([
        "connected",
        ...Array.from({ length: CRASHES }, () => ["disconnected", "connected"]).flat(),
      ]);
    }
  });

  test("goes on with another engine, undisturbed", async () => {
    const [steady, shaky] = await Promise.all([start(), start()]);
    const script = STEADY;
    const [here = ""] = await runAll(steady, [{ script, name: "same-name" }]);
    const [there = ""] = await runAll(shaky, [{ script, name: "same-name" }]);
    const following = followPool(steady.socketPath, {
      ...FAST_RECONNECT,
      engines: {
        steady: { socketPath: steady.socketPath },
        shaky: { socketPath: shaky.socketPath },
      },
    });
    await following.untilCount(there, 30);
    await shaky.killDaemon();
    await following.until("disconnected", () => states(following).includes("disconnected"));
    await following.untilCount(here, following.count(here) + 50);
    await shaky.startDaemon();
    await following.untilCount(there, following.count(there) + 30);
    // A source may find it before the pool's own look does.
    await following.until("connected again", () => states(following).length === 4);
    await Promise.all([steady.kill(here), shaky.kill(there)]);
    await following.untilRead([here, there]);
    const truth = [
      [here, await jsonLog(steady, here)],
      [there, await jsonLog(shaky, there)],
    ] as const;
    expect(await comparedWith("two engines", following, truth)).toMatchObject(noDifference);
    const told = following.seen("engine").map(({ engine, state }) => `${engine} ${state}`);
    expect(told.toSorted()).toEqual(
      ["steady connected", "shaky connected", "shaky disconnected", "shaky connected"].toSorted(),
    );
    expect(following.of(here, "reconnecting")).toEqual([]);
    expect(following.sources.get(there)?.info?.engine).toBe("shaky");
  });

  test("waits for one that is not there yet, and reads from their start what is made then", async () => {
    const parent = await mkdtemp(join(tmpdir(), "dp-"));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
    const directory = join(parent, "engine");
    const following = followPool(join(directory, "docker.sock"), {
      ...FAST_RECONNECT,
      from: "now",
    });
    await following.until("disconnected", () => following.times("engine") > 0);
    const [status] = following.seen("engine");
    expect(status).toMatchObject({ engine: "default", state: "disconnected" });
    expect(String(status?.error)).toContain("docker.sock");
    const engine = await start(directory);
    const ids = await runAll(engine, [{ script: STEADY }, { script: STEADY, tty: true }]);
    await following.until("lines of each", () => ids.every((id) => following.count(id) > 30));
    await each(ids, (id) => engine.kill(id));
    await following.untilRead(ids);
    const written = ids.map((id, index) => ({ id, tty: index === 1 }));
    const comparison = await comparedAll("engine not there yet", engine, following, written);
    expect(comparison).toMatchObject(noDifference);
    expect(states(following)).toEqual(["disconnected", "connected"]);
    expect(following.seen("attached").length).toBe(2);
  });
});

describeWithEngine("a pool that runs in a container of the engine", (engine) => {
  const project = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  interface Inside {
    readonly id: string;
    readonly name: string;
  }
  const program = programPath("test/engine/fixtures/watches-from-inside.ts");

  /** Runs the program in a container that has the host's node, this project, and the engine's socket. */
  async function watchFromInside(
    label: string,
    excludeSelf: boolean,
    networking: Readonly<Record<string, string>> = { NetworkMode: "none" },
  ): Promise<Inside> {
    const name = unique("inside");
    const mounted = ["/usr", "/lib", "/lib64", project, dirname(process.execPath)];
    const answer = await engine.api({
      method: "POST",
      path: `/containers/create?name=${name}`,
      body: {
        Image: "bb:1",
        Cmd: [process.execPath, program, "/engine/docker.sock", label, String(excludeSelf)],
        WorkingDir: project,
        Labels: { [label]: "" },
        HostConfig: {
          ...networking,
          Binds: [
            ...[...new Set(mounted)].map((path) => `${path}:${path}:ro`),
            `${engine.directory}:/engine`,
          ],
        },
      },
    });
    expect(answer.text).toContain("Id");
    const { Id: id }: { Id: string } = JSON.parse(answer.text);
    onTestFinished(() => removeQuietly(engine, id));
    await engine.start(id);
    return { id, name };
  }

  async function said(id: string): Promise<string[]> {
    const lines = await jsonLog(engine, id);
    return lines.map(({ line }) => line);
  }

  /** What it has said, once it has said all of `texts`, or has ended. */
  async function untilSaid(id: string, texts: readonly string[]): Promise<string[]> {
    const isOver = { now: false };
    const ended = engine.wait(id).then(
      () => (isOver.now = true),
      () => (isOver.now = true),
    );
    for (;;) {
      const wasOver = isOver.now;
      const all = await said(id);
      if (wasOver || texts.every((text) => all.includes(text))) return all;
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
  }

  test.each([true, false])("leaves itself out or not: excludeSelf %s", async (excludeSelf) => {
    const label = unique("self");
    const [early, late] = [unique("early"), unique("late")];
    const spec = { script: "echo hello; sleep 600", labels: { [label]: "" } };
    await runAll(engine, [{ ...spec, name: early }]);
    const { id, name } = await watchFromInside(label, excludeSelf);
    // It has looked at what is there.
    await untilSaid(id, [`read ${early}: hello`]);
    await runAll(engine, [{ ...spec, name: late }]);
    const own = excludeSelf ? [] : [`attached ${name}`];
    const all = await untilSaid(id, [...own, `read ${late}: hello`]);
    expect(all.filter((text) => !own.includes(text)).toSorted()).toEqual(
      [early, late].flatMap((one) => [`attached ${one}`, `read ${one}: hello`]).toSorted(),
    );
    expect(all.filter((text) => text === `attached ${name}`).length).toBe(own.length);
  });

  test.each(["host", "private"])(
    "leaves itself out, and not the one whose network it shares: control groups %s",
    async (CgroupnsMode) => {
      const label = unique("shares");
      const friend = unique("friend");
      const spec = { script: "echo hello; sleep 600", labels: { [label]: "" } };
      const [shared = ""] = await runAll(engine, [{ ...spec, name: friend, network: "none" }]);
      const NetworkMode = `container:${shared}`;
      const { id } = await watchFromInside(label, true, { NetworkMode, CgroupnsMode });
      const late = unique("late");
      await untilSaid(id, [`read ${friend}: hello`]);
      await runAll(engine, [{ ...spec, name: late }]);
      const all = await untilSaid(id, [`read ${late}: hello`]);
      expect(all.toSorted()).toEqual(
        [friend, late].flatMap((one) => [`attached ${one}`, `read ${one}: hello`]).toSorted(),
      );
    },
  );
});
