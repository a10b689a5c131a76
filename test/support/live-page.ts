import { StreamPool } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import { startPage } from "../../src/cli/page/start-page.ts";
import type { Page, PageOptions } from "../../src/cli/page/start-page.ts";
import { FakeEngine } from "../../src/testing.ts";

/** The live page of a pool on a fake engine, whose lines it shows. */
export class LivePage implements AsyncDisposable {
  readonly fake: FakeEngine;
  readonly pool: StreamPool;
  readonly page: Page;
  readonly #done: Promise<void>;

  private constructor(fake: FakeEngine, pool: StreamPool, page: Page) {
    this.fake = fake;
    this.pool = pool;
    this.page = page;
    this.#done = this.#follow();
  }

  static async start(
    options: Partial<PageOptions> = {},
    poolOptions: PoolOptions = {},
  ): Promise<LivePage> {
    const fake = await FakeEngine.start();
    const pool = new StreamPool({
      engine: { ...fake.engine, connectTimeoutMs: 300 },
      from: "start",
      ...poolOptions,
    });
    return new LivePage(fake, pool, await startPage(pool, { label: "test", ...options }));
  }

  /** The page goes away, and its collector with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.page[Symbol.asyncDispose]();
    await this.pool.close();
    await this.#done;
    await this.fake.close();
  }

  async #follow(): Promise<void> {
    for await (const batch of this.pool.batches()) this.page.add(batch);
  }
}
