import { afterEach, beforeEach, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceEvents, SourceStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Follower, eager } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const names = [
  "opened",
  "rotating",
  "rotated",
  "reconnecting",
  "truncated",
  "renamed",
  "restarted",
  "stopped",
  "ended",
] as const satisfies readonly (keyof SourceEvents)[];

it("each status of a source is an event of its own name, right behind `status`", async () => {
  web.write("one");
  const source = new ContainerLogSource("web", { engine: fake.engine, maxLineBytes: 10, ...eager });
  const heard: [string, SourceStatus][] = [];
  source.on("status", (status) => heard.push(["status", status]));
  for (const name of names)
    source.on(name, (status: SourceStatus) => {
      expect(status.type).toBe(name);
      heard.push([name, status]);
    });
  const follower = new Follower(source);
  await follower.has(1);
  await source.rotate();
  web.cut();
  web.write("x".repeat(50));
  await follower.has(2);
  web.rename("other");
  await follower.status("renamed");
  web.restart();
  await follower.status("restarted");
  web.stop();
  await follower.status("stopped");
  await source.close();
  await follower.finished();
  const told = follower.statuses.filter(({ type }) => names.some((name) => name === type));
  expect(new Set(told.map(({ type }) => type)).size).toBeGreaterThanOrEqual(names.length - 1);
  expect(heard.filter(([name]) => name !== "status").map(([, status]) => status)).toEqual(told);
  for (const [index, [name, status]] of heard.entries())
    if (name !== "status") expect(heard[index - 1]).toEqual(["status", status]);
});

it("each status of a pool is an event of its own name", async () => {
  web.write("one");
  fake.create({ name: "mute", logDriver: "none" });
  const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager });
  const heard: string[] = [];
  pool.on("attached", ({ container }) => heard.push(`attached ${container.name}`));
  pool.on("skipped", ({ container, error }) =>
    heard.push(`skipped ${container.name} ${error.code}`),
  );
  pool.on("engine", ({ engine, state }) => heard.push(`engine ${engine} ${state}`));
  pool.on("source", ({ container, status }) => heard.push(`${container.name} ${status.type}`));
  pool.on("detached", ({ container, reason }) =>
    heard.push(`detached ${container.name} ${reason.kind}`),
  );
  const follower = new PoolFollower(pool);
  await follower.expectAll(web);
  await follower.until(() => follower.seen("skipped").length === 1, "skipped");
  await follower.end();
  for (const expected of [
    "engine default connected",
    "attached web",
    "web opened",
    "skipped mute LOGS_UNREADABLE",
    "web ended",
    "detached web closed",
  ])
    expect(heard).toContain(expected);
  expect(heard).toHaveLength(follower.statuses.length);
});

it("how a source has ended can be shown as JSON, whatever it was aborted with", async () => {
  const controller = new AbortController();
  const source = new ContainerLogSource("web", { engine: fake.engine, signal: controller.signal });
  const follower = new Follower(source);
  await follower.status("opened");
  controller.abort(Object.assign(new Error("shutdown"), { code: "SIGTERM" }));
  await follower.done;
  expect(JSON.parse(JSON.stringify(await source.ended))).toEqual({
    kind: "aborted",
    reason: { name: "Error", code: "SIGTERM", message: "shutdown" },
  });
});
