import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { drain, eventually, frames, get, Incoming, open } from "./client.ts";
import { sizes, twoSizes } from "../support/size.ts";

const FOLLOW = "/containers/web/logs?follow=1&stdout=1&stderr=1";
const READ = "/containers/web/logs?stdout=1&stderr=1";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

describe("back pressure", () => {
  test("of a paused client keeps memory flat, and every line arrives afterwards", async () => {
    const web = fake.create({ name: "web" });
    const response = await open(fake, FOLLOW);
    const part = "x".repeat(16_384);
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 64; round += 1) {
      for (let count = 0; count < 64; count += 1) web.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
    web.stop();
    let bytes = 0;
    for await (const chunk of response) bytes += chunk.length;
    expect(bytes).toBe(4096 * (8 + 16_384 + 1));
  });

  test("of one client does not hold up another", async () => {
    const web = fake.create({ name: "web" });
    const paused = await open(fake, FOLLOW);
    const incoming = new Incoming(await open(fake, FOLLOW));
    for (let count = 0; count < 100; count += 1) web.write("x".repeat(16_384));
    web.write("last");
    expect(await incoming.until((text) => text.endsWith("last\n"))).toContain("last\n");
    paused.destroy();
  });

  test("until a truncation makes the stream go on with the oldest line there is", async () => {
    const web = fake.create({ name: "web" });
    const response = await open(fake, FOLLOW);
    for (let line = 0; line < 1000; line += 1) web.write(`${line} ${"x".repeat(10_000)}`);
    // What the socket holds has left the engine; the rest is dropped.
    await new Promise((resolve) => setImmediate(resolve));
    web.truncate(10);
    web.write("live");
    web.stop();
    const numbers = frames(await drain(response)).map(({ payload }) => parseInt(payload, 10));
    const kept = [990, 991, 992, 993, 994, 995, 996, 997, 998, 999, Number.NaN];
    expect(numbers.slice(-11)).toEqual(kept);
    const before = numbers.slice(0, -11);
    expect(before).toEqual(before.map((_, index) => index));
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(900);
  });
});

test("cut() destroys every log stream of the container and of no other", async () => {
  const web = fake.create({ name: "web" });
  const other = fake.create({ name: "other" });
  const cut = [new Incoming(await open(fake, FOLLOW)), new Incoming(await open(fake, FOLLOW))];
  const kept = new Incoming(await open(fake, FOLLOW.replace("web", "other")));
  web.cut();
  for (const incoming of cut) expect(await incoming.ended()).toBe("cut");
  other.write("still here");
  other.stop();
  expect(await kept.ended()).toBe("clean");
  expect(kept.text).toContain("still here");
});

test("stall() silences the streams that are open, and no later one", async () => {
  const web = fake.create({ name: "web" });
  const stalled = new Incoming(await open(fake, FOLLOW));
  web.write("before");
  web.stall();
  web.write("after");
  web.stop();
  await stalled.until((text) => text.endsWith("before\n"));
  expect((await get(fake, READ)).text).toContain("after\n");
  expect(stalled.text.endsWith("before\n")).toBe(true);
  expect(fake.open.follows).toBe(1);
  web.cut();
  expect(await stalled.ended()).toBe("cut");
  await eventually(() => fake.open.follows === 0);
});

test("a thousand containers and hundreds of follows get each its own lines", twoSizes, async () => {
  const follows = sizes({ short: 100, long: 300 });
  const containers = Array.from({ length: 1000 }, (_, index) => fake.create({ name: `c${index}` }));
  const followed = containers.slice(0, follows);
  const streams = await Promise.all(
    followed.map(async ({ id }) => new Incoming(await open(fake, FOLLOW.replace("web", id)))),
  );
  expect(fake.open).toMatchObject({ follows, sockets: follows, maxFollowsOfOneContainer: 1 });
  for (const container of containers) container.write(container.id);
  for (const container of containers) container.stop();
  for (const [index, incoming] of streams.entries()) {
    expect(await incoming.ended()).toBe("clean");
    expect(frames(incoming.bytes)).toEqual([{ stream: 1, payload: `${followed[index]?.id}\n` }]);
  }
});

test("very many lines written at once arrive whole", twoSizes, async () => {
  const count = sizes({ short: 60_000, long: 1_000_000 });
  const web = fake.create({ name: "web" });
  const response = await open(fake, FOLLOW);
  for (let line = 0; line < count; line += 1) web.write("0123456789");
  web.stop();
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  expect(bytes).toBe(19 * count);
});
