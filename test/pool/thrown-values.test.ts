import Modem from "docker-modem";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource, MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { DockerModem, DockspoolError, Lease, Leases, PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Collector, gate, refuseUnhandled } from "../support/delivery-sinks.ts";
import { eager, eventually, failure, nothingOpen } from "../support/fake-follow.ts";
import { closeWhenFinished } from "../support/left-open.ts";
import { thrownValues } from "../support/thrown-values.ts";

const atOnce = { maxWaitMs: 0, retry: { minDelayMs: 1, maxDelayMs: 1 } };
const values = thrownValues();

let fake: FakeEngine;
let web: FakeContainer;
refuseUnhandled();
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
});
afterEach(async () => {
  await nothingOpen(fake);
  await fake.close();
});

/** All that is told can be shown, at any time. */
function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, source: eager, from: "start", ...options });
  closeWhenFinished(pool);
  pool.on("status", (status) => {
    JSON.stringify(status);
    JSON.stringify(pool.health());
  });
  return pool;
}

function health(pool: StreamPool, component: string): string {
  return JSON.stringify(pool.health().components[component]);
}

describe.each(Object.keys(values))("%s that is thrown", (name) => {
  const thrown = values[name];

  it("by a sink is told of, and the batch is delivered again", async () => {
    const pool = open();
    const told: string[] = [];
    const { sink, has } = boundCollector((attempt) => {
      if (attempt > 1) told.push(health(pool, "delivery:s"));
      if (attempt < 3) throw thrown;
    });
    pool.deliver(sink, { ...atOnce, name: "s" });
    await has(1);
    expect(told.map((detail) => /attempt (\d) failed: [^"]/.exec(detail)?.[1])).toEqual(["1", "2"]);
    await pool.close();
  });

  it("by a sink, and by its dead letter, ends the delivery with an error that says so", async () => {
    const pool = open();
    const throwing = (): never => {
      throw thrown;
    };
    const { done } = pool.deliver(throwing, {
      ...atOnce,
      retry: { attempts: 1 },
      deadLetter: throwing,
    });
    const error = await failure(done, "SINK_FAILED");
    expect(JSON.stringify(error)).toContain("its dead letter failed");
    expect(pool.health().status).toBe("unhealthy");
    await pool.close();
  });

  it("by a store that lists its keys, is told of until it works", async () => {
    const store = new MemoryCheckpointStore();
    const keys = store.keys.bind(store);
    store.keys = async function* () {
      yield* keys("");
      throw thrown;
    };
    const pool = open({ checkpoints: store });
    const { sink, has } = boundCollector();
    pool.deliver(sink, atOnce);
    await eventually(() => health(pool, "checkpoints").includes("can't be read"), "told of");
    store.keys = keys;
    await has(1);
    await pool.close();
  });

  it("by the function that selects, skips the container", async () => {
    const pool = open({
      select: () => {
        throw thrown;
      },
    });
    const skipped: DockspoolError[] = [];
    pool.on("skipped", ({ error }) => skipped.push(error));
    pool.deliver(() => {}, atOnce);
    await eventually(() => skipped.length > 0, "skipped");
    expect(skipped[0]).toMatchObject({ code: "INVALID_OPTION", container: web.id });
    expect(health(pool, "discovery")).toContain('option \\"select\\" failed');
    await pool.close();
  });

  it("as the reason of an abort, ends a pool and a source with that", async () => {
    const controller = new AbortController();
    const pool = open({ signal: controller.signal });
    const source = new ContainerLogSource("web", {
      engine: fake.engine,
      from: "start",
      signal: controller.signal,
    });
    closeWhenFinished(source);
    source.on("status", (status) => JSON.stringify(status));
    const both = [boundCollector(), boundCollector()] as const;
    const deliveries = [pool.deliver(both[0].sink, atOnce), source.deliver(both[1].sink, atOnce)];
    for (const { has } of both) await has(1);
    const ready = new StreamPool({ engine: fake.engine, signal: controller.signal });
    closeWhenFinished(ready);
    controller.abort(thrown);
    const reasons = await Promise.all(
      [...deliveries.map(({ done }) => done), ready.ready()].map((done) =>
        done.then(
          () => false,
          // Where none is given, there is one all the same.
          (reason: unknown) => Object.is(reason, controller.signal.reason),
        ),
      ),
    );
    expect(reasons).toEqual([true, true, true]);
    expect(pool.health().status).toBe("unhealthy");
    await Promise.all([pool.close(), ready.close(), source.close()]);
  });

  it("by the caller's modem is told of, and asked again", async () => {
    let isBroken = true;
    const modem: DockerModem = new Modem(fake.engine);
    const engine: DockerModem = {
      dial: (options, callback) => {
        if (isBroken) throw thrown;
        modem.dial(options, callback);
      },
    };
    const pool = open({ engine });
    const { sink, has } = boundCollector();
    pool.deliver(sink, atOnce);
    await eventually(() => /attempt \d+ failed/.test(health(pool, "engine:default")), "told of");
    isBroken = false;
    await has(1);
    await pool.close();
  });

  it("where leases are in trouble is told of, and where one is lost ends the source", async () => {
    let isBroken = true;
    const lost = new AbortController();
    const granted = gate();
    const leases: Leases = {
      get trouble() {
        return isBroken ? { since: Date.now(), error: thrown } : undefined;
      },
      async acquire() {
        await granted.opened;
        return { token: 1, lost: lost.signal, [Symbol.asyncDispose]: async () => {} };
      },
    };
    const pool = open({ leases, checkpoints: new MemoryCheckpointStore() });
    const { sink, has } = boundCollector();
    pool.deliver(sink, atOnce);
    await eventually(() => health(pool, "leases").includes("not followed here yet: "), "told of");
    isBroken = false;
    granted.open();
    await has(1);
    let isOver = false;
    pool.on("detached", ({ reason }) => {
      isOver = reason.kind === "failed" && reason.error.code === "CLOSED";
    });
    lost.abort(thrown);
    await eventually(() => isOver, "detached");
    await pool.close();
  });

  it("by leases is told of, and they are asked again", async () => {
    let isBroken = true;
    const leases = {
      acquire: async (): Promise<Lease> => {
        if (isBroken) throw thrown;
        return {
          token: 1,
          lost: new AbortController().signal,
          [Symbol.asyncDispose]: async () => {},
        };
      },
    };
    const pool = open({ leases, checkpoints: new MemoryCheckpointStore() });
    const { sink, has } = boundCollector();
    pool.deliver(sink, atOnce);
    await eventually(() => health(pool, "discovery").includes(" failed: "), "told of");
    isBroken = false;
    await has(1);
    await pool.close();
  });
});

/** All at once, since a store is left alone for a second after a save that failed. */
it("whatever a store throws that can't be read, and then not be written, is told of until it works", async () => {
  const told = Object.values(values).map((thrown) => untilStoreWorks(thrown));
  for (const status of await Promise.all(told)) expect(status).toBe("healthy");
});

async function untilStoreWorks(thrown: unknown): Promise<string> {
  const store = new MemoryCheckpointStore();
  const works = { load: store.load.bind(store), save: store.save.bind(store) };
  const throwing = vi.fn<() => Promise<never>>(async () => {
    throw thrown;
  });
  store.load = throwing;
  const pool = open({ checkpoints: store, source: { ...eager, checkpointEveryMs: 1 } });
  const { sink, has } = boundCollector();
  pool.deliver(sink, atOnce);
  await eventually(() => health(pool, "checkpoints").includes("can't be read"), "told of");
  store.load = works.load;
  store.save = throwing;
  await has(1);
  await eventually(() => health(pool, "checkpoints").includes("can't be written"), "told of");
  store.save = works.save;
  await eventually(() => pool.health().status === "healthy", "healthy");
  const { status } = pool.health();
  await pool.close();
  return status;
}

function boundCollector(act: (attempt: number) => void = () => {}) {
  const collector = new Collector((_records, { attempt }) => act(attempt));
  return { sink: collector.sink, has: (count: number) => collector.has(count) };
}
