import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FileCheckpointStore, MemoryCheckpointStore } from "../../../src/index.ts";
import type { Checkpoint, PoolOptions } from "../../../src/index.ts";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { eager, eventually, failure } from "../../support/fake-follow.ts";
import { twoSizes } from "../../support/size.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

type What = "nothing" | "reads fail" | "writes fail" | "reads hang" | "writes hang";

/** A store with something wrong, for as long as the test wants. */
class FaultyStore extends MemoryCheckpointStore {
  what: What;
  #resume = (): void => {};
  readonly #mended: Promise<void>;

  constructor(what: What) {
    super();
    this.what = what;
    this.#mended = new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  mend(): void {
    this.what = "nothing";
    this.#resume();
  }

  override async load(key: string): Promise<Checkpoint | undefined> {
    await this.#fault("reads");
    return super.load(key);
  }

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    await this.#fault("writes");
    await super.save(entries);
  }

  async #fault(side: "reads" | "writes"): Promise<void> {
    if (this.what === `${side} fail`) throw new Error("no space left");
    if (this.what === `${side} hang`) await this.#mended;
  }
}

let fake: FakeEngine;
let web: FakeContainer;
let watched: WatchedPool;
let directory: string;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("before");
  directory = await mkdtemp(join(tmpdir(), "dp-health-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await watched.pool.close().catch(() => {});
  await fake.close();
  await rm(directory, { recursive: true });
});

function open(name: string, options: PoolOptions = {}): WatchedPool {
  const source = { ...eager, checkpointEveryMs: 1 };
  watched = new WatchedPool(name, { engine: fake.engine, source, ...options });
  return watched;
}

describe("a pool is not healthy, and says so of its checkpoints,", () => {
  it("while they can't be read, which the engine waits for", async () => {
    const store = new FaultyStore("reads fail");
    const pool = open("a store that can't be read", { checkpoints: store });
    await pool.fails(() => pool.consume());
    await pool.expectTold({
      component: "checkpoints",
      status: "unhealthy",
      says: /^attempt \d+ failed: .*no space left/,
    });
    await pool.expectTold({
      component: "engine:default",
      status: "unhealthy",
      says: /^waits for the checkpoint store: .*no space left/,
    });
    await pool.expectRecovery(() => store.mend(), web);
  });

  it("while they can't be saved, though lines come", async () => {
    const store = new FaultyStore("writes fail");
    const pool = open("a store that can't be written", { checkpoints: store });
    await pool.fails(() => pool.consume());
    await pool.expectTold({
      component: "checkpoints",
      status: "degraded",
      says: /^attempt \d+ failed: .*no space left/,
    });
    web.write("meanwhile");
    await pool.has(web);
    await pool.expectRecovery(() => store.mend(), web);
  });

  it.each([
    ["reads hang", "unhealthy", /^load\(\) was not answered for \d+ s$/],
    ["writes hang", "degraded", /^save\(\) was not answered for \d+ s$/],
  ] as const)("while %s", twoSizes, async (what, status, says) => {
    const store = new FaultyStore(what);
    const pool = open(`a store whose ${what}`, { checkpoints: store });
    await pool.fails(() => pool.consume());
    await eventually(
      () => pool.healthIn(BOUNDS.storeMs).components["checkpoints"]?.status === status,
    );
    await pool.expectTold({
      component: "checkpoints",
      status,
      says,
      afterMs: BOUNDS.storeMs + 500,
    });
    await pool.expectRecovery(() => store.mend(), web);
  });
});

describe("a pool that is over is not healthy, and says why:", () => {
  it("its checkpoint file is damaged", async () => {
    const path = join(directory, "checkpoints.json");
    await writeFile(path, "{ half a file");
    const pool = open("a damaged file", { checkpoints: new FileCheckpointStore(path) }).consume();
    await pool.expectTold({
      component: "engine:default",
      status: "unhealthy",
      says: /^the pool has failed: .*checkpoints\.json/,
    });
    expect(pool.pool.health().ready).toBe(false);
    expect((await failure(pool.pool.ready(), "CHECKPOINT_UNREADABLE")).message).toContain(path);
  });

  it("its engine's settings can't work", async () => {
    vi.stubEnv("DOCKER_HOST", "tcp://127.0.0.1:1");
    vi.stubEnv("DOCKER_TLS_VERIFY", "1");
    vi.stubEnv("DOCKER_CERT_PATH", join(directory, "nowhere"));
    const pool = open("settings that can't work", { engine: {} }).consume();
    await pool.expectTold({
      component: "engine:default",
      status: "unhealthy",
      says: /^the pool has failed: .*nowhere/,
    });
    await failure(pool.pool.ready(), "INVALID_OPTION");
  });

  it("a close has ended it", async () => {
    const pool = open("closed").consume();
    await pool.has(web);
    await pool.healthy();
    expect(pool.pool.health().ready).toBe(true);
    await pool.pool.close();
    await pool.expectTold({
      component: "streams",
      status: "unhealthy",
      says: /^the pool is closed$/,
    });
    expect(pool.pool.health()).toMatchObject({ status: "unhealthy", ready: false });
    await failure(pool.pool.ready(), "CLOSED");
  });

  it("an abort has ended it", async () => {
    const controller = new AbortController();
    const pool = open("aborted", { signal: controller.signal }).consume();
    await pool.has(web);
    const reason = new Error("enough");
    controller.abort(reason);
    await pool.expectTold({
      component: "streams",
      status: "unhealthy",
      says: /^the pool was aborted$/,
    });
    await expect(pool.pool.ready()).rejects.toBe(reason);
  });
});
