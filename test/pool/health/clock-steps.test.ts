import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

const HOUR_MS = 3_600_000;

let fake: FakeEngine;
let web: FakeContainer;
let watched: WatchedPool;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("before");
  watched = new WatchedPool("clock", { engine: fake.engine }).consume();
  await watched.has(web);
  await watched.healthy();
});
afterEach(async () => {
  vi.useRealTimers();
  await watched.pool.close();
  await fake.close();
});

/** This machine's clock is set; the time that passes is not. */
function step(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

describe.each([
  ["ahead", HOUR_MS],
  ["back", -HOUR_MS],
])("a clock that is set %s by an hour", (_, ms) => {
  it("makes nothing ill, and what is told as a time is by the new one", () => {
    step(ms);
    const { status, components } = watched.pool.health();
    expect(status).toBe("healthy");
    const stats = [...watched.pool.sources.values()].map((source) => source.stats);
    const told = [...Object.values(components), ...stats].map(({ since }) => since);
    for (const since of told) {
      expect(since).toBeLessThanOrEqual(Date.now());
      expect(since).toBeGreaterThan(Date.now() - HOUR_MS / 2);
    }
  });

  it("keeps nothing from being told", async () => {
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    web.cut();
    await vi.waitUntil(() => watched.statuses.some(({ type }) => type === "reconnecting"));
    step(ms);
    expect(watched.pool.health().components["streams"]?.status).toBe("healthy");
    await watched.expectTold({
      component: "streams",
      status: "unhealthy",
      says: /^web can't be followed for 2 s: /,
      afterMs: BOUNDS.troubleMs,
    });
    await watched.expectRecovery(() => void (fake.fault = undefined), web);
  });
});
