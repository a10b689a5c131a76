import { beforeEach, describe, expect, it } from "vitest";
import { RunLog } from "../../src/container/run-log.ts";

const FIRST = "2026-11-23T15:58:34.000000000Z";
const SECOND = "2026-11-23T15:59:34.000000000Z";
const at = Date.parse;

let restarts = 0;
let runs: RunLog;
beforeEach(() => {
  restarts = 0;
  runs = new RunLog(() => restarts++);
});

describe("the runs of a container", () => {
  it("begin with the first that is seen, which is no restart", () => {
    expect(runs.sawRunning(FIRST)).toBe(false);
    expect(runs.sawRunning(FIRST)).toBe(false);
    expect([restarts, runs.startedAt, runs.isRead]).toEqual([0, FIRST, false]);
  });

  it("a later start that a look shows is a restart, once", () => {
    runs.sawRunning(FIRST);
    expect(runs.sawRunning(SECOND)).toBe(true);
    expect(runs.sawRunning(SECOND)).toBe(false);
    expect(restarts).toBe(1);
  });

  it("a start that an event told of is no second restart when a look shows it", () => {
    runs.sawRunning(FIRST);
    runs.read(FIRST);
    runs.started(at(SECOND) + 3);
    expect(restarts).toBe(1);
    expect(runs.sawRunning(SECOND)).toBe(false);
    expect(restarts).toBe(1);
  });

  it("a start later than the one that an event told of is another one", () => {
    runs.begins(at(FIRST) + 3);
    expect(runs.sawRunning(SECOND)).toBe(true);
  });

  it("a start is told of behind the look that shows it: then, and once", () => {
    runs.begins(Infinity, "0001-01-01T00:00:00Z");
    expect(runs.told).toEqual({ by: Infinity, before: "0001-01-01T00:00:00Z" });
    expect(runs.sawRunning(FIRST)).toBe(false);
    expect([runs.told, runs.startTold, runs.startedAt]).toEqual([undefined, FIRST, FIRST]);
    runs.startsBy(at(FIRST) + 5);
    expect(Date.parse(runs.startTold ?? "")).toBe(Math.ceil(at(FIRST) + 5));
    expect(runs.startedAt).toBe(FIRST);
    expect(runs.sawRunning(SECOND)).toBe(true);
    expect(runs.startTold).toBe(SECOND);
  });

  it("what is about to start has started when the event comes", () => {
    runs.begins(Infinity);
    expect(runs.startedAt).toBeUndefined();
    runs.startsBy(at(FIRST));
    expect(runs.startedAt).toBe("2026-11-23T15:58:34.000Z");
    runs.startsBy(at(SECOND));
    expect(runs.startedAt).toBe("2026-11-23T15:58:34.000Z");
  });

  it("a run that was read to its end, seen again with another start, has run unseen", () => {
    runs.sawRunning(FIRST);
    runs.read(FIRST);
    runs.looked(FIRST);
    expect([runs.isRead, restarts]).toEqual([true, 0]);
    runs.looked(SECOND);
    expect([runs.isRead, restarts, runs.startedAt]).toEqual([false, 1, SECOND]);
  });

  it("one that stands still and runs again under the same start goes on", () => {
    runs.sawRunning(FIRST);
    runs.read(FIRST);
    expect(runs.sawRunning(FIRST)).toBe(true);
    expect(restarts).toBe(1);
  });

  it("a follow's proper end counts for the run that it was of, until another stream is opened", () => {
    runs.sawRunning(FIRST);
    runs.followedToEnd();
    expect(runs.state).toMatchObject({ type: "current", isFollowedToEnd: true });
    runs.opens();
    expect(runs.state).toMatchObject({ type: "current", isFollowedToEnd: false });
    runs.followedToEnd();
    runs.sawRunning(SECOND);
    expect(runs.state).toMatchObject({ type: "current", isFollowedToEnd: false });
  });

  it("once read to its end it is so until something may have happened", () => {
    runs.sawRunning(FIRST);
    runs.read(FIRST);
    expect(runs.state).toMatchObject({ type: "read", mayHaveRunSince: false });
    runs.mayHaveRun();
    expect(runs.state).toMatchObject({ type: "read", mayHaveRunSince: true });
  });
});
