import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Follower, eager, nothingOpen, toLines } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
let follower: Follower;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  fake = await FakeEngine.start();
  web = fake.create({ name: "web", health: "starting" });
  web.write("one");
  const engine = { ...fake.engine, connectTimeoutMs: 1_000 };
  follower = new Follower(new ContainerLogSource("web", { ...eager, engine, stallProbeMs: false }));
  await follower.has(1);
});
afterEach(async () => {
  await follower.source.close();
  await nothingOpen(fake);
  vi.useRealTimers();
  await fake.close();
});

/** So long a source that stands alone may take to see what has happened to its container. */
const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(30_000);

describe("a source that stands alone, and follows one stream for long", () => {
  it("sees another name, and another health, of its container", async () => {
    web.rename("www");
    web.health("unhealthy");
    await pass();
    expect(await follower.status("renamed")).toEqual({ type: "renamed", from: "web", to: "www" });
    expect(await follower.status("health")).toMatchObject({ health: "unhealthy" });
    web.write("two");
    await follower.has(2);
    expect(follower.records.map(({ container }) => container.name)).toEqual(["web", "www"]);
    expect(follower.source.stats.generation).toBe(1);
  });

  it("sees that its container has stopped where its stream goes on in silence", async () => {
    web.stall();
    web.write("two");
    web.stop();
    await pass();
    await follower.status("stopped");
    expect(follower.lines).toEqual(toLines(web.written));
  });

  it("sees that its container is gone where its stream goes on in silence", async () => {
    web.stall();
    web.remove();
    await pass();
    await expect(follower.source.ended).resolves.toMatchObject({ kind: "removed" });
  });
});
