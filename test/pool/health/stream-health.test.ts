import { expect, it } from "vitest";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { streamFinding } from "../../../src/pool/health/stream-health.ts";
import type { FollowedStream } from "../../../src/pool/health/stream-health.ts";

const NOW = 1_800_000_000_000;
const PLAN = { rotateEveryMs: 300_000, roundMs: 0 };

/** Bytes come right now. */
function heard(phase: FollowedStream["phase"], forMs: number): FollowedStream {
  return {
    name: "web",
    phase,
    since: NOW - forMs,
    lastByteAt: NOW,
    room: { type: "flowing", since: NOW - forMs },
    rotateTimeoutMs: 10_000,
    damagedAt: undefined,
    overdue: undefined,
    trouble: undefined,
  };
}

it("bytes are no progress while the place in the log is not found in them", () => {
  const aligning = { type: "aligning", silenceMs: 1_000 } as const;
  expect(streamFinding(heard(aligning, BOUNDS.silentMs), PLAN, NOW)).toBeUndefined();
  expect(streamFinding(heard(aligning, BOUNDS.silentMs + 1), PLAN, NOW)).toMatchObject({
    status: "degraded",
    detail: "web waits for its place in the log for 15 s",
  });
});

it("bytes are progress of a plain read, which has an end", () => {
  const catchingUp = { type: "catching-up", isOpened: false } as const;
  expect(streamFinding(heard(catchingUp, BOUNDS.silentMs + 1), PLAN, NOW)).toBeUndefined();
});
