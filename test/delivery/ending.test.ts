import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { PoolOptions, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import {
  Collector,
  forever,
  gate,
  outcome,
  refuseUnhandled,
  write,
} from "../support/delivery-sinks.ts";
import { eager, eventually, failure, nothingOpen, toLines, turns } from "../support/fake-follow.ts";
import type { Line } from "../support/fake-follow.ts";

const patient = { maxWaitMs: 2 ** 31 - 1 };

let fake: FakeEngine;
let web: FakeContainer;
let opened: (ContainerLogSource | StreamPool)[];
refuseUnhandled();
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await nothingOpen(fake);
  await fake.close();
});

interface Common {
  readonly checkpoints?: MemoryCheckpointStore;
  readonly rotateTimeoutMs?: number;
}

function source({ checkpoints, rotateTimeoutMs }: Common = {}): ContainerLogSource {
  const options: SourceOptions = {
    engine: fake.engine,
    ...eager,
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...(rotateTimeoutMs === undefined ? {} : { rotateTimeoutMs }),
  };
  const made = new ContainerLogSource("web", options);
  opened.push(made);
  return made;
}

function pool({ checkpoints, rotateTimeoutMs }: Common = {}): StreamPool {
  const options: PoolOptions = {
    engine: fake.engine,
    from: "start",
    source: { ...eager, ...(rotateTimeoutMs === undefined ? {} : { rotateTimeoutMs }) },
    ...(checkpoints === undefined ? {} : { checkpoints }),
  };
  const made = new StreamPool(options);
  opened.push(made);
  return made;
}

const written = (): Line[] => toLines(web.written);

describe.each(Object.entries({ source, pool }))("a %s", (kind, open) => {
  it("leaves no unhandled rejection where nobody looks at close(); `done` tells what was not delivered", async () => {
    write(web, 3);
    const consumer = open({ rotateTimeoutMs: 300 });
    const { done } = consumer.deliver(() => forever, { name: "http", maxWaitMs: 0 });
    await eventually(() => consumer.stats.lines === 3, "all read");
    void consumer.close();
    await failure(done, "TASKS_STILL_RUNNING");
    await turns(5);
  });

  it("stop() delivers what was read and ends; another sink gets the rest, again and again", async () => {
    const consumer = open();
    const all: Line[] = [];
    let count = 0;
    for (let round = 0; round < 30; round++) {
      const collector = new Collector(() => turns(round % 3));
      const delivery = consumer.deliver(collector.sink, {
        ...patient,
        maxRecords: 1 + (round % 7),
      });
      const more = 1 + ((round * 13) % 40);
      write(web, more, count);
      count += more;
      const wanted = round % 4 === 0 ? 0 : all.length + 1;
      await eventually(() => consumer.stats.lines >= wanted, "some were read");
      const read = consumer.stats.lines;
      await delivery.stop();
      await delivery.done;
      all.push(...collector.of(web));
      expect(all.length).toBeGreaterThanOrEqual(read);
      expect(collector.mostRunning).toBeLessThanOrEqual(1);
    }
    const last = new Collector();
    consumer.deliver(last.sink, { maxWaitMs: 0 });
    await last.has(count - all.length);
    expect([...all, ...last.of(web)]).toEqual(written());
  });

  it("stop() of one sink does not hold up the others, nor do they wait for it", async () => {
    const consumer = open();
    const [one, other] = [new Collector(), new Collector()];
    const first = consumer.deliver(one.sink, { maxWaitMs: 0 });
    consumer.deliver(other.sink, { maxWaitMs: 0 });
    write(web, 5);
    await one.has(5);
    await first.stop();
    write(web, 5, 5);
    await other.has(10);
    expect(other.of(web)).toEqual(written());
    expect(one.of(web)).toEqual(written().slice(0, 5));
    if (consumer instanceof ContainerLogSource)
      await eventually(() => consumer.stats.delivered === 10, "delivered");
  });

  it("close() delivers what was read, batch by batch, saves it, and reads nothing more meanwhile", async () => {
    write(web, 30);
    const checkpoints = new MemoryCheckpointStore();
    const consumer = open({ checkpoints });
    const blocked = gate();
    const collector = new Collector((_records, _context, call) =>
      call === 0 ? blocked.opened : turns(1),
    );
    const { done } = consumer.deliver(collector.sink, { ...patient, maxRecords: 4 });
    await collector.called(1);
    await eventually(() => consumer.stats.lines === 30, "all read");
    const closed = consumer.close();
    await eventually(() => fake.open.follows === 0, "no stream");
    write(web, 3, 30);
    expect([await outcome(closed), await outcome(done)]).toEqual(["pending", "pending"]);
    blocked.open();
    await closed;
    expect(await outcome(done)).toBe("resolved");
    expect(collector.of(web)).toEqual(written().slice(0, 30));
    expect(consumer.stats.lines).toBe(30);
    await consumer.close();
    const heir = open({ checkpoints });
    const rest = new Collector();
    heir.deliver(rest.sink, { maxWaitMs: 0 });
    await rest.has(3);
    expect(rest.of(web)).toEqual(written().slice(30));
  });

  it("close() before anything was read ends its deliveries", async () => {
    const consumer = open();
    const collector = new Collector();
    const { done } = consumer.deliver(collector.sink);
    const closed = consumer.close();
    await done;
    await closed;
    const late = consumer.deliver(collector.sink);
    await Promise.all([late.done, late.flush(), late.stop()]);
    expect(collector.calls).toEqual([]);
  });

  it("close() gives up a sink that never settles, and names it", async () => {
    write(web, 9);
    const checkpoints = new MemoryCheckpointStore();
    const consumer = open({ rotateTimeoutMs: 500, checkpoints });
    const stuck = new Collector((_records, _context, call) => (call === 1 ? forever : undefined));
    const fine = new Collector();
    const delivery = consumer.deliver(stuck.sink, { name: "stuck", maxRecords: 4, maxWaitMs: 0 });
    const other = consumer.deliver(fine.sink, { name: "fine", maxWaitMs: 0 });
    await stuck.called(2);
    await fine.has(9);
    const error = await failure(consumer.close(), "TASKS_STILL_RUNNING");
    expect(error.message).toContain('sink "stuck"');
    expect(error.message).not.toContain("fine");
    await failure(delivery.done, "TASKS_STILL_RUNNING");
    await other.done;
    const { signal } = stuck.calls[1]?.context ?? {};
    expect(signal?.aborted).toBe(true);
    expect(consumer.stats.tasks).toBe(0);
    opened = [];
    await consumer.close().catch(() => {});
    const heir = open({ checkpoints });
    const rest = new Collector();
    heir.deliver(rest.sink, { maxWaitMs: 0 });
    await rest.has(5);
    // What was in its hands counts as not delivered.
    expect(rest.of(web)).toEqual(written().slice(4));
  });

  it("close() gives up a sink that fails for ever", async () => {
    write(web, 2);
    const consumer = open({ rotateTimeoutMs: 500 });
    const options = { name: "failing", maxWaitMs: 0, retry: { minDelayMs: 20_000 } };
    const { done } = consumer.deliver(() => Promise.reject(new Error("refused")), options);
    await eventually(() => consumer.stats.lines === 2, "all read");
    const error = await failure(consumer.close(), "TASKS_STILL_RUNNING");
    expect(error.message).toContain('sink "failing"');
    await failure(done, "TASKS_STILL_RUNNING");
    opened = [];
  });

  it("close() names each sink that it gives up, the one that hangs and the one that fails", async () => {
    write(web, 2);
    const consumer = open({ rotateTimeoutMs: 500 });
    const failing = new Collector(() => Promise.reject(new Error("refused")));
    const hanging = new Collector(() => forever);
    const fine = new Collector();
    consumer.deliver(failing.sink, { name: "failing", maxWaitMs: 0 });
    consumer.deliver(hanging.sink, { name: "hanging", maxWaitMs: 0 });
    consumer.deliver(fine.sink, { name: "fine", maxWaitMs: 0 });
    await failing.called(1);
    await hanging.called(1);
    const { message } = await failure(consumer.close(), "TASKS_STILL_RUNNING");
    for (const name of ["failing", "hanging"]) expect(message).toContain(`"${name}"`);
    expect(message).not.toContain("fine");
    opened = [];
  });

  it("close() blames no sink where it is the store that hangs", async () => {
    write(web, 2);
    class Hanging extends MemoryCheckpointStore {
      override save(): Promise<void> {
        return forever;
      }
    }
    const consumer = open({ rotateTimeoutMs: 500, checkpoints: new Hanging() });
    const collector = new Collector();
    const { done } = consumer.deliver(collector.sink, { maxWaitMs: 0 });
    await collector.has(2);
    await consumer.close();
    await done;
    expect(consumer.stats.tasks).toBe(0);
  });

  it("brings the lines of a container that is removed", async () => {
    const consumer = open();
    const blocked = gate();
    const collector = new Collector((_records, _context, call) =>
      call === 0 ? blocked.opened : undefined,
    );
    const { done } = consumer.deliver(collector.sink, { maxRecords: 3, maxWaitMs: 60_000 });
    write(web, 10);
    await eventually(() => consumer.stats.lines === 10, "all read");
    write(web, 10, 10);
    web.remove();
    await eventually(() => fake.open.follows === 0, "no stream");
    blocked.open();
    if (kind === "pool") {
      await eventually(() => consumer.stats.lines === 20, "all read");
      await consumer.close();
    }
    await done;
    expect(collector.of(web)).toEqual(written());
  });
});

describe("a pool", () => {
  it("brings the lines that were read of a container that is detached, and of its next source", async () => {
    const consumer = pool();
    const blocked = gate();
    const collector = new Collector((_records, _context, call) =>
      call === 0 ? blocked.opened : undefined,
    );
    const delivery = consumer.deliver(collector.sink, { maxRecords: 3, maxWaitMs: 60_000 });
    write(web, 10);
    await eventually(() => consumer.stats.lines === 10, "all read");
    await consumer.detach("web");
    expect(collector.records).toEqual([]);
    blocked.open();
    await delivery.flush();
    expect(collector.of(web)).toEqual(written());
    write(web, 5, 10);
    await consumer.attach("web", { from: { tail: 5 } });
    await eventually(() => consumer.stats.lines === 15, "read");
    await delivery.flush();
    expect(collector.of(web)).toEqual(written());
  });
});

describe("a source", () => {
  it("that does not follow ends its deliveries after the last line", async () => {
    write(web, 25);
    const one = new ContainerLogSource("web", { engine: fake.engine, follow: false });
    opened.push(one);
    const [quick, slow] = [new Collector(), new Collector(() => turns(2))];
    const deliveries = [
      one.deliver(quick.sink, patient),
      one.deliver(slow.sink, { ...patient, maxRecords: 4 }),
    ];
    await Promise.all(deliveries.map(({ done }) => done));
    for (const collector of [quick, slow]) expect(collector.of(web)).toEqual(written());
    expect(slow.sizes).toEqual([4, 4, 4, 4, 4, 4, 1]);
    expect(await one.ended).toEqual({ kind: "finished" });
    expect(one.stats.delivered).toBe(25);
  });

  it("that can't be read makes its deliveries reject with the reason", async () => {
    const one = new ContainerLogSource("nobody", { engine: fake.engine });
    opened.push(one);
    const delivery = one.deliver(() => {});
    const error = await failure(delivery.done, "CONTAINER_NOT_FOUND");
    await expect(delivery.flush()).rejects.toBe(error);
    expect(await one.ended).toEqual({ kind: "failed", error });
  });
});
