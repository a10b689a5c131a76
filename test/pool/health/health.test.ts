import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryCheckpointStore, StreamPool } from "../../../src/index.ts";
import type { CheckpointStore, PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import { eager, eventually } from "../../support/fake-follow.ts";
import { later } from "../../support/watched-pool.ts";

let east: FakeEngine;
let west: FakeEngine;
let pool: StreamPool;
beforeEach(async () => {
  [east, west] = await Promise.all([FakeEngine.start(), FakeEngine.start()]);
});
afterEach(async () => {
  await pool.close();
  await Promise.all([east.close(), west.close()]);
});

function open(options: PoolOptions = {}): StreamPool {
  const engines = { east: east.engine, west: west.engine };
  pool = new StreamPool({ engines, source: { ...eager, checkpointEveryMs: 1 }, ...options });
  return pool;
}

function statusOf(component: string): string | undefined {
  return pool.health().components[component]?.status;
}

async function streaming(): Promise<void> {
  await eventually(() => [...pool.sources.values()][0]?.stats.state === "streaming");
}

describe("the health of a pool", () => {
  it("is good where all goes well, and says what there is", async () => {
    east.create({ name: "web" }).start();
    open({ checkpoints: new MemoryCheckpointStore() }).deliver(() => {});
    await eventually(() => pool.health().components["engine:west"]?.detail === "connected");
    await streaming();
    await pool.ready();
    const since = expect.any(Number);
    const well = (detail: string): object => ({ status: "healthy", detail, since });
    expect(pool.health()).toEqual({
      status: "healthy",
      ready: true,
      components: {
        "engine:east": well("connected"),
        "engine:west": well("connected"),
        discovery: well("all containers that were found are dealt with"),
        streams: well("1 container is followed"),
        buffer: well("what is read is taken"),
        "delivery:sink": well("delivers what comes"),
        checkpoints: well("saved as they change"),
      },
    });
  });

  it("is degraded while one of several engines is gone, and bad while all are", async () => {
    open().deliver(() => {});
    await eventually(() => pool.health().components["engine:west"]?.detail === "connected");
    east.outage();
    await eventually(() => statusOf("engine:east") === "unhealthy");
    expect(pool.health().status).toBe("degraded");
    expect(pool.health().components["engine:east"]?.detail).toMatch("Can't reach the engine");
    west.outage();
    await eventually(() => pool.health().status === "unhealthy");
    east.restore();
    west.restore();
    await eventually(() => pool.health().status === "healthy");
  });

  it("is bad while the engine is gone that has all containers that run, whatever others are there", async () => {
    const web = east.create({ name: "web" });
    web.start();
    const db = west.create({ name: "db" });
    db.start();
    open().deliver(() => {});
    const stateOf = (id: string): string | undefined => pool.sources.get(id)?.stats.state;
    await eventually(() => stateOf(web.id) === "streaming" && stateOf(db.id) === "streaming");
    east.outage();
    await eventually(
      () => statusOf("streams") === "degraded" && statusOf("engine:east") === "unhealthy",
    );
    expect(pool.health().status).toBe("degraded");
    db.stop();
    await eventually(() => stateOf(db.id) === "stopped");
    expect(statusOf("streams")).toBe("unhealthy");
    expect(statusOf("engine:west")).toBe("healthy");
    expect(pool.health().status).toBe("unhealthy");
    east.restore();
    await eventually(() => pool.health().status === "healthy");
  });

  it("is degraded while a sink fails, which is named with its error", async () => {
    const web = east.create({ name: "web" });
    web.start();
    web.write("one");
    let isDown = true;
    open({ from: "start" }).deliver(
      () => {
        if (isDown) throw new Error("HTTP 503");
      },
      { name: "http", maxWaitMs: 0, retry: { minDelayMs: 1, maxDelayMs: 2 } },
    );
    await eventually(() => statusOf("delivery:http") === "degraded");
    expect(pool.health().status).toBe("degraded");
    expect(pool.health().components["delivery:http"]?.detail).toMatch(
      /^attempt \d+ failed: HTTP 503$/,
    );
    isDown = false;
    await eventually(() => statusOf("delivery:http") === "healthy");
    expect(pool.health().status).toBe("healthy");
  });

  it("is degraded while positions can't be saved", async () => {
    const web = east.create({ name: "web" });
    web.start();
    let isFull = true;
    class FullDisk extends MemoryCheckpointStore implements CheckpointStore {
      override async save(entries: Parameters<CheckpointStore["save"]>[0]): Promise<void> {
        if (isFull) throw new Error("no space left");
        await super.save(entries);
      }
    }
    open({ checkpoints: new FullDisk() }).deliver(() => {});
    await eventually(() => statusOf("checkpoints") === "degraded");
    expect(pool.health().components["checkpoints"]?.detail).toMatch("no space left");
    isFull = false;
    await eventually(() => statusOf("checkpoints") === "healthy");
  });

  it("is bad while no container's stream can be opened, and degraded while another one flows", async () => {
    const web = east.create({ name: "web" });
    web.start();
    open().deliver(() => {});
    await streaming();
    let isBroken = true;
    east.fault = ({ path }) =>
      isBroken && path.includes(`${web.id}/logs`) ? { status: 500 } : undefined;
    web.cut();
    await eventually(() => statusOf("streams") === "unhealthy");
    expect(pool.health().status).toBe("unhealthy");
    expect(pool.health().components["streams"]?.detail).toMatch(/^web can't be followed for /);
    const db = west.create({ name: "db" });
    db.start();
    await eventually(() => pool.sources.get(db.id)?.stats.state === "streaming");
    expect(statusOf("streams")).toBe("degraded");
    expect(pool.health().status).toBe("degraded");
    // What does not run can't flow.
    db.stop();
    await eventually(() => pool.sources.get(db.id)?.stats.state === "stopped");
    expect(statusOf("streams")).toBe("unhealthy");
    db.start();
    await eventually(() => statusOf("streams") === "degraded");
    db.remove();
    await eventually(() => statusOf("streams") === "unhealthy" && !pool.sources.has(db.id));
    isBroken = false;
    await eventually(() => statusOf("streams") === "healthy");
    expect(pool.health().status).toBe("healthy");
  });

  it("is good while its only container is stopped, however long", async () => {
    const web = east.create({ name: "web" });
    web.start();
    web.write("one");
    open({ from: "start" }).deliver(() => {});
    await streaming();
    web.stop();
    await eventually(() => pool.sources.get(web.id)?.stats.state === "stopped");
    await eventually(() => pool.health().status === "healthy");
    east.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    expect(later(3_600_000, () => statusOf("streams"))).toBe("healthy");
  });

  it("is degraded for a while after damaged bytes, though they could be read again", async () => {
    const web = east.create({ name: "web" });
    web.start();
    web.write("one");
    const lines: string[] = [];
    open({ from: "start" }).deliver((records) => void lines.push(...records.map((r) => r.line)));
    await eventually(() => lines.length === 1);
    web.writeRaw(Buffer.from("garbage from a proxy"));
    web.write("two");
    await eventually(() => lines.length === 2);
    expect(lines).toEqual(["one", "two"]);
    await eventually(() => statusOf("streams") === "degraded");
    expect(pool.health().components["streams"]?.detail).toMatch(
      /^web got damaged bytes \d+ m?s ago, which were read again: is there a proxy/,
    );
    expect(pool.sources.size).toBe(1);
  });
});
