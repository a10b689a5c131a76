import Modem from "docker-modem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { DockerModem, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import {
  eager,
  eventually,
  failure,
  Follower,
  nothingOpen,
  turns,
} from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(
    new ContainerLogSource("web", {
      engine: fake.engine,
      ...eager,
      rotateTimeoutMs: 20,
      ...options,
    }),
  );

/** A promise that its owner settles. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe("a task of the caller's that does not end", () => {
  it("is named by rotate() and by a status, and capture goes on", async () => {
    const follower = follow();
    await follower.has(1);
    const { source } = follower;
    const deaf = gate();
    void source.tasks.run("deaf", () => deaf.opened);
    const error = await failure(source.rotate(), "TASKS_STILL_RUNNING");
    expect(error.message).toContain("deaf");
    expect(error.message).not.toContain("reader");
    expect(follower.seen("rotation-failed")).toMatchObject([{ survivors: ["deaf"], error }]);
    web.write("two");
    await follower.has(2);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    expect((await source.rotate()).reopened).toBe(true);
    web.write("three");
    await follower.has(3);
    expect(follower.texts).toEqual(["one", "two", "three"]);
    deaf.open();
    await source.close();
    expect(follower.error).toBeUndefined();
  });

  it("is counted among the tasks until it ends, however many streams come after its own", async () => {
    const follower = follow();
    await follower.has(1);
    const { source } = follower;
    const usual = source.stats.tasks;
    const deaf = gate();
    for (const count of [1, 2, 3]) {
      void source.tasks.run("deaf", () => deaf.opened);
      await failure(source.rotate(), "TASKS_STILL_RUNNING");
      await eventually(() => source.stats.tasks === usual + count, "all are counted");
    }
    deaf.open();
    await eventually(() => source.stats.tasks === usual, "none is left");
    await source.close();
  });

  it("is named by close(), after which the source has ended all the same", async () => {
    const follower = follow();
    await follower.has(1);
    const deaf = gate();
    void follower.source.tasks.run("deaf", () => deaf.opened);
    const error = await failure(follower.source.close(), "TASKS_STILL_RUNNING");
    expect(error.message).toContain("deaf");
    expect(await follower.source.ended).toEqual({ kind: "closed" });
    await follower.done;
    await nothingOpen(fake);
    deaf.open();
  });

  it("is reported by a periodic rotation, which goes on", async () => {
    const follower = follow({ rotateEveryMs: 15 });
    await follower.has(1);
    const deaf = gate();
    void follower.source.tasks.run("deaf", () => deaf.opened);
    expect((await follower.status("rotation-failed")).survivors).toEqual(["deaf"]);
    await follower.status("rotated", follower.seen("rotated").length + 2);
    web.write("two");
    await follower.has(2);
    deaf.open();
    await follower.source.close();
    expect(follower.texts).toEqual(["one", "two"]);
  });

  it("does not hold up a container's end", async () => {
    const follower = follow({ followRestarts: false });
    await follower.has(1);
    const deaf = gate();
    void follower.source.tasks.run("deaf", () => deaf.opened);
    web.write("two");
    web.stop();
    await follower.done;
    expect(follower.texts).toEqual(["one", "two"]);
    expect(follower.error).toBeUndefined();
    expect(await follower.source.ended).toEqual({ kind: "stopped" });
    deaf.open();
  });
});

describe("a reader of ours that can't end", () => {
  it("keeps the stream closed until it ends, and is named", async () => {
    const modem: DockerModem = new Modem(fake.engine);
    const released = gate();
    let dials = 0;
    /** Ignores the abort, and answers the first log request only when it is let go. */
    const deafModem: DockerModem = {
      dial(options, callback) {
        const path: unknown = Reflect.get(options, "path");
        const isLog = typeof path === "string" && path.includes("/logs");
        if (isLog) dials++;
        const isHeld = isLog && dials === 1;
        modem.dial({ ...options, abortSignal: undefined }, (error, result) => {
          if (isHeld) void released.opened.then(() => callback(error, result));
          else callback(error, result);
        });
      },
    };
    const follower = follow({ engine: deafModem });
    await eventually(() => fake.open.follows === 1);
    const { source } = follower;
    const held = source.rotate();
    web.write("two");
    const error = await failure(held, "TASKS_STILL_RUNNING");
    expect(error.message).toContain("reader");
    expect(follower.seen("rotation-failed").at(-1)?.survivors).toEqual(["reader"]);
    const before = dials;
    await turns(50);
    expect(dials).toBe(before);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    released.open();
    await follower.has(2);
    expect(follower.texts).toEqual(["one", "two"]);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    await source.close();
    await nothingOpen(fake);
  });
});
