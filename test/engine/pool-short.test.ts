import { expect, onTestFinished, test } from "vitest";

import type { PoolOptions } from "../../src/index.ts";
import { CountingProxy } from "../support/counting-proxy.ts";
import { chosenRead, create, report } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import type { ComparableLine } from "../support/ground-truth.ts";
import { pause } from "../support/pause.ts";
import { comparedAll, each, followPool, runAll } from "../support/pool-following.ts";
import type { PoolFollowing } from "../support/pool-following.ts";
import { withPriority } from "../support/priority.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RunOptions } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

/** Lines of each stream. */
const LINES = 4;
const COUNT = sizes({ short: 10, long: 20 });
const TURNS = Array.from({ length: LINES }, (_, line) => line);

/** Lives for some milliseconds. */
function brief(name: string, labels: Readonly<Record<string, string>>): RunOptions {
  const script = TURNS.map((line) => `echo ${name} out ${line}; echo ${name} err ${line} >&2`);
  return { script: script.join("; "), labels, rm: true, network: "none" };
}

/**
 * Who asks in time is served by the engine before the container's exit is, as long as the machine lets both run. A machine that
 * stood still for a moment is no reason to fail, five times in a row is.
 */
const RACE = { retry: 4, ...twoSizes } as const;

function streamOf(lines: readonly ComparableLine[], stream: string): string[] {
  return lines.filter((line) => line.stream === stream).map(({ line }) => line);
}

/** Each one's lines came once, in each stream's order, and it was attached and detached once. */
async function expectEach(
  suite: string,
  following: PoolFollowing,
  containers: readonly { readonly id: string; readonly name: string }[],
  figures: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await following.until(
    `${containers.length} × detached`,
    () => following.times("detached") + following.times("skipped") >= containers.length,
  );
  await following.end();
  const lines = await following.lines();
  const detached = following.seen("detached");
  const wrong: string[] = [];
  let complete = 0;
  for (const { id, name } of containers) {
    const came = lines.get(id) ?? [];
    for (const stream of ["stdout", "stderr"]) {
      const text = stream === "stdout" ? "out" : "err";
      const expected = TURNS.map((line) => `${name} ${text} ${line}`).join("\n");
      const received = streamOf(came, stream).join("\n");
      if (received !== expected) wrong.push(`${name} ${stream}: ${JSON.stringify(received)}`);
    }
    const attached = following.seen("attached").filter(({ container }) => container.id === id);
    if (attached.length !== 1) wrong.push(`${name}: attached ${attached.length} times`);
    const reasons = detached.filter(({ container }) => container.id === id);
    const [reason] = reasons.map((status) => status.reason);
    if (reasons.length !== 1 || reason?.kind !== "removed")
      wrong.push(`${name}: detached ${reasons.length} times, ${JSON.stringify(reason)}`);
    if (reason?.kind === "removed" && reason.complete) complete += 1;
    for (const { container, error } of following.seen("skipped"))
      if (container.id === id) wrong.push(`${name}: skipped, ${error.message}`);
  }
  report(suite, {
    containers: containers.length,
    expected: 2 * LINES * containers.length,
    received: following.count(),
    "said to be complete": complete,
    ...figures,
  });
  expect(wrong).toEqual([]);
  expect(following.seen("skipped")).toEqual([]);
  expect(following.count()).toBe(2 * LINES * containers.length);
  expect(following.pool.sources.size).toBe(0);
}

describeWithEngine("a pool and containers that live for milliseconds", (engine) => {
  withPriority();

  interface Watched {
    readonly following: PoolFollowing;
    readonly proxy: CountingProxy;
    readonly labels: Readonly<Record<string, string>>;
  }

  /** A pool that is connected, and follows containers with its own label. */
  async function watch(options: PoolOptions = {}): Promise<Watched> {
    const labels = { "dockspool.test": `short-${performance.now()}` };
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(() => proxy.close());
    const following = followPool(proxy.socketPath, { select: { labels }, ...options });
    await following.until("connected", () => following.times("engine") > 0);
    return { following, proxy, labels };
  }

  async function runBrief(
    { labels }: Watched,
    count: number,
    atOnce: number,
  ): Promise<{ id: string; name: string }[]> {
    const names = Array.from({ length: count }, (_, index) => `brief-${index}`);
    return await each(
      names,
      async (name) => ({ id: await engine.run(brief(name, labels)), name }),
      atOnce,
    );
  }

  test("has all lines of `--rm` containers in a row", RACE, async () => {
    const watched = await watch();
    const containers = await runBrief(watched, sizes({ short: 20, long: 60 }), 1);
    await expectEach("--rm in a row", watched.following, containers);
    expect(watched.proxy.mostReadersOfOne).toBe(1);
    expect(watched.proxy.connections).toBe(0);
  });

  test("has all lines of `--rm` containers at once", RACE, async () => {
    const watched = await watch();
    const containers = await runBrief(watched, COUNT, COUNT);
    await expectEach("--rm at once", watched.following, containers);
    expect(watched.proxy.mostReadersOfOne).toBe(1);
  });

  test(
    "has all lines of `--rm` containers while all streams are taken by chatty ones",
    RACE,
    async () => {
      const watched = await watch({ maxStreams: 4, timeSliceMs: 500 });
      const { following, labels, proxy } = watched;
      const script = `i=0; while :; do echo line $i; i=$((i+1)); ${pause(10)}; done`;
      const chatty = await runAll(
        engine,
        Array.from({ length: 8 }, () => ({ script, labels: { ...labels, chatty: "" } })),
      );
      await following.until("lines of each", () => chatty.every((id) => following.count(id) > 20));
      const containers = await runBrief(watched, COUNT, 1);
      const isGone = (): boolean =>
        following.times("detached") + following.times("skipped") >= containers.length;
      await following.until("each × detached", isGone);
      await each(chatty, (id) => engine.kill(id));
      await following.untilRead(chatty);
      const log = await comparedAll(
        "8 chatty ones over 4 streams",
        engine,
        following,
        chatty.map((id) => ({ id })),
      );
      expect(log).toMatchObject(noDifference);
      const lines = await following.lines();
      const missing = containers.filter(({ id }) => lines.get(id)?.length !== 2 * LINES);
      report("--rm while all streams are taken", {
        missing: missing.length,
        "most streams at once at the socket": proxy.total.maxReaders,
      });
      expect(missing).toEqual([]);
      expect(following.seen("skipped")).toEqual([]);
      // What is read from files needs none.
      if (chosenRead().read === undefined) expect(proxy.total.maxReaders).toBe(4);
      else expect(proxy.total.maxReaders).toBeLessThanOrEqual(4);
      expect(proxy.mostReadersOfOne).toBe(1);
    },
  );

  test("has the logs of containers that live briefly and stay", twoSizes, async () => {
    const { following, labels, proxy } = await watch();
    const specs = Array.from({ length: COUNT }, (_, index) => ({
      ...brief(`stays-${index}`, labels),
      rm: false,
      network: "host" as const,
    }));
    const ids = await runAll(engine, specs);
    await following.until("each × attached", () => ids.every((id) => following.sources.has(id)));
    await following.untilRead(ids);
    // Each a second time: the same source.
    await each(ids, (id) => engine.start(id));
    await each(ids, (id) => engine.wait(id));
    const isAll = (id: string): boolean => following.count(id) >= 4 * LINES;
    await following.until("the second run of each", () => ids.every(isAll));
    await following.untilRead(ids);
    await following.end();
    const written = ids.map((id) => ({ id }));
    const comparison = await comparedAll("that stay, twice", engine, following, written);
    expect(comparison).toMatchObject(noDifference);
    expect(comparison.written).toBe(COUNT * 4 * LINES);
    expect(following.times("attached")).toBe(COUNT);
    expect(following.times("source gap")).toBe(0);
    expect(proxy.mostReadersOfOne).toBe(1);
  });

  test(
    "has the lines of one that was there before the pool, and starts for some milliseconds",
    RACE,
    async () => {
      const id = await create(engine, {
        script: "echo first; echo error >&2; echo last",
        rm: true,
        network: "none",
      });
      const following = followPool(engine.socketPath, {
        select: (container) => container.id === id,
        from: "now",
      });
      await following.until("connected", () => following.times("engine") > 0);
      await engine.start(id);
      await following.until(
        "detached",
        () => following.times("detached") + following.times("skipped") === 1,
      );
      await following.end();
      const lines = (await following.lines()).get(id) ?? [];
      expect(lines.map(({ line }) => line).toSorted()).toEqual(["error", "first", "last"]);
    },
  );
});
