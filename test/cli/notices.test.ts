import { describe, expect, test } from "vitest";
import { Notices } from "../../src/cli/notices.ts";
import { DockspoolError } from "../../src/index.ts";
import type { ContainerInfo, PoolStatus, SourceStatus } from "../../src/index.ts";

const container: ContainerInfo = {
  id: "a".repeat(64),
  name: "web",
  image: "nginx:1.27",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};
const error = new DockspoolError("ENGINE_UNREACHABLE", "it was cut");

function ofSource(status: SourceStatus): PoolStatus {
  return { type: "source", container, status };
}

function reconnecting(attempt: number): PoolStatus {
  return ofSource({ type: "reconnecting", attempt, delayMs: 100, error });
}

function texts(notices: Notices, statuses: readonly PoolStatus[]): string[] {
  return statuses.flatMap((status) => notices.of(status)?.text ?? []);
}

describe("what a pool tells", () => {
  test("is a sentence where it is worth one", () => {
    const told = texts(new Notices(), [
      { type: "attached", container },
      ofSource({ type: "opened", generation: 1, aligned: "first" }),
      ofSource({ type: "rotating", generation: 1 }),
      ofSource({ type: "gap", after: "2026-11-28T00:00:00Z" }),
      ofSource({ type: "stopped" }),
      ofSource({ type: "restarted" }),
      ofSource({ type: "health", health: "unhealthy" }),
      ofSource({ type: "health", health: "starting" }),
      ofSource({ type: "health", health: "healthy" }),
      ofSource({ type: "stopped", exitCode: 137, oomKilled: true }),
      ofSource({ type: "stopped", exitCode: 0, oomKilled: false }),
      { type: "detached", container, reason: { kind: "removed", complete: true } },
    ]);
    expect(told).toEqual([
      "+ web (nginx:1.27)",
      "! web: lines are lost: the engine no longer has what came after 2026-11-28T00:00:00Z",
      "· web has stopped",
      "+ web runs again",
      "! web is unhealthy",
      "+ web is healthy",
      "· web has stopped with exit code 137, out of memory",
      "· web has stopped",
      "- web is gone",
    ]);
  });

  test("says once that a container can't be read, and once that it can again", () => {
    const notices = new Notices();
    expect(texts(notices, [1, 2, 3].map(reconnecting))).toEqual([]);
    expect(texts(notices, [4, 5, 6].map(reconnecting))).toEqual([
      "! web can't be read, trying again: it was cut",
    ]);
    const opened = ofSource({ type: "opened", generation: 2, aligned: "exact" });
    expect(texts(notices, [opened, opened])).toEqual(["+ web is read again"]);
  });

  test("says nothing of containers whose engine is away", () => {
    const notices = new Notices();
    notices.of({ type: "engine", engine: "default", state: "disconnected", error });
    expect(texts(notices, [4, 5, 6].map(reconnecting))).toEqual([]);
    notices.of({ type: "engine", engine: "default", state: "connected" });
    expect(texts(notices, [reconnecting(4)])).toHaveLength(1);
  });

  test("says once a minute that positions can't be saved, for all containers", () => {
    const notices = new Notices();
    const failed = ofSource({ type: "checkpoint-failed", error });
    const told = [0, 1_000, 59_000, 60_000, 61_000].filter((now) => notices.of(failed, now));
    expect(told).toEqual([0, 60_000]);
  });

  test("does not let a name or an engine's words break a line", () => {
    const hostile = { ...container, name: "web\n\u001b[2J", image: "x\ny" };
    const told = texts(new Notices(), [
      { type: "attached", container: hostile },
      ofSource({ type: "engine-error", message: "bad\n\u001b[31mnews" }),
    ]);
    for (const text of told) expect(text).not.toMatch(/\p{Cc}/u);
  });
});
