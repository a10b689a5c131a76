import { afterEach, beforeEach, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { gate } from "../support/delivery-sinks.ts";
import { eager, eventually, Follower, texts } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const BUFFER_BYTES = 100_000;
const LONG = "x".repeat(60_000);
/** Beside the buffer: what the consumer has in hand, and what was read when there was no room. */
const MOST_LINES = BUFFER_BYTES / LONG.length + 3;

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  for (let line = 0; line < 100; line++) web.write(`${line} ${LONG}`);
});
afterEach(() => fake.close());

/** It has been the same for many looks. */
async function standsStill(count: () => number): Promise<void> {
  let before = -1;
  let same = 0;
  await eventually(() => {
    same = count() === before ? same + 1 : 0;
    before = count();
    return same > 50;
  }, "a standstill");
}

it("lines in parts are read ahead of a consumer that stands still up to `bufferBytes`", async () => {
  const held = gate();
  const source = new ContainerLogSource("web", {
    engine: fake.engine,
    ...eager,
    bufferBytes: BUFFER_BYTES,
  });
  const follower = new Follower(source, (_, index) => (index === 0 ? held.opened : undefined));
  await follower.has(1);
  await standsStill(() => source.stats.lines);
  expect(source.stats.lines).toBeLessThanOrEqual(MOST_LINES);
  held.open();
  await follower.has(100);
  await source.close();
  expect(follower.texts).toEqual(texts(web.written));
  expect(source.stats.bufferedBytes).toBe(0);
});

it("lines in parts, joined to records, are read ahead up to a pool's `bufferBytes`", async () => {
  const held = gate();
  const pool = new StreamPool({
    engine: fake.engine,
    from: "start",
    bufferBytes: BUFFER_BYTES,
    source: { ...eager, multiline: { start: /^\d*0 /, maxWaitMs: 2 ** 31 - 1, maxLines: 2 } },
  });
  const follower = new PoolFollower(pool, (_, index) => (index === 0 ? held.opened : undefined));
  await follower.until(() => follower.records.length === 1, "a record");
  await standsStill(() => pool.stats.lines);
  expect(pool.stats.lines * 2).toBeLessThanOrEqual(2 * MOST_LINES);
  held.open();
  await follower.until(() => follower.records.length === 50, "all");
  await follower.end();
  expect(follower.texts(web).flatMap((text) => text.split("\n"))).toEqual(texts(web.written));
});
