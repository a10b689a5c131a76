import { StreamPool } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import type { FakeEngine } from "../../src/testing.ts";
import { WatchedStore } from "./checkpoint-stores.ts";
import { eager } from "./fake-follow.ts";
import { PoolFollower } from "./pool-follow.ts";

/** Pools that follow one another with what the store holds, as processes do. */
export class PoolRuns {
  readonly fake: FakeEngine;
  store: WatchedStore = new WatchedStore();
  readonly #pools: StreamPool[] = [];

  constructor(fake: FakeEngine) {
    this.fake = fake;
  }

  /** Saves only where it must, unless `options` say otherwise. */
  open(options: PoolOptions = {}): StreamPool {
    const pool = new StreamPool({
      engine: this.fake.engine,
      checkpoints: this.store,
      source: { ...eager, checkpointEveryMs: 3_600_000 },
      ...options,
    });
    this.#pools.push(pool);
    return pool;
  }

  follow(
    options: PoolOptions = {},
    visit?: ConstructorParameters<typeof PoolFollower>[1],
  ): PoolFollower {
    return new PoolFollower(this.open(options), visit);
  }

  /** From now on nothing is saved any more of those that run; the next ones find what is there now. */
  async kill(): Promise<void> {
    this.store = await this.store.kill();
  }

  /** The containers that have a checkpoint. */
  async kept(): Promise<string[]> {
    const keys = Object.keys(await this.store.all());
    return keys.flatMap((key) => key.split("/")[1] ?? []).toSorted();
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }
}
