import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { TurnHolder, Turns } from "../../src/source/host.ts";
import { TurnKeeper } from "../../src/source/turn.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a turn is served from its first stream on, however often that is rotated, and the next one anew", async () => {
  let holder: TurnHolder | undefined;
  const turns: Turns = {
    take: async (request) => {
      holder = request.holder;
      return { release: () => {} };
    },
  };
  const { signal } = new AbortController();
  const keeper = new TurnKeeper(turns, {
    stream: () => ({ openingMs: 1, quietSince: performance.now() }),
    queued: () => {},
    wanted: () => {},
  });
  const servedSince = (): number | undefined => holder?.stream()?.servedSince;

  await keeper.take(signal);
  vi.advanceTimersByTime(5_000);
  expect(servedSince()).toBeUndefined();
  const first = performance.now();
  keeper.opened();
  for (let rotation = 0; rotation < 3; rotation++) {
    vi.advanceTimersByTime(1_000);
    keeper.opened();
    expect(servedSince()).toBe(first);
  }
  keeper.give();
  await keeper.take(signal);
  keeper.opened();
  expect(servedSince()).toBe(performance.now());
  expect(keeper.taken).toBe(2);
});
