import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type { PoolOptions } from "../../../src/index.ts";
import { Departed } from "../../../src/pool/discovery/departed.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer, FakeContainerSpec } from "../../../src/testing.ts";
import { AnsweringPeer, respond } from "../../support/answering-peer.ts";
import { eager, eventually } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";

let fake: FakeEngine;
let peer: AnsweringPeer;
let events: Socket | undefined;
beforeEach(async () => {
  fake = await FakeEngine.start();
  events = undefined;
  // The engine's events come when the test says so. What it remembers of past ones it is asked for besides.
  peer = await AnsweringPeer.start(fake, (socket, path) => {
    if (!path.startsWith("/events") || path.includes("until=")) return false;
    socket.write("HTTP/1.1 200 OK\r\nServer: Docker/28.5.2 (linux)\r\n\r\n");
    events = socket;
    return undefined;
  });
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

/** The header by which an engine is known. */
const headers = { Server: "Docker/28.5.2 (linux)" };
const names = new Map<string, string>();

function make(spec: FakeContainerSpec): FakeContainer {
  const container = fake.create(spec);
  names.set(container.id, spec.name);
  return container;
}

function tell({ id }: FakeContainer, action: string): void {
  const actor = { ID: id, Attributes: { name: names.get(id) } };
  const event = { Type: "container", Action: action, Actor: actor, time: Date.now() / 1_000 };
  events?.write(`${JSON.stringify(event)}\n`);
}

/** It has run, and whoever asks is told that it is being removed. */
function beginRemoval({ id }: FakeContainer): void {
  const { own } = peer;
  const State = { Status: "removing", Running: false, StartedAt: "2026-01-01T00:00:01Z" };
  const about = {
    Id: id,
    Name: `/${names.get(id)}`,
    Created: "2026-01-01T00:00:00Z",
    Config: { Tty: false, Image: "app:1", Labels: {} },
    HostConfig: { LogConfig: { Type: "json-file", Config: {} } },
    State,
  };
  peer.own = (socket, path) => {
    if (!path.includes(`/containers/${id}/json`)) return own(socket, path);
    respond(socket, 200, JSON.stringify(about));
    return undefined;
  };
}

async function follow(options: Partial<PoolOptions> = {}): Promise<PoolFollower> {
  const follower = new PoolFollower(
    new StreamPool({ engine: peer.engine, source: eager, from: "start", ...options }),
  );
  await follower.discovered();
  await eventually(() => events !== undefined, "the events");
  return follower;
}

/** Nothing looks at a stream that is silent for as long as its container runs. */
function withoutLooks(): Partial<PoolOptions> {
  const engine = { ...peer.engine, connectTimeoutMs: 1_000 };
  return { engine, rotation: false, source: { ...eager, stallProbeMs: false } };
}

/** What was told before is dealt with when a container that is told of now is followed. */
async function dealtWith(follower: PoolFollower): Promise<void> {
  const last = make({ name: "last" });
  last.write("one");
  tell(last, "start");
  await follower.expectAll(last);
}

describe("a container that is gone", () => {
  it.each([
    ["the end of its stream tells", false],
    ["a rotation finds", true],
  ])(
    "as %s, is not found again by events of its life that come only then, and its end is told once",
    async (_, isStalled) => {
      const follower = await follow();
      const brief = make({ name: "brief" });
      brief.write("one");
      tell(brief, "create");
      await follower.expectAll(brief);
      if (isStalled) brief.stall();
      brief.remove();
      if (isStalled) void follower.pool.rotate(brief.id);
      await follower.until(() => follower.seen("detached").length === 1, "detached");
      expect(follower.seen("detached")).toMatchObject([{ reason: { kind: "removed" } }]);
      for (const action of ["start", "die", "remove"]) tell(brief, action);
      await dealtWith(follower);
      expect(follower.seen("skipped")).toEqual([]);
      expect(follower.seen("detached")).toHaveLength(1);
      await follower.end();
    },
  );

  it.each([
    ["an event tells of its removal", (brief: FakeContainer) => tell(brief, "destroy")],
    ["a list does not show it", () => events?.end()],
  ])("ends as %s, also where its stream goes on in silence", async (_, show) => {
    const follower = await follow(withoutLooks());
    const brief = make({ name: "brief" });
    brief.write("one");
    tell(brief, "create");
    await follower.expectAll(brief);
    brief.stall();
    brief.remove();
    show(brief);
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    expect(follower.seen("detached")).toMatchObject([
      { reason: { kind: "removed", complete: false } },
    ]);
    await follower.end();
  });

  it("before anything of it could be read is skipped once, whatever is told of it", async () => {
    const follower = await follow();
    const brief = make({ name: "brief" });
    brief.remove();
    // It is not known to have run before the second.
    for (const action of ["create", "start"]) tell(brief, action);
    await follower.until(() => follower.seen("skipped").length === 1, "skipped");
    for (const action of ["start", "die", "remove", "start"]) tell(brief, action);
    await dealtWith(follower);
    expect(follower.seen("skipped")).toMatchObject([
      { container: { id: brief.id }, error: { code: "CONTAINER_NOT_FOUND" } },
    ]);
    await follower.end();
  });
});

describe("a container that is being removed when it is looked at", () => {
  it("is skipped where it is selected, and is no concern of the pool's where it is not", async () => {
    const follower = await follow({ select: { names: ["job", "last"] } });
    const [job, other] = [make({ name: "job" }), make({ name: "other" })];
    for (const one of [other, job]) {
      beginRemoval(one);
      tell(one, "start");
    }
    await follower.until(() => follower.seen("skipped").length > 0, "skipped");
    for (const one of [other, job]) tell(one, "destroy");
    await dealtWith(follower);
    expect(follower.seen("skipped")).toMatchObject([
      { container: { id: job.id }, error: { code: "CONTAINER_NOT_FOUND" } },
    ]);
    expect(follower.pool.health().ready).toBe(true);
    await follower.end();
  });
});

describe("a container that has stopped", () => {
  it("is known to have, and its last lines come, also where its stream goes on in silence", async () => {
    const follower = await follow(withoutLooks());
    const job = make({ name: "job" });
    job.write("one");
    tell(job, "create");
    await follower.expectAll(job);
    job.stall();
    job.write("two");
    job.stop();
    tell(job, "die");
    await follower.status(job, "stopped");
    await follower.expectAll(job);
    expect(follower.source(job).stats.state).toBe("stopped");
    await follower.end();
  });
});

describe("a container whose log can't be read", () => {
  it("is skipped once, also when it is created, started and started again", async () => {
    const follower = await follow();
    const silent = make({ name: "silent", logDriver: "none" });
    silent.stop();
    tell(silent, "create");
    await follower.until(() => follower.seen("skipped").length === 1, "skipped");
    for (let run = 0; run < 2; run++) {
      silent.restart();
      tell(silent, "start");
      await eventually(
        () => fake.requests.filter(({ path }) => path.includes(silent.id)).length >= 2 + run,
        "a look",
      );
    }
    await dealtWith(follower);
    expect(follower.seen("skipped")).toHaveLength(1);
    await follower.end();
  });

  it("is skipped once for a run of which its network is told of before its start", async () => {
    const follower = await follow({
      source: ({ name }) => ({ ...eager, read: name === "remote" ? "files" : "engine" }),
    });
    const remote = make({ name: "remote", logDriver: "journald", started: false });
    const looks = (): number =>
      fake.requests.filter(({ path }) => path.includes(`${remote.id}/json`)).length;
    tell(remote, "create");
    await eventually(() => looks() === 1, "a look");
    const actor = { ID: "none", Attributes: { container: remote.id, type: "null" } };
    const connect = { Type: "network", Action: "connect", Actor: actor, time: Date.now() / 1_000 };
    events?.write(`${JSON.stringify(connect)}\n`);
    await follower.until(() => follower.seen("skipped").length === 1, "skipped");
    const before = looks();
    remote.start();
    tell(remote, "start");
    await eventually(() => looks() > before, "another look");
    await dealtWith(follower);
    expect(follower.seen("skipped")).toHaveLength(1);
    await follower.end();
  });
});

describe("a container of which the engine says that it is gone, though it lists it", () => {
  it.each([
    ["once", 0],
    ["also where it is asked about in between", 2],
  ])("is followed again from where it was left, %s", async (_, lists) => {
    const web = make({ name: "web" });
    web.write("one");
    const follower = await follow();
    await follower.expectAll(web);
    const gone = JSON.stringify({ message: `No such container: ${web.id}` });
    const { own } = peer;
    peer.own = (socket, path) =>
      path.includes(web.id) ? respond(socket, 404, gone, headers) : own(socket, path);
    web.cut();
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    for (let times = 1; times <= lists; times++) {
      const before = events;
      before?.end();
      await follower.until(() => follower.seen("skipped").length === times, "skipped");
      await eventually(() => events !== before, "the events");
    }
    peer.own = own;
    web.write("two");
    events?.end();
    await follower.expectAll(web);
    expect(follower.texts(web)).toEqual(["one", "two"]);
    expect(follower.pool.health().components["engine:default"]?.status).toBe("healthy");
    await follower.end();
  });
});

describe("a container that a list leaves out, though it is there", () => {
  it("is followed again from where it was left, also where following it had failed", async () => {
    const web = make({ name: "web" });
    web.write("one");
    const follower = await follow(withoutLooks());
    await follower.expectAll(web);
    const { own } = peer;
    let isGarbled = false;
    peer.own = (socket, path) => {
      if (path.startsWith("/containers/json")) return respond(socket, 200, "[]", headers);
      if (isGarbled && path.includes("/logs"))
        return respond(socket, 200, "This is no log.", headers);
      return own(socket, path);
    };
    events?.end();
    // Its source looks, and knows better.
    await follower.status(web, "rotated");
    isGarbled = true;
    web.cut();
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    peer.own = own;
    web.write("two");
    events?.end();
    await follower.expectAll(web);
    expect(follower.texts(web)).toEqual(["one", "two"]);
    await follower.end();
  });
});

describe("what is known of containers that are gone", () => {
  it("is bounded: the latest thousand", () => {
    const departed = new Departed();
    for (let id = 0; id < 1_500; id++) departed.add(`${id}`);
    departed.add("700");
    expect(departed.ids.size).toBe(1_000);
    expect([departed.has("499"), departed.has("500"), departed.has("1499")]).toEqual([
      false,
      true,
      true,
    ]);
    departed.add("1500");
    expect([departed.has("500"), departed.has("700")]).toEqual([false, true]);
  });
});
