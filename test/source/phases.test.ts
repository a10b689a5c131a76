import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import type { PhaseChange } from "../../src/source/channels.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, failure, Follower, toLines } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
let taken: string[] = [];
const note = (message: unknown): void => {
  const { from, to } = message as PhaseChange;
  taken.push(`${from.type} → ${to.type}`);
};
beforeEach(async () => {
  taken = [];
  subscribe("dockspool:phase", note);
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  unsubscribe("dockspool:phase", note);
  await fake.close();
});

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

describe("the phases of a capture", () => {
  it("of a container that is followed, rotated and closed", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    await follower.source.rotate();
    await follower.source.close();
    expect(taken).toEqual([
      "idle → locating",
      "locating → catching-up",
      "catching-up → opening",
      "opening → following",
      "following → closing",
      "closing → opening",
      "opening → aligning",
      "aligning → following",
      "following → closing",
      "closing → ended",
    ]);
  });

  it("of one that stands still and gets another name: it is looked at, and stands still", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    web.stop();
    await follower.status("stopped");
    await eventually(() => fake.requests.some(({ path }) => path.startsWith("/events")));
    taken = [];
    web.rename("other");
    await follower.status("renamed");
    await eventually(() => taken.includes("locating → stopped"));
    expect(taken).toEqual(["stopped → locating", "locating → stopped"]);
    expect(follower.seen("stopped")).toHaveLength(1);
    web.start();
    web.write("two");
    await follower.has(2);
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });

  it("of one that starts again after a while in which nothing came: what there is by then is read first", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    web.stop();
    await follower.status("stopped");
    await eventually(() => fake.requests.some(({ path }) => path.startsWith("/events")));
    // So long a silence may be that of a follow which damage has ended.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    taken = [];
    web.start();
    web.write("two");
    await follower.has(2);
    await eventually(() => taken.includes("aligning → following"));
    expect(taken[0]).toBe("stopped → catching-up");
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });

  it("of one that is rotated while it is read to its end: the reading begins anew, and nothing comes twice", async () => {
    for (let line = 0; line < 200; line++) web.write(`line ${line}`);
    web.stop();
    const follower = follow({ bufferBytes: 1_000 });
    await follower.status("opened");
    await follower.source.rotate();
    await follower.status("stopped");
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });

  it("of one that is rotated while its beginning is looked for: it is looked for anew", async () => {
    web.write("old");
    let isHeld = true;
    fake.fault = ({ path }) =>
      isHeld && path.includes("follow=0") ? { withholdHeaders: true } : undefined;
    const follower = follow({ from: "now" });
    await eventually(() => fake.open.reads === 1);
    const rotation = follower.source.rotate();
    isHeld = false;
    expect(await rotation).toMatchObject({ reopened: true, generation: 1, awaited: ["reader"] });
    expect(taken).toContain("closing → catching-up");
    web.write("new");
    await follower.has(1);
    expect(follower.texts).toEqual(["new"]);
    await follower.source.close();
  });

  it("of one that starts while others have the pool's only turn: it waits, and has all its lines", async () => {
    const chatty = fake.create({ name: "chatty" });
    const pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      maxStreams: 1,
      excludeSelf: false,
      source: eager,
    });
    const lines: string[] = [];
    const loop = (async () => {
      for await (const { line } of pool) lines.push(line);
    })();
    web.write("one");
    chatty.write("chat");
    await eventually(() => lines.length === 2);
    web.stop();
    await eventually(() => pool.sources.get(web.id)?.stats.state === "stopped");
    await eventually(() => pool.sources.get(chatty.id)?.stats.state === "streaming");
    taken = [];
    web.start();
    web.write("two");
    await eventually(() => lines.includes("two"));
    expect(taken).toContain("stopped → waiting");
    await pool.close();
    await loop;
  });
});

describe("what stats say of a phase", () => {
  it("since when it lasts, what it waits for, and until when", async () => {
    const before = Date.now();
    const follower = follow({ stallProbeMs: 60_000 });
    await follower.status("opened");
    const { state, since, waitsFor, by, via } = follower.source.stats;
    expect({ state, waitsFor, via }).toEqual({
      state: "streaming",
      waitsFor: undefined,
      via: "engine",
    });
    expect(since).toBeGreaterThanOrEqual(before);
    expect(by).toBeGreaterThanOrEqual(since + 60_000);
    web.stop();
    await follower.status("stopped");
    expect(follower.source.stats).toMatchObject({
      state: "stopped",
      waitsFor: "the container's start",
    });
    await follower.source.close();
    expect(follower.source.stats).toMatchObject({ state: "ended", waitsFor: undefined });
  });

  it("while headers are withheld, and while the engine is away", async () => {
    fake.fault = ({ path }) => (path.includes("/logs") ? { withholdHeaders: true } : undefined);
    const follower = follow({ reconnect: { minDelayMs: 60_000, maxDelayMs: 60_000 } });
    await eventually(() => follower.source.stats.waitsFor === "the response headers");
    expect(follower.source.stats.state).toBe("opening");
    fake.outage();
    await follower.status("reconnecting");
    const { state, waitsFor, since, by } = follower.source.stats;
    expect(state).toBe("reconnecting");
    expect(waitsFor).toMatch(/^attempt 2 to reach the log \(Can't reach/);
    expect(by).toBeGreaterThanOrEqual(since);
    await follower.source.close();
  });
});

describe("the tasks between streams", () => {
  it("are the next stream's, and take tasks until the source has ended", async () => {
    const follower = follow({ rotateTimeoutMs: 50 });
    const { source } = follower;
    let ended = false;
    const task = source.tasks.run("early", async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended = true;
    });
    await follower.status("opened");
    expect([...source.tasks.names].toSorted()).toEqual(["early", "reader"]);
    expect((await source.rotate()).awaited).toContain("early");
    expect(ended).toBe(true);
    await task;
    web.stop();
    await follower.status("stopped");
    const waiting = source.tasks.run("while stopped", () => new Promise<void>(() => {}));
    waiting.catch(() => {});
    expect(source.tasks.names).toEqual(["while stopped"]);
    expect((await source.rotate()).reopened).toBe(false);
    const { generation } = source.stats;
    web.start();
    await follower.until(() => source.stats.generation > generation);
    expect([...source.tasks.names].toSorted()).toEqual(["reader", "while stopped"]);
    await failure(source.close(), "TASKS_STILL_RUNNING");
    expect(() => source.tasks.run("late", () => {})).toThrow(/closed/);
  });

  it("rotate() within `opened` is another rotation, and awaits what was begun there", async () => {
    web.write("one");
    const follower = follow();
    const { source } = follower;
    const told: string[] = [];
    source.on("status", ({ type }) => void told.push(type));
    let isDone = false;
    const rotated = new Promise<boolean>((resolve) => {
      source.on("opened", ({ generation }) => {
        if (generation !== 1) return;
        const upload = source.tasks.run("upload", async (signal) => {
          await new Promise((ready) => signal.addEventListener("abort", ready));
          isDone = true;
        });
        upload.catch(() => {});
        void source.rotate().then((rotation) => resolve(isDone && rotation.generation === 2));
      });
    });
    expect(await rotated).toBe(true);
    expect(told).toEqual(["opened", "rotating", "opened", "rotated"]);
    await source.close();
  });

  it("a task that outlives close() is no failed rotation", async () => {
    const follower = follow({ rotateTimeoutMs: 20 });
    await follower.status("opened");
    follower.source.tasks.run("stuck", () => new Promise<void>(() => {})).catch(() => {});
    await failure(follower.source.close(), "TASKS_STILL_RUNNING");
    expect(follower.seen("rotation-failed")).toEqual([]);
  });
});
