import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { StreamPool } from "../../src/index.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const ID = "c".repeat(64);
const INFO = {
  Id: ID,
  Name: "/brief",
  Created: "2026-01-01T00:00:00Z",
  Config: { Tty: false, Image: "app:1", Labels: {} },
  HostConfig: { LogConfig: { Type: "json-file", Config: {} } },
};

function frame(line: string): Buffer {
  const payload = Buffer.from(`2026-01-01T00:00:01.000000000Z ${line}\n`);
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/**
 * Docker, while it starts a `--rm` container that lives for milliseconds: both questions are answered once it runs, and the
 * one for its state too late.
 */
class StartingEngine {
  readonly #held: Record<"json" | "logs", ServerResponse[]> = { json: [], logs: [] };
  #events: ServerResponse | undefined;
  #isGone = false;
  #wasAsked: () => void = () => {};

  static async start(): Promise<{ engine: StartingEngine; socketPath: string }> {
    const engine = new StartingEngine();
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

  get asked(): { json: number; logs: number } {
    return { json: this.#held.json.length, logs: this.#held.logs.length };
  }

  async until(what: "json" | "logs" | "events"): Promise<void> {
    while (what === "events" ? this.#events === undefined : this.#held[what].length === 0)
      await new Promise<void>((resolve) => (this.#wasAsked = resolve));
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
    for (const response of this.#held.logs) response.end(Buffer.concat(lines.map(frame)));
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
    } else if (url.includes("/containers/json")) response.end("[]");
    else if (!url.includes(ID)) response.end(JSON.stringify({ ID: "engine", Name: "engine" }));
    else if (this.#isGone) {
      response.statusCode = 404;
      response.end(JSON.stringify({ message: `No such container: ${ID}` }));
    } else this.#held[url.includes("/logs") ? "logs" : "json"].push(response);
    this.#wasAsked();
  }
}

test.each([
  ["at once", 0],
  ["when other questions would long have failed", 1_000],
])(
  "what a container wrote comes, though it is being removed when the engine says what it is: %s",
  async (_when, heldMs) => {
    const { engine, socketPath } = await StartingEngine.start();
    const pool = new StreamPool({ engine: { socketPath, connectTimeoutMs: 300 } });
    onTestFinished(() => pool.close());
    const follower = new PoolFollower(pool);
    await engine.until("events");
    await follower.until(() => follower.seen("engine").length > 0, "connected");
    engine.tell("container", "create");
    await engine.until("json");
    engine.tell("network", "connect");
    await engine.until("logs");
    await new Promise((resolve) => setTimeout(resolve, heldMs));
    // Who asked a second time would come too late.
    expect(engine.asked).toEqual({ json: 1, logs: 1 });
    engine.ran(["first", "last"]);
    const isOver = (): boolean =>
      follower.seen("detached").length + follower.seen("skipped").length > 0;
    await follower.until(isOver, "detached");
    expect(follower.seen("skipped")).toEqual([]);
    expect(follower.records.map(({ line }) => line)).toEqual(["first", "last"]);
    expect(follower.seen("detached")).toMatchObject([{ reason: { kind: "removed" } }]);
  },
);
