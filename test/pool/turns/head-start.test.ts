import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { StreamPool } from "../../../src/index.ts";
import type { LogRecord, PoolOptions } from "../../../src/index.ts";
import { BriefLog } from "../../support/brief-log.ts";
import { eventually } from "../../support/fake-follow.ts";
import { dataRoot } from "../../support/file-log.ts";
import { PoolFollower } from "../../support/pool-follow.ts";
import { frame } from "../../wire/bytes.ts";

const ID = "c".repeat(64);
const BUSY = "b".repeat(64);
const RUNNING = { Status: "running", Running: true, StartedAt: "2026-01-01T00:00:00Z" };
const INFO = {
  Id: ID,
  Name: "/brief",
  Created: "2026-01-01T00:00:00Z",
  Config: { Tty: false, Image: "app:1", Labels: {} },
  HostConfig: { LogConfig: { Type: "json-file", Config: {} } },
};

function logOf(lines: readonly string[]): Buffer {
  return Buffer.concat(lines.map((line) => frame(1, `2026-01-01T00:00:01.000000000Z ${line}\n`)));
}

/**
 * Docker, while it starts a `--rm` container that lives for milliseconds: what is asked then is answered once it runs, and the
 * question for its state too late.
 */
class StartingEngine {
  readonly #held: Record<"json" | "logs", ServerResponse[]> = { json: [], logs: [] };
  readonly #isBusy: boolean;
  #events: ServerResponse | undefined;
  #isGone = false;

  constructor(isBusy: boolean) {
    this.#isBusy = isBusy;
  }

  /** `isBusy`: another container is there, and runs. */
  static async start(isBusy = false): Promise<{ engine: StartingEngine; socketPath: string }> {
    const engine = new StartingEngine(isBusy);
    const folder = await mkdtemp(join(tmpdir(), "dp-starting-"));
    const socketPath = join(folder, "docker.sock");
    const server = createServer((request, response) => engine.#answer(request.url ?? "", response));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    });
    return { engine, socketPath };
  }

  /** Answers who looked before the start. */
  created(): void {
    const State = { Status: "created", Running: false, StartedAt: "0001-01-01T00:00:00Z" };
    for (const response of this.#held.json.splice(0))
      response.end(JSON.stringify({ ...INFO, State }));
  }

  get asked(): { json: number; logs: number } {
    return { json: this.#held.json.length, logs: this.#held.logs.length };
  }

  /** Requests for its log that wait for an answer. */
  get waiting(): number {
    return this.#held.logs.filter((response) => !response.destroyed).length;
  }

  get isWatched(): boolean {
    return this.#events !== undefined;
  }

  tell(Type: "container" | "network", Action: string): void {
    const Actor =
      Type === "container"
        ? { ID, Attributes: { name: "brief", image: "app:1" } }
        : { ID: "n", Attributes: { container: ID } };
    const timeNano = Date.now() * 1e6;
    this.#events?.write(`${JSON.stringify({ Type, Action, Actor, timeNano })}\n`);
  }

  /** It has run: its log is there for who asked in time, and what is said of it is that it is being removed. */
  ran(lines: readonly string[]): void {
    for (const response of this.#held.logs) response.end(logOf(lines));
    this.tell("container", "start");
    this.tell("container", "die");
    const State = { Status: "removing", Running: false, StartedAt: "2026-01-01T00:00:01Z" };
    for (const response of this.#held.json) response.end(JSON.stringify({ ...INFO, State }));
    this.tell("container", "destroy");
    this.#isGone = true;
  }

  #answer(url: string, response: ServerResponse): void {
    if (url.includes("/events")) {
      this.#events = response;
      response.flushHeaders();
    } else if (url.includes("/containers/json")) {
      const busy = { Id: BUSY, Names: ["/busy"], State: "running" };
      response.end(JSON.stringify(this.#isBusy ? [busy] : []));
    } else if (url.includes(`${BUSY}/logs`)) {
      response.write(logOf(["busy"]));
      if (!url.includes("follow=1")) response.end();
    } else if (url.includes(BUSY))
      response.end(JSON.stringify({ ...INFO, Id: BUSY, Name: "/busy", State: RUNNING }));
    else if (!url.includes(ID)) response.end(JSON.stringify({ ID: "engine", Name: "engine" }));
    else if (this.#isGone) {
      response.statusCode = 404;
      response.end(JSON.stringify({ message: `No such container: ${ID}` }));
    } else this.#held[url.includes("/logs") ? "logs" : "json"].push(response);
  }
}

/** Where that plays no part, no question fails on a busy machine. */
const PATIENT_MS = 30_000;
const OTHERS_FAIL_MS = 600;
/** A log of which nothing has come for so long is looked at whether there is more. */
const LONG_SILENT_MS = 1_500;

async function watched(
  options: PoolOptions = {},
  isBusy = false,
  connectTimeoutMs = OTHERS_FAIL_MS,
): Promise<{ engine: StartingEngine; follower: PoolFollower }> {
  const { engine, socketPath } = await StartingEngine.start(isBusy);
  const pool = new StreamPool({
    engine: { socketPath, connectTimeoutMs },
    ...options,
  });
  onTestFinished(() => pool.close());
  const follower = new PoolFollower(pool);
  await eventually(() => engine.isWatched, "a request for events");
  await follower.until(() => follower.seen("engine").length > 0, "connected");
  engine.tell("container", "create");
  await eventually(() => engine.asked.json > 0, "a look");
  return { engine, follower };
}

/** It is being started, for so long. */
async function beginStarting(engine: StartingEngine, heldMs: number): Promise<void> {
  engine.tell("network", "connect");
  await eventually(() => engine.asked.logs > 0, "a request for its log");
  await new Promise((resolve) => setTimeout(resolve, heldMs));
}

async function expectItsLines(engine: StartingEngine, follower: PoolFollower): Promise<void> {
  engine.ran(["first", "last"]);
  const isOver = (): boolean =>
    follower.seen("detached").length + follower.seen("skipped").length > 0;
  await follower.until(isOver, "detached");
  expect(follower.seen("skipped")).toEqual([]);
  expect(follower.records.map(({ line }) => line)).toEqual(["first", "last"]);
  expect(follower.seen("detached")).toMatchObject([{ reason: { kind: "removed" } }]);
}

describe.each([
  ["at once", 0, PATIENT_MS],
  ["when other questions would long have failed", 2 * OTHERS_FAIL_MS, OTHERS_FAIL_MS],
])(
  "what a container wrote comes, though the engine answers it only then: %s",
  (_when, heldMs, failMs) => {
    test("and it is being removed when the engine says what it is", async () => {
      const { engine, follower } = await watched({}, false, failMs);
      await beginStarting(engine, heldMs);
      // Who asked a second time would come too late.
      expect(engine.asked).toEqual({ json: 1, logs: 1 });
      await expectItsLines(engine, follower);
    });

    test("and it was looked at before", async () => {
      const { engine, follower } = await watched({}, false, failMs);
      const { tasks } = follower.pool.stats;
      engine.created();
      await eventually(() => follower.pool.stats.tasks < tasks, "an answer that is dealt with");
      await beginStarting(engine, heldMs);
      expect(engine.asked).toEqual({ json: 0, logs: 1 });
      await expectItsLines(engine, follower);
    });

    test("and it was looked at before, and another one had the only turn", async () => {
      const { engine, follower } = await watched(
        { maxStreams: 1, timeSliceMs: 60_000 },
        true,
        failMs,
      );
      await follower.until(() => follower.pool.stats.streamsOpen === 1, "the other one's stream");
      engine.created();
      await follower.until(() => follower.pool.health().ready, "an answer that is dealt with");
      await beginStarting(engine, heldMs);
      // A second look would be answered too late.
      expect(engine.asked).toEqual({ json: 0, logs: 1 });
      await expectItsLines(engine, follower);
    });
  },
);

describe("read from files, what a container of a moment wrote comes from its file, without a turn", () => {
  test.each([
    ["and it is being removed when the engine says what it is", false],
    ["and it was looked at before", true],
  ])("%s", async (_when, isKnown) => {
    const root = dataRoot();
    const file = new BriefLog(ID, root);
    const options = { read: "auto", files: { root }, maxStreams: 1 } as const;
    const { engine, follower } = await watched(options, true);
    await follower.until(() => follower.pool.stats.streamsOpen === 1, "the other one's stream");
    if (isKnown) {
      engine.created();
      await follower.until(() => follower.pool.health().ready, "an answer that is dealt with");
    }
    engine.tell("network", "connect");
    await file.run("first", "last");
    // Where its log will be is known: no stream is needed.
    if (isKnown) expect(engine.asked.logs).toBe(0);
    engine.ran(["what only a stream shows"]);
    const own = (): LogRecord[] => follower.records.filter(({ container }) => container.id === ID);
    await follower.until(() => own().length > 1, "its lines");
    await follower.until(() => follower.seen("detached").length > 0, "detached");
    expect(own().map(({ line }) => line)).toEqual(["first", "last"]);
    expect(file.isOpen).toBe(false);
    const told = follower.seen("source").filter(({ container }) => container.id === ID);
    expect(told.map(({ status }) => status.type)).not.toContain("restarted");
    expect(told).toContainEqual(
      expect.objectContaining({ status: { type: "reading", via: "files" } }),
    );
  });
});

test("what a container wrote comes by a stream that was asked for long before the engine answers, where its file is not there", async () => {
  const options = { read: "auto", files: { root: dataRoot() } } as const;
  const { engine, follower } = await watched(options);
  engine.created();
  await follower.until(() => follower.pool.health().ready, "an answer that is dealt with");
  await beginStarting(engine, LONG_SILENT_MS);
  await expectItsLines(engine, follower);
});

describe("while a container is being started that never comes up", () => {
  /** Its stream is asked for, by whom: while it is looked at, or by its source. */
  async function hanging(
    isKnown: boolean,
    options: PoolOptions = {},
  ): Promise<{ engine: StartingEngine; follower: PoolFollower }> {
    const watch = await watched(options);
    const { engine, follower } = watch;
    const { tasks } = follower.pool.stats;
    if (isKnown) {
      engine.created();
      await eventually(() => follower.pool.stats.tasks < tasks, "an answer that is dealt with");
    }
    await beginStarting(engine, 0);
    expect(follower.pool.stats.streamsOpen).toBe(1);
    return watch;
  }

  async function expectGivenBack(engine: StartingEngine, follower: PoolFollower): Promise<void> {
    await eventually(() => engine.waiting === 0, "no request left");
    expect(follower.pool.stats).toMatchObject({ streamsOpen: 0, streamsWaiting: 0 });
    expect(follower.pool.sources.size).toBe(0);
  }

  describe.each([
    ["before it was looked at", false],
    ["after it was looked at", true],
  ])("%s", (_when, isKnown) => {
    test("detach() gives turn and socket back at once", async () => {
      const { engine, follower } = await hanging(isKnown);
      await follower.pool.detach("brief");
      await expectGivenBack(engine, follower);
      engine.ran(["first", "last"]);
      await follower.end();
      expect(follower.records).toEqual([]);
    });

    test("close() gives turn and socket back at once", async () => {
      const { engine, follower } = await hanging(isKnown);
      await follower.end();
      await expectGivenBack(engine, follower);
      expect(follower.pool.stats.tasks).toBe(0);
    });

    test("an abort gives turn and socket back at once", async () => {
      const abort = new AbortController();
      const { engine, follower } = await hanging(isKnown, { signal: abort.signal });
      abort.abort();
      await follower.done;
      await follower.pool.close();
      await expectGivenBack(engine, follower);
      expect(follower.pool.stats).toMatchObject({ tasks: 0, sockets: 0 });
    });
  });
});
