import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DockspoolError } from "../../../src/index.ts";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { streamFindings } from "../../../src/pool/health/stream-health.ts";
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
  expect(streamFindings([heard(aligning, BOUNDS.silentMs)], PLAN, NOW)).toEqual([]);
  expect(streamFindings([heard(aligning, BOUNDS.silentMs + 1)], PLAN, NOW)).toMatchObject([
    {
      status: "unhealthy",
      detail: "web waits for its place in the log for 15 s",
    },
  ]);
});

it("bytes are progress of a plain read, which has an end", () => {
  const catchingUp = { type: "catching-up", isOpened: false } as const;
  expect(streamFindings([heard(catchingUp, BOUNDS.silentMs + 1)], PLAN, NOW)).toEqual([]);
});

const error = new DockspoolError("ENGINE_RESPONSE", "HTTP 500.");
const trouble = { since: NOW - BOUNDS.troubleMs, error, hasFailed: false };
const following = { type: "following" } as const;
const ended = { kind: "closed" } as const;

/** Nothing comes of them. */
const silent: readonly FollowedStream[] = [
  { ...heard(following, 60_000), awaitsDiskSince: NOW - BOUNDS.diskMs },
  heard({ type: "opening" }, BOUNDS.silentMs + 1),
  heard({ type: "waiting" }, BOUNDS.overdueMs + 1),
  heard({ type: "closing", for: "rotation" }, 10_000 + BOUNDS.closingMs + 1),
  { ...heard({ type: "reconnecting", attempt: 2, delayMs: 1, error }, 1), trouble },
];
/** They run, and their log comes, or may come soon. */
const flowing: readonly FollowedStream[] = [
  { ...heard(following, 60_000), awaitsDiskSince: NOW - 1 },
  heard(following, 60_000),
  heard({ type: "opening" }, 1),
  heard({ type: "waiting" }, 1),
  { ...heard({ type: "waiting" }, 86_400_000), room: { type: "full", since: NOW } },
];
/** Something else is wrong with them. */
const odd: readonly FollowedStream[] = [
  heard(following, 86_400_000),
  { ...heard(following, 60_000), damagedAt: NOW - 1 },
  { ...heard(following, 60_000), hiddenSince: NOW - 1 },
  { ...heard(following, 60_000), overdue: { names: ["upload"], since: NOW - 60_000 } },
];
/** Their log was read to the end, or is not wanted any more. */
const over: readonly FollowedStream[] = [
  heard({ type: "stopped" }, 86_400_000),
  { ...heard({ type: "stopped" }, 60_000), trouble },
  heard({ type: "closing", for: "end of the source", reason: ended }, 1),
  { ...heard({ type: "ended", reason: ended }, 60_000), trouble },
];
const hungEnd = heard({ type: "closing", for: "end of the source", reason: ended }, 86_400_000);

function statuses(...streams: FollowedStream[]): string[] {
  return streamFindings(streams, PLAN, NOW).map(({ status }) => status);
}

describe("the health of streams", () => {
  it.each(silent)(
    "is unhealthy where nothing comes of any container that runs: $phase.type",
    (stream) => {
      expect(statuses(stream)).toEqual(["unhealthy"]);
      expect(statuses(...silent)).toEqual(silent.map(() => "unhealthy"));
    },
  );

  it("is degraded where another one flows", () => {
    for (const one of silent)
      for (const other of [...flowing, ...odd])
        expect(statuses(one, other)).toEqual(statuses(other, one).map(() => "degraded"));
    expect(statuses(...silent, heard(following, 60_000))).toEqual(silent.map(() => "degraded"));
  });

  it("takes no account of one that is stopped, being closed or ended", () => {
    expect(statuses(...over)).toEqual([]);
    for (const one of over) {
      expect(statuses(one)).toEqual([]);
      for (const other of silent) expect(statuses(one, other)).toEqual(["unhealthy"]);
    }
    expect(statuses(hungEnd)).toEqual(["degraded"]);
    expect(statuses(hungEnd, heard(following, 60_000))).toEqual(["degraded"]);
  });

  it("is degraded by what else is wrong, also beside one of which nothing comes", () => {
    for (const one of odd) expect(statuses(one)).toEqual(["degraded"]);
    const stopped = heard({ type: "stopped" }, 1);
    const overdue = { ...stopped, overdue: { names: ["upload"], since: NOW - 60_000 } };
    const damaged = { ...stopped, damagedAt: NOW - 1 };
    for (const stream of silent)
      expect(statuses(overdue, stream, damaged, hungEnd).toSorted()).toEqual([
        "degraded",
        "degraded",
        "degraded",
        "unhealthy",
      ]);
  });

  it("is so with any number of them", () => {
    const some = (from: readonly FollowedStream[]): fc.Arbitrary<FollowedStream[]> =>
      fc.array(fc.constantFrom(...from), { maxLength: 4 });
    fc.assert(
      fc.property(
        some(silent),
        some([...flowing, ...odd]),
        some([...over, hungEnd]),
        fc.func(fc.nat()),
        (still, running, others, order) => {
          const all = [...still, ...running, ...others].toSorted((a, b) => order(a) - order(b));
          const seen = statuses(...all).filter((status) => status === "unhealthy");
          expect(seen).toHaveLength(running.length === 0 ? still.length : 0);
        },
      ),
    );
  });
});
