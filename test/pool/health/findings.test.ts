import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DockspoolError } from "../../../src/index.ts";
import type { StoreState } from "../../../src/checkpoint/store-state.ts";
import type { SinkState } from "../../../src/delivery/sink-state.ts";
import type { EngineContact } from "../../../src/pool/discovery/engine-contact.ts";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { checkpointFinding } from "../../../src/pool/health/checkpoint-health.ts";
import { bufferFinding, sinkFinding } from "../../../src/pool/health/delivery-health.ts";
import { discoveryFinding } from "../../../src/pool/health/discovery-health.ts";
import { engineFinding } from "../../../src/pool/health/engine-health.ts";
import { leasesFinding } from "../../../src/pool/health/lease-health.ts";
import { span, worstOf } from "../../../src/pool/health/report.ts";
import type { Finding } from "../../../src/pool/health/report.ts";
import { streamFindings } from "../../../src/pool/health/stream-health.ts";
import type { FollowedStream } from "../../../src/pool/health/stream-health.ts";
import { STEADY_MS } from "../../../src/source/attempts.ts";

const BEGIN = 1_000_000_000;
const error = new DockspoolError("ENGINE_RESPONSE", "HTTP 500.");
const following: FollowedStream = {
  name: "web",
  phase: { type: "following" },
  since: BEGIN,
  lastByteAt: undefined,
  room: { type: "flowing", since: BEGIN },
  rotateTimeoutMs: 10_000,
  damagedAt: undefined,
  overdue: undefined,
  trouble: undefined,
};
const plan = { rotateEveryMs: 60_000, roundMs: 1_000 };

/** What is found after so many milliseconds. */
type Look = (ms: number) => Finding | undefined;

const stream =
  (changes: Partial<FollowedStream>): Look =>
  (ms) =>
    streamFindings([{ ...following, ...changes }], plan, BEGIN + ms)[0];
const engine =
  (contact: EngineContact, lastLookAt?: number): Look =>
  (ms) =>
    engineFinding(contact, lastLookAt, BEGIN + ms);
const sink =
  (state: SinkState): Look =>
  (ms) =>
    sinkFinding(state, BEGIN + ms);
const store =
  (state: StoreState): Look =>
  (ms) =>
    checkpointFinding(state, BEGIN + ms);

const untaken = { since: BEGIN, bufferedBytes: 10 };
const trouble = { since: BEGIN, error, hasFailed: false };
const looking = {
  name: "web",
  kind: "looking",
  since: BEGIN,
  error: undefined,
  isAttached: false,
} as const;

/** What lasts for no longer than its bound is as it should be; one millisecond more, and it is told. */
const bounded: readonly (readonly [string, Look, number, RegExp])[] = [
  [
    "a stream that is located",
    stream({ phase: { type: "locating" } }),
    BOUNDS.silentMs,
    /^web waits for the engine's answer/,
  ],
  [
    "a stream that is opened",
    stream({ phase: { type: "opening" } }),
    BOUNDS.silentMs,
    /^web waits for the response headers/,
  ],
  [
    "a stream that is aligned",
    stream({ phase: { type: "aligning", silenceMs: 1_000 } }),
    BOUNDS.silentMs,
    /^web waits for its place in the log/,
  ],
  [
    "a stream that catches up, after its last byte",
    stream({ phase: { type: "catching-up", isOpened: true }, since: 1, lastByteAt: BEGIN }),
    BOUNDS.silentMs,
    /^web waits for the end of what the log holds/,
  ],
  [
    "a stream that catches up, after its consumer's pause",
    stream({ phase: { type: "catching-up", isOpened: true }, since: 1, lastByteAt: 1 }),
    BOUNDS.silentMs,
    /^web waits for the end of what the log holds/,
  ],
  [
    "a turn",
    stream({ phase: { type: "waiting" } }),
    2 * plan.roundMs + BOUNDS.overdueMs,
    /^web waits for a turn/,
  ],
  [
    "a stream that is closed",
    stream({ phase: { type: "closing", for: "rotation" } }),
    following.rotateTimeoutMs + BOUNDS.closingMs,
    /^web waits for the stream's tasks to end/,
  ],
  [
    "a rotation",
    stream({}),
    2 * plan.rotateEveryMs + BOUNDS.overdueMs,
    /^web was to be rotated every 60 s/,
  ],
  [
    "a stream that is opened again",
    stream({ phase: { type: "reconnecting", attempt: 2, delayMs: 1, error }, trouble }),
    BOUNDS.troubleMs - 1,
    /^web can't be followed for 2 s: HTTP 500/,
  ],
  [
    "a container that is asked for",
    (ms) => discoveryFinding(looking, BEGIN + ms),
    BOUNDS.silentMs - 1,
    /^web is not followed yet/,
  ],
  [
    "a container that is asked for again",
    (ms) => discoveryFinding({ ...looking, error }, BEGIN + ms),
    BOUNDS.troubleMs - 1,
    /^web is not followed yet: HTTP 500/,
  ],
  [
    "events that are asked for again",
    engine({ kind: "connecting", since: BEGIN, wasReached: true }),
    BOUNDS.eventsMs - 1,
    /^its events are being asked for again$/,
  ],
  [
    "a list",
    engine({ kind: "listening", since: 1 }, BEGIN),
    BOUNDS.listedMs - 1,
    /^its containers could not be listed for 90 s$/,
  ],
  [
    "a sink that is called",
    sink({ type: "calling", since: BEGIN, attempt: 1, records: 3, pendingSince: BEGIN }),
    BOUNDS.sinkMs - 1,
    /^a batch of 3 records was not taken for 10 s$/,
  ],
  [
    "records that nobody takes",
    (ms) => bufferFinding(untaken, undefined, BEGIN + ms),
    BOUNDS.untakenMs - 1,
    /^10 bytes wait since 30 s/,
  ],
  [
    "a full buffer",
    (ms) => bufferFinding(untaken, BEGIN, BEGIN + ms),
    BOUNDS.fullMs - 1,
    /^full, so that nothing is read/,
  ],
  [
    "a call of the store",
    store({ type: "unused", calls: [{ method: "save", key: undefined, since: BEGIN }] }),
    BOUNDS.storeMs - 1,
    /^save\(\) was not answered for 10 s$/,
  ],
];

describe("health tells", () => {
  it.each(bounded)(
    "of %s once it lasts for longer than its bound, and not before",
    (_, look, limitMs, says) => {
      expect(look(limitMs)).toBeUndefined();
      expect(look(limitMs + 1)?.detail).toMatch(says);
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 10 * limitMs }), (ms) => {
          expect(look(ms) === undefined).toBe(ms <= limitMs);
        }),
      );
    },
  );

  it("of trouble until the stream has stayed open for a while", () => {
    const open = stream({ since: BEGIN, trouble: { ...trouble, since: BEGIN - 60_000 } });
    expect(open(STEADY_MS - 1)?.detail).toMatch(/^web can't be followed for 62 s: HTTP 500/);
    expect(open(STEADY_MS)).toBeUndefined();
  });

  it("at once of what a source has failed by", () => {
    const phase = { type: "locating" } as const;
    expect(stream({ phase, trouble: { ...trouble, hasFailed: true } })(0)?.detail).toMatch(
      "HTTP 500",
    );
  });

  it("of leases of which nothing is known, worse where containers wait for them", () => {
    const said = (
      held: number,
      waiting: number,
      ms: number = BOUNDS.troubleMs,
    ): Finding | undefined =>
      leasesFinding({ trouble: { since: BEGIN, error }, held, waiting }, BEGIN + ms);
    expect(leasesFinding({ trouble: undefined, held: 1, waiting: 1 }, BEGIN)).toBeUndefined();
    expect(said(0, 0)).toBeUndefined();
    expect(said(2, 0)).toMatchObject({
      status: "degraded",
      detail:
        "2 containers are followed until the leases run out, which are not renewed: HTTP 500.",
    });
    expect(said(0, 1, 0)).toMatchObject({ status: "degraded" });
    expect(said(2, 1, 0)).toMatchObject({ status: "degraded" });
    expect(said(2, 1)).toMatchObject({
      status: "unhealthy",
      detail: "1 container is not followed here, and who has the lease is not known: HTTP 500.",
    });
  });

  it("nothing of a stream whose consumer pauses, or whose container is stopped, however long", () => {
    const room = { type: "full", since: BEGIN } as const;
    const quiet = [
      { phase: { type: "catching-up", isOpened: true }, room },
      { phase: { type: "aligning", silenceMs: 1_000 }, room },
      { phase: { type: "waiting" }, room },
      { phase: { type: "stopped" }, trouble },
      { phase: { type: "idle" } },
      { phase: { type: "ended", reason: { kind: "closed" } }, trouble },
    ] as const;
    for (const changes of quiet) expect(stream(changes)(86_400_000)).toBeUndefined();
  });

  it("of a log that can't be read where the caller attached the container, and else leaves it be", () => {
    const unreadable = new DockspoolError("LOGS_UNREADABLE", "The driver keeps nothing.");
    const skipped = { ...looking, kind: "skipped", error: unreadable } as const;
    expect(discoveryFinding(skipped, BEGIN)).toBeUndefined();
    expect(discoveryFinding({ ...skipped, isAttached: true }, BEGIN)).toMatchObject({
      detail: "web is not followed: The driver keeps nothing.",
    });
  });

  it("of a store's failure for as long as it can be asked again, the worst one first", () => {
    const failure = { since: BEGIN, attempts: 2, lastAt: BEGIN, error };
    const state = store({
      type: "failing",
      failures: [
        { ...failure, side: "write" },
        { ...failure, side: "read" },
      ],
      calls: [],
    });
    expect(state(0)).toMatchObject({
      status: "unhealthy",
      detail: "attempt 2 failed: HTTP 500. (and 1 more)",
    });
    expect(state(BOUNDS.storeRetryMs)).toBeUndefined();
  });

  it("the worst of several, of two alike the older one, and how many more there are", () => {
    const finding = (status: Finding["status"], since: number): Finding => ({
      status,
      detail: `${status} ${since}`,
      since,
    });
    expect(worstOf([])).toBeUndefined();
    const all = [finding("degraded", 1), finding("unhealthy", 5), finding("unhealthy", 3)];
    expect(worstOf(all)).toEqual({
      ...finding("unhealthy", 3),
      detail: "unhealthy 3 (and 2 more)",
    });
  });

  it("spans of time as people say them", () => {
    expect([-5, 340, 12_300, 119_000, 300_000].map(span)).toEqual([
      "0 ms",
      "340 ms",
      "12 s",
      "119 s",
      "5 min",
    ]);
  });
});
