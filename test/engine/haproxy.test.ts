import { expect, onTestFinished, test } from "vitest";

import {
  compared,
  follow,
  jsonLog,
  report,
  rotateWhile,
  run,
  whileRunning,
} from "../support/follow.ts";
import type { Following, FollowOptions } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { comparedAll, followPool, runAll } from "../support/pool-following.ts";
import { Haproxy, describeWithHaproxy } from "../support/real-engine.ts";
import type { HaproxyOptions, RealEngine, RunOptions } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const FAST_RECONNECT = { reconnect: { minDelayMs: 20, maxDelayMs: 200 } };
/** Files do not come through it. */
const THROUGH = { ...FAST_RECONNECT, read: "engine" } as const;

/** Numbered lines in bursts on both streams at once, every 500th of them of 40 KB. */
function bursts(lines: number, burst = 1_000): string {
  const program = [
    'BEGIN { pad = "0123456789abcdef"; while (length(pad) < 40000) pad = pad pad;',
    `  for (i = 0; i < ${lines}; i++) {`,
    "    print name, i, substr(pad, 1 + i % 16, i % 500 == 7 ? 40000 : 20 + i % 60);",
    `    if (i % ${burst} == ${burst - 1}) { fflush(); system("usleep 100000") }`,
    "  }",
    "}",
  ].join(" ");
  return `awk -v name=out '${program}' & awk -v name=err '${program}' >&2 & wait`;
}

/** Until the container is killed. */
const ENDLESS = bursts(1e9, 250);

/** In front of the engine until the running test ends. */
async function startHaproxy(engine: RealEngine, options?: HaproxyOptions): Promise<Haproxy> {
  const haproxy = await Haproxy.start(engine.ownSocketPath, options);
  onTestFinished(() => haproxy.close());
  return haproxy;
}

/** Takes turns: reloaded, all connections cut, killed and started again. */
function disturb(haproxy: Haproxy, turn: number): Promise<void> {
  if (turn % 3 === 0) return haproxy.reload();
  return turn % 3 === 1 ? haproxy.cut() : haproxy.restart();
}

describeWithHaproxy("a container that is followed through HAProxy", (engine) => {
  interface Story extends FollowOptions {
    readonly container: RunOptions;
    readonly proxy?: HaproxyOptions;
    /** What happens while the container writes; gives figures. */
    readonly meanwhile: (
      following: Following,
      running: () => boolean,
      haproxy: Haproxy,
      /** Ends the container. */
      end: () => Promise<void>,
    ) => Promise<Readonly<Record<string, number>>>;
  }

  /** Follows a container until it stops, and compares what came with the engine's own log. */
  async function expectExact(
    name: string,
    { container, proxy, meanwhile, ...options }: Story,
  ): Promise<Following> {
    const haproxy = await startHaproxy(engine, proxy);
    const id = await run(engine, container);
    const following = follow(haproxy.socketPath, id, { ...THROUGH, ...options });
    await following.untilCount(1);
    const load = whileRunning(engine, id);
    const figures = await meanwhile(
      following,
      () => load.running,
      haproxy,
      () => engine.kill(id),
    );
    await load.ended;
    await following.untilStopped();
    await following.source.close();
    const log = await jsonLog(engine, id, container.tty);
    const reconnects = following.of("reconnecting").length;
    expect(compared(name, log, following, { ...figures, reconnects })).toEqual(noDifference);
    expect(following.of("gap")).toEqual([]);
    return following;
  }

  /** Rotates so often with lines between, and ends the container. */
  function rotated(rotations: number): Story["meanwhile"] {
    return async (following, _running, _haproxy, end) => {
      const { withLines } = await rotateWhile(following, "lines", (count) => count < rotations);
      await end();
      expect(withLines).toBeGreaterThanOrEqual(rotations - 1);
      return { withLines };
    };
  }

  /** Disturbs so often with lines between, and ends the container. */
  function disturbed(times: number): Story["meanwhile"] {
    return async (following, _running, haproxy, end) => {
      for (let cuts = 0; cuts < times; cuts++) {
        const enough = following.lines.length + 500;
        await following.until("more lines", () => following.lines.length >= enough);
        await disturb(haproxy, cuts);
      }
      await end();
      return { cuts: times };
    };
  }

  test("comes line by line over rotations", twoSizes, async () => {
    const meanwhile = rotated(sizes({ short: 6, long: 25 }));
    await expectExact("haproxy, rotated", { container: { script: ENDLESS }, meanwhile });
  });

  test("comes line by line over rotations on a terminal", twoSizes, async () => {
    const container = { script: ENDLESS, tty: true };
    const meanwhile = rotated(sizes({ short: 5, long: 15 }));
    await expectExact("haproxy, rotated, terminal", { container, meanwhile });
  });

  test(
    "comes line by line while HAProxy is reloaded, cuts all connections and is killed",
    twoSizes,
    async () => {
      const meanwhile = disturbed(sizes({ short: 6, long: 12 }));
      await expectExact("haproxy, cut", { container: { script: ENDLESS }, meanwhile });
    },
  );

  test(
    "comes line by line on a terminal while HAProxy is reloaded, cuts and is killed",
    twoSizes,
    async () => {
      const container = { script: ENDLESS, tty: true };
      const meanwhile = disturbed(sizes({ short: 6, long: 9 }));
      await expectExact("haproxy, cut, terminal", { container, meanwhile });
    },
  );

  test(
    "comes line by line while HAProxy cuts each stream that is quiet, also in mid-line",
    twoSizes,
    async () => {
      const rounds = sizes({ short: 5, long: 12 });
      const script = `for i in $(seq 1 ${rounds}); do seq 1 50; echo error $i >&2; printf begun; sleep 0.$((i%6+4)); echo ended; done`;
      const following = await expectExact("haproxy, quiet streams cut", {
        container: { script },
        proxy: { quietMs: 250 },
        meanwhile: async (all, running) => {
          await all.until("the end of the load", () => !running() || all.of("stopped").length > 0);
          return {};
        },
      });
      expect(following.of("reconnecting").length).toBeGreaterThanOrEqual(3);
    },
  );
});

describeWithHaproxy("a plain read through HAProxy that is cut midway", (engine) => {
  const LINES = sizes({ short: 15_000, long: 60_000 });
  const TEXT = "x".repeat(100);

  test.each([
    { what: "follow: false", options: { follow: false }, kind: "finished" },
    { what: "a stopped container", options: { followRestarts: false }, kind: "stopped" },
  ])("is never taken for the log's end: $what", twoSizes, async ({ what, options, kind }) => {
    const haproxy = await startHaproxy(engine);
    const script = `yes ${TEXT} | head -n ${LINES}; echo end`;
    const id = await run(engine, { script });
    await engine.wait(id);
    const log = await jsonLog(engine, id);
    let cuts = 0;
    const following = follow(haproxy.socketPath, id, {
      ...THROUGH,
      ...options,
      // So little that the rest of the log has not left the engine when the connection is cut.
      bufferBytes: 65_536,
      handle: async () => {
        if (cuts === 4 || following.lines.length < ((cuts + 1) * LINES) / 6) return;
        await disturb(haproxy, cuts++);
      },
    });
    expect(await following.done).toEqual({ kind });
    const figures = { cuts, reconnects: following.of("reconnecting").length };
    expect(compared(`haproxy, plain read, ${what}`, log, following, figures)).toEqual(noDifference);
    expect(log.length).toBe(LINES + 1);
    expect(figures).toMatchObject({ cuts: 4 });
    expect(figures.reconnects).toBeGreaterThanOrEqual(4);
  });

  test("because its reader was slow: nor is that", twoSizes, async () => {
    const haproxy = await startHaproxy(engine, { quietMs: 200 });
    const id = await run(engine, { script: `yes ${TEXT} | head -n ${LINES}; echo end` });
    await engine.wait(id);
    const log = await jsonLog(engine, id);
    let waits = 0;
    const following = follow(haproxy.socketPath, id, {
      ...THROUGH,
      follow: false,
      bufferBytes: 65_536,
      handle: async () => {
        if (waits === 2 || following.lines.length < ((waits + 1) * LINES) / 3) return;
        waits += 1;
        await new Promise((resolve) => setTimeout(resolve, 600));
      },
    });
    expect(await following.done).toEqual({ kind: "finished" });
    const figures = { waits, reconnects: following.of("reconnecting").length };
    expect(compared("haproxy, slow reader", log, following, figures)).toEqual(noDifference);
    expect(figures.reconnects).toBeGreaterThanOrEqual(1);
  });
});

describeWithHaproxy("a pool of 10 containers through HAProxy's TCP port", (engine) => {
  test(
    "loses no line and repeats none while it rotates and HAProxy is reloaded and killed",
    twoSizes,
    async () => {
      const lines = sizes({ short: 2_000, long: 4_000 });
      const haproxy = await startHaproxy(engine);
      const labels = { "dockspool.test": "haproxy" };
      const following = followPool("", {
        engines: { main: { host: "127.0.0.1", port: haproxy.port, protocol: "http" } },
        read: "engine",
        select: { labels },
        maxStreams: 6,
        timeSliceMs: 200,
        rotation: { everyMs: 500 },
        source: FAST_RECONNECT,
      });
      const specs = Array.from({ length: 10 }, (_, index) => {
        return { script: bursts(lines, 100), tty: index === 0, labels };
      });
      const ids = await runAll(engine, specs);
      const loads = ids.map((id) => whileRunning(engine, id));
      const isRunning = (): boolean => loads.some(({ running }) => running);
      let cuts = 0;
      for (; isRunning(); cuts++) {
        const enough = following.count() + 500;
        await following.until(
          "more lines, or the end of the load",
          () => following.count() >= enough || !isRunning(),
        );
        await disturb(haproxy, cuts);
      }
      await Promise.all(loads.map(({ ended }) => ended));
      const logs = await Promise.all(ids.map((id, index) => jsonLog(engine, id, index === 0)));
      const written = logs.reduce((sum, log) => sum + log.length, 0);
      await following.until("every line", () => following.count() >= written);
      await following.pool.close();
      const containers = ids.map((id, index) => ({ id, tty: index === 0 }));
      const comparison = await comparedAll("haproxy, pool", engine, following, containers, {
        cuts,
      });
      expect(comparison).toMatchObject(noDifference);
      expect(comparison.written).toBe(10 * 2 * lines);
      expect(cuts).toBeGreaterThanOrEqual(sizes({ short: 3, long: 4 }));
      expect(following.times("source gap")).toBe(0);
    },
  );
});

describeWithHaproxy("quiet streams that are rotated through HAProxy", (engine) => {
  test.each([
    { what: "are given back by the engine with", abortOnClose: true },
    { what: "stay open at the engine without", abortOnClose: false },
  ])("$what `option abortonclose`", async ({ abortOnClose }) => {
    const haproxy = await startHaproxy(engine, { abortOnClose });
    const id = await run(engine, { script: "echo up; exec sleep 600" });
    const following = follow(haproxy.socketPath, id, THROUGH);
    await following.untilCount(1);
    const before = (await engine.info()).NFd;
    for (let rotation = 0; rotation < 20; rotation++) await following.source.rotate();
    const grown = async (): Promise<number> => (await engine.info()).NFd - before;
    // One stream is a connection and the log's file; a few may just be closing.
    if (abortOnClose) await expect.poll(grown, { timeout: 60_000 }).toBeLessThan(10);
    else expect(await grown()).toBeGreaterThanOrEqual(20);
    report("haproxy, quiet streams", { abortOnClose, "engine descriptors more": await grown() });
    // Nothing of them is left when HAProxy has gone.
    await following.source.close();
    await haproxy.close();
    await expect.poll(grown, { timeout: 60_000 }).toBeLessThan(10);
  });
});
