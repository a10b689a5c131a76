import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool, TaskGroup } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { forever, refuseUnhandled } from "../support/delivery-sinks.ts";
import { Follower, eager, failure, turns } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

/** Turns of the loop until an unhandled rejection is told. */
const TOLD = 5;

let fake: FakeEngine;
refuseUnhandled();
beforeEach(async () => {
  fake = await FakeEngine.start();
  fake.create({ name: "web" }).write("one");
});
afterEach(() => fake.close());

describe("what nobody awaits ends no process, and can be awaited later", () => {
  it("of a source: close() and rotate() that a task outlives, and calls once it has ended", async () => {
    const options = { engine: fake.engine, rotateTimeoutMs: 1, ...eager };
    const source = new ContainerLogSource("web", options);
    const follower = new Follower(source);
    await follower.has(1);
    void source.tasks.run("stuck", () => forever);
    const rotating = source.rotate();
    await follower.status("rotation-failed");
    const closing = source.close();
    await follower.done;
    await turns(TOLD);
    await failure(rotating, "TASKS_STILL_RUNNING");
    await closing.catch(() => {});
    const late = source.rotate();
    await turns(TOLD);
    await failure(late, "CLOSED");
  });

  it("of a pool: close(), attach(), detach(), rotate() and sinks", async () => {
    const pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      source: { rotateTimeoutMs: 1, ...eager },
    });
    const delivery = pool.deliver(() => forever, { name: "stuck", maxWaitMs: 0 });
    const source = await pool.attach("web", { from: "start" });
    await new Promise<unknown>((resolve) => source.once("opened", resolve));
    const refused = [
      failure(pool.attach("nobody"), "CONTAINER_NOT_FOUND"),
      failure(pool.rotate("nobody"), "CONTAINER_NOT_FOUND"),
      // @ts-expect-error what a program without types may give
      failure(pool.detach(5), "INVALID_OPTION"),
    ];
    await Promise.all(refused);
    const unseen = [
      pool.attach("nobody"),
      pool.rotate("nobody"),
      // @ts-expect-error what a program without types may give
      pool.detach(5),
      delivery.flush(),
      pool.close(),
    ];
    await turns(TOLD);
    const ends = await Promise.allSettled(unseen);
    expect(ends.map(({ status }) => status)).toEqual(unseen.map(() => "rejected"));
    await failure(delivery.done, "TASKS_STILL_RUNNING");
    unseen.push(delivery.stop(), pool.rotate(), pool.attach("web"));
    await turns(TOLD);
  });

  it("of a group of tasks: settled() and close()", async () => {
    const tasks = new TaskGroup();
    void tasks.run("stuck", () => forever);
    const waits = [tasks.settled({ timeoutMs: 1 }), tasks.close({ timeoutMs: 1 })];
    await Promise.allSettled(waits);
    void tasks.close({ timeoutMs: 0 });
    await failure(tasks.settled({ timeoutMs: 1 }), "TASKS_STILL_RUNNING");
    await turns(TOLD);
  });
});

it("the failure of a close() that nobody awaits is told by what ended", async () => {
  const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager });
  const follower = new PoolFollower(pool);
  await follower.until(() => follower.records.length === 1, "1 record");
  void pool.close();
  await follower.done;
  expect(follower.seen("detached")).toMatchObject([{ reason: { kind: "closed" } }]);
});
