import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { ChannelMessages, SourceOptions } from "../../src/index.ts";
import { publishRotation, publishStatus } from "../../src/source/channels.ts";
import type { AboutContainer } from "../../src/source/channels.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, failure, Follower, toLines, turns } from "../support/fake-follow.ts";
import { Heard, HeardTraces } from "../support/heard.ts";
import { PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

describe("dockspool:rotation", () => {
  it("tells each rotation as its status does, with its container and why", async () => {
    using heard = new Heard("dockspool:rotation");
    const follower = follow();
    await follower.has(1);
    for (let round = 1; round <= 3; round++) await follower.source.rotate();
    await eventually(() => heard.messages.length === 3);
    const { info } = follower.source;
    expect(heard.messages).toEqual(
      follower.seen("rotated").map(({ rotation }) => ({
        container: web.id,
        info,
        why: "asked",
        generation: rotation.generation - 1,
        rotation,
        error: undefined,
      })),
    );
    await follower.source.close();
  });

  it.each([
    ["interval", { rotateEveryMs: 10, stallProbeMs: false }],
    ["silence", { stallProbeMs: 10 }],
  ] as const)("says that it was the %s", async (why, options) => {
    using heard = new Heard("dockspool:rotation");
    const follower = follow(options);
    await follower.status("rotated", 2);
    await eventually(() => heard.messages.length >= 2);
    await follower.source.close();
    expect(new Set(heard.messages.map((message) => message.why))).toEqual(new Set([why]));
  });

  it("tells those of a pool by its plan from those that were asked for", async () => {
    using heard = new Heard("dockspool:rotation");
    const pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      rotation: { everyMs: 300 },
      source: eager,
    });
    const follower = new PoolFollower(pool);
    await pool.ready();
    await pool.rotate();
    await follower.until(() => heard.messages.length >= 2, "two rotations");
    expect(heard.messages.slice(0, 2).map(({ why }) => why)).toEqual(["asked", "interval"]);
    await follower.end();
    expect(follower.lines(web)).toEqual(toLines(web.written));
  });

  it("tells what went wrong", async () => {
    using heard = new Heard("dockspool:rotation");
    using traces = new HeardTraces("dockspool:rotation");
    const follower = follow({ rotateTimeoutMs: 20 });
    await follower.has(1);
    const { source } = follower;
    let end = (): void => {};
    const deaf = source.tasks.run("deaf", () => new Promise<void>((resolve) => (end = resolve)));
    const survived = await failure(source.rotate(), "TASKS_STILL_RUNNING");
    end();
    await deaf;
    await follower.status("opened", 2);
    fake.outage();
    await follower.status("reconnecting");
    const rotation = source.rotate();
    await source.close();
    const closed = await failure(rotation, "CLOSED");
    await eventually(() => heard.messages.length === 2);
    expect(heard.messages).toMatchObject([
      { why: "asked", generation: 1, rotation: undefined },
      { why: "asked", rotation: undefined },
    ]);
    expect(heard.messages.map(({ error }) => error)).toEqual([survived, closed]);
    const failed = ["start", "end", "error", "asyncStart", "asyncEnd"];
    expect(traces.traces).toEqual([failed, failed]);
    expect(traces.events.at(-1)?.context.error).toBe(closed);
  });

  it("says nothing where there is nothing to rotate", async () => {
    using heard = new Heard("dockspool:rotation");
    const source = new ContainerLogSource("web", { engine: fake.engine });
    expect(await source.rotate()).toMatchObject({ reopened: false });
    await turns(2);
    expect(heard.messages).toEqual([]);
    await source.close();
  });
});

describe("tracing:dockspool:rotation", () => {
  it("has a trace for each rotation, from its beginning to its end", async () => {
    using traces = new HeardTraces("dockspool:rotation");
    const follower = follow();
    await follower.has(1);
    const rotation = follower.source.rotate();
    expect(traces.events).toMatchObject([
      { event: "start", context: { container: web.id, why: "asked", generation: 1 } },
      { event: "end", context: { info: { name: "web" } } },
    ]);
    const done = await rotation;
    await eventually(() => traces.events.length === 4);
    expect(traces.traces).toEqual([["start", "end", "asyncStart", "asyncEnd"]]);
    expect(traces.events.at(-1)?.context.result).toBe(done);
    await follower.source.close();
  });

  it("has one trace for calls that share a rotation", async () => {
    using traces = new HeardTraces("dockspool:rotation");
    const follower = follow();
    await follower.has(1);
    await Promise.all([1, 2, 3].map(() => follower.source.rotate()));
    await eventually(() => traces.events.length >= 4);
    expect(traces.traces).toHaveLength(1);
    await follower.source.close();
  });

  it("may rotate, or close, from inside", async () => {
    using traces = new HeardTraces("dockspool:rotation");
    const follower = follow();
    await follower.has(1);
    const { source } = follower;
    const joined: unknown[] = [];
    traces.onStart = () => joined.push(source.rotate());
    const rotation = source.rotate();
    await rotation;
    expect(joined).toHaveLength(1);
    expect(await joined[0]).toBe(await rotation);
    traces.onStart = () => void source.close();
    await failure(source.rotate(), "CLOSED");
    await follower.finished();
  });
});

it("dockspool:reconnect tells each attempt as its status does", async () => {
  using heard = new Heard("dockspool:reconnect");
  const follower = follow();
  await follower.has(1);
  for (let cut = 1; cut <= 3; cut++) {
    web.cut();
    await follower.status("opened", cut + 1);
  }
  fake.outage();
  await follower.until(() => follower.source.stats.reconnects >= 6, "reconnects");
  await follower.source.close();
  const { info } = follower.source;
  expect(heard.messages).toEqual(
    follower.seen("reconnecting").map(({ attempt, delayMs, error }) => ({
      container: web.id,
      info,
      attempt,
      delayMs,
      error,
    })),
  );
  expect(heard.messages).toHaveLength(follower.source.stats.reconnects);
});

it("dockspool:gap tells what is lost", async () => {
  using heard = new Heard("dockspool:gap");
  const follower = follow();
  await follower.has(1);
  fake.outage();
  for (let line = 0; line < 50; line++) web.write(`lost ${line}`);
  web.write("kept");
  web.truncate(1);
  fake.restore();
  const { after, before } = await follower.status("gap");
  await follower.has(2);
  await follower.source.close();
  const { info } = follower.source;
  expect(heard.messages).toEqual([{ container: web.id, info, after, before }]);
  expect([after, before]).toEqual([web.written[0]?.timestamp, web.written.at(-1)?.timestamp]);
});

it("dockspool:phase knows the container once the engine was asked", async () => {
  using heard = new Heard("dockspool:phase");
  const follower = follow();
  await follower.has(1);
  await follower.source.close();
  const { info } = follower.source;
  const [first, ...others] = heard.messages;
  expect(first).toEqual({
    container: "web",
    info: undefined,
    from: { type: "idle" },
    to: { type: "locating" },
  });
  for (const message of others) expect(message).toMatchObject({ container: web.id, info });
  expect(others.at(-1)?.to).toEqual({ type: "ended", reason: { kind: "closed" } });
});

it("nothing is made of what nobody listens to", async () => {
  let asked = 0;
  const about = (): AboutContainer => {
    asked++;
    return { container: "web", info: undefined };
  };
  const publishAll = async (): Promise<void> => {
    const error = new Error("away");
    publishStatus(about, { type: "reconnecting", attempt: 1, delayMs: 1, error });
    publishStatus(about, { type: "gap", after: "2026-01-01T00:00:00Z" });
    publishRotation(about, "asked", 1, Promise.reject(error));
    await turns(2);
  };
  await publishAll();
  expect(asked).toBe(0);
  const names: (keyof ChannelMessages)[] = [
    "dockspool:reconnect",
    "dockspool:gap",
    "dockspool:rotation",
  ];
  for (const name of names) {
    asked = 0;
    {
      using heard = new Heard(name);
      await publishAll();
      expect([name, asked, heard.messages.length]).toEqual([name, 1, 1]);
    }
    await publishAll();
    expect([name, asked]).toEqual([name, 1]);
  }
});
