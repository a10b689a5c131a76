import { setTimeout as after } from "node:timers/promises";
import { expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, Follower } from "../support/fake-follow.ts";

/** What the engine can be asked for on any machine. */
const MOST_ENTRIES = 2 ** 31;

it("a place that is lost while the engine goes on rotating the log is a gap after some looks, and lines come", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  fake.fault = ({ path }) => (path.includes("/logs") ? { delayMs: 50 } : undefined);
  const source = new ContainerLogSource("web", {
    engine: fake.engine,
    ...eager,
    bufferBytes: 8_000,
  });
  let go = (): void => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const follower = new Follower(source, (_, index) => (index === 20 ? gone : undefined));
  for (let line = 0; line < 20; line++) web.write(`line ${line}`);
  await follower.has(20);
  let next = 20;
  const writer = setInterval(() => {
    for (let line = 0; line < 40; line++) web.write(`line ${next++} ${"x".repeat(100)}`);
    web.truncate(500);
  }, 20);
  try {
    await follower.until(() => next > 2_000);
    await after(100);
    const asked = fake.requests.length;
    go();
    await follower.until(() => source.stats.gaps > 0, "a gap");
    const tails = fake.requests.slice(asked).map(({ path }) => /tail=(\w+)/.exec(path)?.[1]);
    const looks = tails.filter((tail) => tail !== undefined);
    expect(looks.length).toBeLessThan(20);
    for (const tail of looks) expect(tail === "all" || Number(tail) < MOST_ENTRIES).toBe(true);
    const behind = follower.records.length;
    await follower.until(() => follower.records.length > behind + 100);
  } finally {
    clearInterval(writer);
    await source.close();
  }
});
