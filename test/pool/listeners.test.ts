import { expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

it("a pool hears of its sources also where the caller removes all of their listeners", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.write("one");
  const follower = new PoolFollower(
    new StreamPool({ engine: fake.engine, source: eager, from: "start" }),
  );
  await follower.expectAll(web);
  const { pool } = follower;
  pool.sources.get(web.id)?.removeAllListeners();
  web.rename("www");
  await follower.status(web, "renamed");
  await pool.sources.get(web.id)?.close();
  await follower.until(() => follower.seen("detached").length === 1, "detached");
  expect(pool.sources.size).toBe(0);
  await follower.end();
});
