import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FileCheckpointStore } from "../../src/index.ts";
import { BOUNDS } from "../../src/pool/health/bounds.ts";
import { Scraper } from "../support/exposition.ts";
import type { Exposition } from "../support/exposition.ts";
import { jsonLog } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { HangingProxy } from "../support/hanging-proxy.ts";
import { pause } from "../support/pause.ts";
import { comparedAll, followPool, runAll } from "../support/pool-following.ts";
import type { PoolFollowing } from "../support/pool-following.ts";
import { RealEngine, describeWithEngine, hasEngine } from "../support/real-engine.ts";
import { later } from "../support/watched-pool.ts";

/** A hundred lines a second, on two streams. */
const STEADY = `i=0; while :; do echo line $i; [ $((i%10)) = 0 ] && echo error $i >&2; i=$((i+1)); ${pause(10)}; done`;
const source = { reconnect: { minDelayMs: 20, maxDelayMs: 200 }, checkpointEveryMs: 1 };
const LAG = "dockspool_container_log_lag_seconds";
const HEALTH = "dockspool_component_health";

/** Since another scrape. */
function rise(name: string, now: Exposition, before: Exposition, labels = {}): number {
  return now.sum(`dockspool_${name}`, labels) - before.sum(`dockspool_${name}`, labels);
}

/** Health as it will be behind a bound, if nothing changes. */
function componentIn(ms: number, { pool }: PoolFollowing, name: string): string {
  const { status, detail } = later(ms, () => pool.health()).components[name] ?? {};
  return `${status}: ${detail}`;
}

/** Each line of these containers has come, and what series count is what the engine has. */
async function expectExact(
  suite: string,
  engine: RealEngine,
  following: PoolFollowing,
  scraper: Scraper,
  id: string,
): Promise<void> {
  await following.until("health", () => following.pool.health().status === "healthy");
  await scraper.until((now) => now.sum(LAG) < 2 && now.value("dockspool_ready") === 1, "no lag");
  await engine.kill(id);
  await following.untilRead([id]);
  expect(await comparedAll(suite, engine, following, [{ id }])).toMatchObject(noDifference);
  const log = await jsonLog(engine, id);
  const scraped = await scraper.until((now) => now.sum(LAG) === 0, "the end of the log");
  for (const stream of ["stdout", "stderr"])
    expect(scraped.value("dockspool_log_lines_total", { stream })).toBe(
      log.filter((line) => line.stream === stream).length,
    );
  expect(scraped.sum("dockspool_log_lines_delivered_total")).toBe(log.length);
}

describe.skipIf(!hasEngine())("an engine that is stopped", () => {
  test("is seen by health and by the series, and so is its way back", async () => {
    const engine = await RealEngine.start({ liveRestore: true });
    onTestFinished(() => engine.stop());
    const [id = ""] = await runAll(engine, [{ script: STEADY, name: "web" }]);
    const following = followPool(engine.socketPath, { read: "engine", source });
    const scraper = new Scraper(following.pool);
    await following.untilCount(id, 50);
    const before = await scraper.until((now) => now.value("dockspool_ready") === 1);
    await engine.killDaemon();
    const component = "engine:default";
    await scraper.until(
      (now) =>
        now.value(HEALTH, { component }) === 0 &&
        rise("container_stream_reconnects_total", now, before) > 0 &&
        rise("container_stream_errors_total", now, before, { reason: "ENGINE_UNREACHABLE" }) > 0 &&
        now.value(LAG, { container_name: "web" }) > 0.2,
      "the fault",
    );
    expect(componentIn(0, following, component)).toMatch(/^unhealthy: .*Can't reach the engine/);
    expect(following.pool.health().status).toBe("unhealthy");
    await engine.startDaemon();
    await following.untilCount(id, following.count(id) + 50);
    await expectExact("engine stopped", engine, following, scraper, id);
  });
});

describeWithEngine("on a real engine, health and series show", (engine) => {
  test("capture that stands still behind a proxy, while all else lives", async () => {
    await using proxy = await HangingProxy.start(engine.socketPath);
    const label = `faults-${process.pid}-still`;
    const [id = ""] = await runAll(engine, [{ script: STEADY, labels: { [label]: "" } }]);
    const following = followPool(engine.socketPath, {
      engines: { default: { socketPath: proxy.socketPath, connectTimeoutMs: 300 } },
      read: "engine",
      select: { labels: { [label]: true } },
      source: { ...source, stallProbeMs: 400 },
    });
    const scraper = new Scraper(following.pool);
    await following.untilCount(id, 50);
    const before = await scraper.until((now) => now.value("dockspool_ready") === 1);
    proxy.hang();
    await following.until("health", () =>
      /^unhealthy: .* can't be followed for/.test(
        componentIn(BOUNDS.troubleMs, following, "streams"),
      ),
    );
    const still = await scraper.until((now) => now.sum(LAG) > 0.5, "a lag");
    // Nobody but them says so.
    expect(still.value(HEALTH, { component: "engine:default" })).toBe(1);
    expect(still.value(HEALTH, { component: "discovery" })).toBe(1);
    const count = following.count(id);
    const longer = await scraper.until((now) => now.sum(LAG) > still.sum(LAG) + 0.3, "more lag");
    expect(following.count(id)).toBe(count);
    expect(rise("log_lines_total", longer, still)).toBe(0);
    proxy.release();
    await scraper.until(
      (now) => rise("container_stream_stalls_total", now, before) === 1,
      "a stall",
    );
    await following.untilCount(id, count + 50);
    await expectExact("capture stood still", engine, following, scraper, id);
  });

  test("a gap, where the engine has thrown lines away meanwhile", async () => {
    await using proxy = await HangingProxy.start(engine.socketPath);
    const label = `faults-${process.pid}-gap`;
    const script = `trap 'seq 1 20000; echo last' USR1; echo first; while :; do ${pause(20)}; done`;
    const [id = ""] = await runAll(engine, [
      { script, labels: { [label]: "" }, options: { "max-size": "20k", "max-file": "2" } },
    ]);
    const following = followPool(engine.socketPath, {
      engines: { default: { socketPath: proxy.socketPath, connectTimeoutMs: 300 } },
      read: "engine",
      select: { labels: { [label]: true } },
      source: { ...source, stallProbeMs: 400 },
    });
    const scraper = new Scraper(following.pool);
    await following.untilCount(id, 1);
    const before = await scraper.until((now) => now.value("dockspool_ready") === 1);
    proxy.hang();
    await engine.kill(id, "USR1");
    await following.until("health", () =>
      componentIn(BOUNDS.troubleMs, following, "streams").startsWith("unhealthy: "),
    );
    // All is written, and most of it thrown away.
    let kept = await jsonLog(engine, id);
    while (kept.at(-1)?.line !== "last") kept = await jsonLog(engine, id);
    proxy.release();
    const after = await scraper.until(
      (now) => rise("container_log_gaps_total", now, before) === 1,
      "a gap",
    );
    expect(rise("container_log_gaps_total", after, before)).toBe(1);
    expect(following.of(id, "gap")).toHaveLength(1);
    await following.until("the last line", () => following.count(id) === 1 + kept.length);
    await following.until("health", () => following.pool.health().status === "healthy");
    const lines = (await following.lines()).get(id) ?? [];
    expect(lines.map(({ line }) => line)).toEqual(["first", ...kept.map(({ line }) => line)]);
    await scraper.until((now) => now.sum(LAG) === 0, "no lag");
  });

  test("checkpoints that can't be written", async () => {
    const directory = await mkdtemp(join(tmpdir(), "dp-faults-"));
    const away = `${directory}-away`;
    onTestFinished(async () => {
      for (const path of [directory, away]) await rm(path, { recursive: true, force: true });
    });
    const label = `faults-${process.pid}-store`;
    const [id = ""] = await runAll(engine, [{ script: STEADY, labels: { [label]: "" } }]);
    const following = followPool(engine.socketPath, {
      select: { labels: { [label]: true } },
      source,
      checkpoints: new FileCheckpointStore(join(directory, "checkpoints.json")),
    });
    const scraper = new Scraper(following.pool);
    const writes = "checkpoint_writes_total";
    const before = await scraper.until(
      (now) =>
        now.value(`dockspool_${writes}`, { outcome: "saved" }) > 0 &&
        now.sum("dockspool_log_lines_delivered_total") > 10,
    );
    await rename(directory, away);
    const failing = await scraper.until(
      (now) =>
        rise(writes, now, before, { outcome: "failed" }) > 0 &&
        now.value(HEALTH, { component: "checkpoints" }) === 0.5 &&
        now.value("dockspool_checkpoint_age_seconds") > 0.1,
      "the fault",
    );
    expect(componentIn(0, following, "checkpoints")).toMatch(/^degraded: attempt \d+ failed/);
    // Lines come all the same.
    await scraper.until((now) => rise("log_lines_delivered_total", now, failing) > 20, "lines");
    await rename(away, directory);
    await scraper.until(
      (now) =>
        rise(writes, now, failing, { outcome: "saved" }) > 0 &&
        now.value("dockspool_checkpoint_age_seconds") < 0.5,
      "the way back",
    );
    await expectExact("checkpoints unwritable", engine, following, scraper, id);
  });

  test("a pool that is closed", async () => {
    const label = `faults-${process.pid}-closed`;
    const [id = ""] = await runAll(engine, [{ script: STEADY, labels: { [label]: "" } }]);
    const following = followPool(engine.socketPath, { select: { labels: { [label]: true } } });
    const scraper = new Scraper(following.pool);
    await following.untilCount(id, 20);
    await scraper.until((now) => now.value("dockspool_ready") === 1);
    await following.end();
    const after = await scraper.scrape();
    expect(following.pool.health()).toMatchObject({ status: "unhealthy", ready: false });
    expect(after.of(HEALTH).filter(({ value }) => value !== 0)).toEqual([]);
    for (const name of ["ready", "tasks", "sockets_open", "container_streams_active"])
      expect(after.value(`dockspool_${name}`)).toBe(0);
    expect(after.sum("dockspool_log_lines_delivered_total")).toBe(following.count(id));
  });
});
