import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type { EngineEventRecord, EventsOptions, PoolOptions } from "../../../src/index.ts";
import { EventFeed } from "../../../src/pool/events/event-feed.ts";
import { EventQueue } from "../../../src/pool/events/event-queue.ts";
import { EngineClient } from "../../../src/engine/engine-client.ts";
import { FakeEngine } from "../../../src/testing.ts";
import { eventually, nothingOpen, thrown } from "../../support/fake-follow.ts";

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

function open(options: PoolOptions = { engine: fake.engine }): StreamPool {
  const pool = new StreamPool(options);
  pools.push(pool);
  return pool;
}

/** A loop over a pool's events. */
class Loop {
  readonly records: EngineEventRecord[] = [];
  readonly done: Promise<void>;
  #isOver = false;

  constructor(pool: StreamPool, options?: EventsOptions, until?: string) {
    this.done = this.#run(pool, options, until);
  }

  get actions(): string[] {
    return this.records.map((one) => (one.kind === "gap" ? "gap" : one.action));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async has(...actions: readonly string[]): Promise<void> {
    await eventually(
      () => actions.every((action) => this.actions.includes(action)),
      `${actions.join(", ")} in ${this.actions.join(", ")}`,
    );
  }

  async #run(pool: StreamPool, options?: EventsOptions, until?: string): Promise<void> {
    for await (const record of pool.events(options)) {
      this.records.push(record);
      if (record.kind === "event" && record.action === until) break;
    }
    this.#isOver = true;
  }
}

function requests(): number {
  return fake.requests.filter(({ path }) => path.includes("/events")).length;
}

async function listening(count = 1): Promise<void> {
  await eventually(() => requests() >= count, "a request for events");
  // It is answered by the one that was asked for behind it.
  const mark = `mark ${count}`;
  fake.event({ type: "daemon", action: mark, id: "x" });
}

function pull(id: string): void {
  fake.event({ type: "image", action: "pull", id, attributes: { name: id } });
}

describe("a pool's events", () => {
  it("are what the engine tells, of whatever kind", async () => {
    const web = fake.create({ name: "web", labels: { team: "a" } });
    const loop = new Loop(open());
    await listening();
    pull("nginx:1.27");
    web.stop({ exitCode: 3 });
    await loop.has("pull", "die");
    const pulled = loop.records.find((one) => one.kind === "event" && one.action === "pull");
    expect(pulled).toEqual({
      kind: "event",
      engine: "default",
      type: "image",
      action: "pull",
      actor: { id: "nginx:1.27", attributes: { name: "nginx:1.27" } },
      scope: "local",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
    });
    const died = loop.records.find((one) => one.kind === "event" && one.action === "die");
    expect(died).toMatchObject({
      type: "container",
      actor: { id: web.id, attributes: { name: "web", team: "a", exitCode: "3" } },
    });
    expect(loop.actions).not.toContain("create");
    expect(loop.actions).not.toContain("gap");
  });

  it("cost nothing before there is a loop, and begin nothing else", async () => {
    const pool = open();
    const events = pool.events();
    expect(requests()).toBe(0);
    const iterator = events[Symbol.asyncIterator]();
    const next = iterator.next();
    await eventually(() => requests() === 1);
    expect(fake.requests.filter(({ path }) => !path.includes("/events"))).toEqual([]);
    await iterator.return?.();
    await nothingOpen(fake);
    expect(await next).toEqual({ done: true, value: undefined });
    expect(pool.stats).toMatchObject({ tasks: 0, sockets: 0 });
  });

  it("go on over a lost stream without a loss, and without a repeat", async () => {
    const loop = new Loop(open());
    await listening();
    pull("one");
    await loop.has("pull");
    for (let round = 1; round <= 3; round++) {
      fake.outage();
      for (let index = 0; index < 20; index++)
        fake.event({ type: "network", action: `${round}.${index}`, id: "n" });
      fake.restore();
      await loop.has(`${round}.19`);
    }
    const expected = [1, 2, 3].flatMap((round) =>
      Array.from({ length: 20 }, (_, index) => `${round}.${index}`),
    );
    expect(loop.actions.filter((action) => action.includes("."))).toEqual(expected);
    expect(loop.actions).not.toContain("gap");
  });

  it("have a gap where the engine has forgotten some", async () => {
    const loop = new Loop(open());
    await listening();
    pull("one");
    await loop.has("pull");
    fake.outage();
    for (let index = 0; index < 300; index++)
      fake.event({ type: "network", action: `n${index}`, id: "n" });
    fake.restore();
    await loop.has("n299");
    const gaps = loop.records.filter(({ kind }) => kind === "gap");
    const before = loop.records.findLast((one) => one.kind === "event" && one.action === "pull");
    const after = before?.kind === "event" ? before.timestamp : "";
    expect(gaps).toEqual([{ kind: "gap", engine: "default", after, lost: undefined }]);
    expect(loop.actions[loop.actions.indexOf("gap") + 1]).toBe("n44");
  });

  it("have a gap where the engine has started again", async () => {
    const loop = new Loop(open());
    await listening();
    pull("one");
    await loop.has("pull");
    fake.outage();
    fake.forgetEvents();
    fake.restore();
    await eventually(() => requests() >= 2);
    await listening(2);
    await loop.has("mark 2");
    expect(loop.actions.slice(-2)).toEqual(["gap", "mark 2"]);
  });

  it("have a gap where none had come before the stream was lost", async () => {
    const loop = new Loop(open());
    await eventually(() => requests() === 1);
    await eventually(() => fake.open.sockets === 1);
    fake.cutEvents();
    await loop.has("gap");
    expect(loop.records).toEqual([
      { kind: "gap", engine: "default", after: undefined, lost: undefined },
    ]);
  });

  it("are taken up again after silence: a stream may have died without a word", async () => {
    const records: EngineEventRecord[] = [];
    const client = new EngineClient(fake.engine);
    const stop = new AbortController();
    // Longer than a busy machine takes to hand over what has come.
    const silenceMs = 200;
    const feed = new EventFeed(client, (record) => void records.push(record), silenceMs);
    const run = feed.run(stop.signal).catch(() => {});
    await listening();
    await eventually(() => requests() > 3);
    pull("one");
    await eventually(() => records.some((one) => one.kind === "event" && one.action === "pull"));
    await eventually(() => requests() > 6);
    expect(records.filter((one) => one.kind === "event" && one.action === "pull")).toHaveLength(1);
    stop.abort();
    await run;
    await client.close();
    await nothingOpen(fake);
  });

  it("come to several loops, each at its own pace, over one stream", async () => {
    const pool = open();
    const loops = [new Loop(pool), new Loop(pool, {}, "pull"), new Loop(pool)];
    await listening();
    pull("one");
    await loops[1]?.done;
    fake.event({ type: "image", action: "delete", id: "one" });
    await loops[0]?.has("delete");
    await loops[2]?.has("delete");
    expect(loops[1]?.actions).not.toContain("delete");
    expect(requests()).toBe(1);
    await pool.close();
    await Promise.all(loops.map(({ done }) => done));
  });

  it("of several engines say whose they are", async () => {
    await using other = await FakeEngine.start({ flavour: "podman" });
    const loop = new Loop(open({ engines: { one: fake.engine, two: other.engine } }));
    await eventually(() => fake.requests.length > 0 && other.requests.length > 0);
    fake.event({ type: "image", action: "pull", id: "a" });
    other.event({ type: "image", action: "push", id: "b" });
    await loop.has("pull", "push");
    const engines = loop.records.map(
      (one) => `${one.engine} ${one.kind === "event" ? one.action : ""}`,
    );
    expect(engines.toSorted()).toEqual(["one pull", "two push"]);
  });

  it("end with the pool, and are none of a closed one", async () => {
    const pool = open();
    const loop = new Loop(pool);
    await listening();
    await pool.close();
    await loop.done;
    expect(loop.isOver).toBe(true);
    const late = new Loop(pool);
    await late.done;
    expect(late.records).toEqual([]);
    await nothingOpen(fake);
  });

  it("must be asked for with options that are known", () => {
    const pool = open();
    for (const given of ['{"buffer":1}', '{"bufferEvents":0}'])
      expect(() => pool.events(JSON.parse(given))).toThrow(/bufferEvents/);
    expect(thrown(() => pool.events({ bufferEvents: 0.5 }), "INVALID_OPTION").message).toMatch(
      /bufferEvents/,
    );
  });
});

async function rest(queue: EventQueue): Promise<EngineEventRecord[]> {
  const records: EngineEventRecord[] = [];
  for await (const record of queue) records.push(record);
  return records;
}

describe("events that wait for a slow loop", () => {
  const event = (engine: string, number: number): EngineEventRecord => ({
    kind: "event",
    engine,
    type: "image",
    action: String(number),
    actor: { id: "", attributes: {} },
    scope: "local",
    timestamp: String(number),
  });

  it("are bounded, and a gap stands for those that made way", async () => {
    const queue = new EventQueue(3, () => {});
    queue.push(event("a", 0));
    expect((await queue.next()).value).toEqual(event("a", 0));
    for (let number = 1; number <= 5; number++) queue.push(event("a", number));
    queue.push(event("b", 6));
    queue.end();
    expect(await rest(queue)).toEqual([
      { kind: "gap", engine: "a", after: "0", lost: 3 },
      event("a", 4),
      event("a", 5),
      event("b", 6),
    ]);
  });

  it("do not count what a gap among them had lost", async () => {
    const queue = new EventQueue(1, () => {});
    queue.push(event("a", 0));
    queue.push({ kind: "gap", engine: "a", after: "0", lost: undefined });
    queue.push(event("a", 1));
    queue.end();
    expect(await rest(queue)).toEqual([
      { kind: "gap", engine: "a", after: undefined, lost: undefined },
      event("a", 1),
    ]);
  });

  it("are asked for ahead by as many as want one", async () => {
    let isLeft = false;
    const queue = new EventQueue(10, () => {
      isLeft = true;
    });
    const asked = [queue.next(), queue.next(), queue.next()];
    queue.push(event("a", 1));
    queue.push(event("a", 2));
    await queue.return();
    expect((await Promise.all(asked)).map(({ value }) => value)).toEqual([
      event("a", 1),
      event("a", 2),
      undefined,
    ]);
    expect(isLeft).toBe(true);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });
});
