import fc from "fast-check";
import { setTimeout as delay } from "node:timers/promises";
import { toUSVString } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogRecord, SinkContext } from "../../src/index.ts";
import { postgresSink } from "../../src/sinks/postgres.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { anyText } from "../support/any-text.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { eventually, thrown } from "../support/fake-follow.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";
import { ProgramRun } from "../support/program-run.ts";
import { programPath } from "../support/program-path.ts";
import { PostgresServer, postgresPrograms } from "../support/sinks/postgres-server.ts";
import { describeWithProgram } from "../support/sinks/server.ts";
import { sizes, twoSizes } from "../support/size.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

describeWithProgram("the sink for PostgreSQL", postgresPrograms(), () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  /** A table of the test's own. */
  function tableNamed(table: string) {
    const pool = postgres.pool();
    const rows = async (columns = "*") => {
      const quoted = table.split(".").map((part) => `"${part.replaceAll('"', '""')}"`);
      const answer = await pool.query(
        `SELECT ${columns} FROM ${quoted.join(".")} ORDER BY position`,
      );
      return answer.rows;
    };
    return { pool, rows, sink: postgresSink(pool, { table, create: true }) };
  }

  it("keeps all that is known of a record, in the order of its batch", async () => {
    const { rows, sink } = tableNamed("all");
    const container = containerNamed("web", { labels: { a: 'b"\\\n' } });
    const record = recordOf("hello", { container, stream: "stderr", truncated: true });
    await sink([record, recordOf("more")], context);
    const [first, second] = await rows();
    expect(first).toEqual({
      id: record.id,
      time: new Date("2026-11-23T15:58:34.885Z"),
      nanoseconds: "1795449514885847851",
      engine: "default",
      container_id: container.id,
      container_name: "web",
      image: container.image,
      labels: { a: 'b"\\\n' },
      stream: "stderr",
      line: "hello",
      truncated: true,
      attributes: null,
      position: "1",
    });
    expect(second).toMatchObject({ line: "more", position: "2" });
    const attributes = { tag: "a\0b" };
    await sink([Object.assign(recordOf("noted"), { attributes })], context);
    expect((await rows())[2]).toMatchObject({ line: "noted", attributes: { tag: "a\ufffdb" } });
  });

  it("leaves a record that is there already as it is, in one batch and in later ones", async () => {
    const { rows, sink } = tableNamed('odd "name"');
    const a = recordOf("a");
    const b = recordOf("b");
    await sink([a, a], context);
    await sink([b, a], context);
    await sink([a, b], context);
    expect((await rows("line")).map(({ line }) => line)).toEqual(["a", "b"]);
  });

  it("keeps any text but NUL", async () => {
    const { rows, sink, pool } = tableNamed("texts");
    await sink([recordOf("the table is made")], context);
    const texts = fc.array(anyText, { minLength: 1, maxLength: 20 });
    const escapes = fc.array(
      fc.string({ unit: fc.constantFrom("\\", "\n", "\t", ".", "N", "\0", "\r") }),
    );
    await fc.assert(
      fc.asyncProperty(texts, escapes, async (one, other) => {
        const lines = [...new Set([...one, ...other])];
        await pool.query("TRUNCATE texts");
        await sink(
          lines.map((line) => recordOf(line)),
          context,
        );
        const kept = (await rows("line")).map(({ line }) => line);
        expect(kept).toEqual(lines.map((line) => toUSVString(line).replaceAll("\0", "\ufffd")));
      }),
      { numRuns: 20 },
    );
  });

  it("writes nothing of a batch that it gives up midway, and goes on with the next attempt", async () => {
    const { rows, sink, pool } = tableNamed("given_up");
    await sink([recordOf("first")], context);
    const own = new AbortController();
    const lock = await pool.connect();
    await lock.query("BEGIN; LOCK TABLE given_up");
    const waiting = sink([recordOf("late")], { signal: own.signal, attempt: 1 });
    own.abort(new Error("too late"));
    await expect(waiting).rejects.toThrow("too late");
    await lock.query("ROLLBACK");
    lock.release();
    await sink([recordOf("late")], context);
    expect(await rows("line")).toEqual([{ line: "first" }, { line: "late" }]);
  });

  it("says which data will never be taken, and tries again what may", async () => {
    const { sink, pool } = tableNamed("strict");
    await sink([recordOf("a")], context);
    await pool.query("ALTER TABLE strict ADD CHECK (line <> 'bad')");
    await expect(sink([recordOf("bad")], context)).rejects.toMatchObject({ retryable: false });
    const missing = postgresSink(pool, { table: "not_there" });
    const failure: unknown = await Promise.resolve(missing([recordOf("a")], context)).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "42P01" });
    expect(failure).not.toHaveProperty("retryable");
  });

  it("makes one table where several processes begin at once", async () => {
    const sinks = Array.from({ length: 5 }, () => tableNamed("once").sink);
    await Promise.all(sinks.map(async (sink, at) => sink([recordOf(`line ${at}`)], context)));
    expect(await tableNamed("once").rows("line")).toHaveLength(5);
  });

  it("goes on where it was when the server was down", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (let at = 0; at < 100; at++) web.write(`line ${at}`);
    const { rows, sink } = tableNamed("outage");
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const delivery = source.deliver(sink, { maxRecords: 7, retry: { maxDelayMs: 20 } });
    await delivery.flush();
    await postgres.stop();
    for (let at = 100; at < 200; at++) web.write(`line ${at}`);
    await eventually(() => source.stats.lines === 200, "the lines that can't be written");
    await postgres.run();
    await delivery.flush();
    await source.close();
    expect((await rows("line")).map(({ line }) => line)).toEqual(
      web.written.map(({ line }) => line),
    );
  });

  it("refuses what is no pool, and no table's name", () => {
    expect(thrown(() => postgresSink({} as never), "INVALID_OPTION").message).toContain("pool");
    const pool = postgres.pool();
    for (const table of ["", "a.b.c", "a."])
      expect(thrown(() => postgresSink(pool, { table }), "INVALID_OPTION").message).toContain(
        "table",
      );
  });

  it("has each line exactly once, however often the collector is killed", twoSizes, async () => {
    await using fake = await FakeEngine.start();
    const containers = ["web", "db", "queue"].map((name) => fake.create({ name }));
    const folder = temporaryFolder();
    const pool = postgres.pool();
    await pool.query("DROP TABLE IF EXISTS logs");
    const args = [
      programPath("test/sinks/fixtures/postgres-collector.ts"),
      `${folder}/positions.json`,
    ];
    const env = { ...process.env, DOCKER_HOST: `unix://${fake.engine.socketPath}` };
    const start = () => new ProgramRun([...args, JSON.stringify(postgres.connection)], { env });
    const count = async (): Promise<number> => {
      const { rows } = await pool.query("SELECT to_regclass('logs') AS name");
      if (rows[0].name === null) return 0;
      return Number((await pool.query("SELECT count(*) FROM logs")).rows[0].count);
    };
    const until = async (test: () => Promise<boolean>): Promise<void> => {
      while (!(await test())) await delay(10);
    };
    let isWriting = true;
    const writing = writeUntil(containers, () => !isWriting);
    for (let kill = 0; kill < sizes({ short: 2, long: 20 }); kill++) {
      await using collector = start();
      const before = await count();
      await until(async () => (await count()) > before + 50 * ((kill % 4) + 1));
      await collector.kill();
    }
    isWriting = false;
    await writing;
    await using last = start();
    const total = containers.reduce((sum, { written }) => sum + written.length, 0);
    await until(async () => (await count()) >= total);
    await last.kill();
    for (const { id, written } of containers) {
      const { rows } = await pool.query(
        "SELECT line FROM logs WHERE container_id = $1 ORDER BY position",
        [id],
      );
      expect(rows.map(({ line }: LogRecord) => line)).toEqual(written.map(({ line }) => line));
    }
  });
});

/** Lines of all containers, a few at once, with equal ones among them. */
async function writeUntil(
  containers: readonly FakeContainer[],
  isDone: () => boolean,
): Promise<void> {
  for (let at = 0; !isDone(); at++) {
    for (const container of containers) {
      container.write(`line ${at}`);
      container.write("tick", { stream: "stderr" });
    }
    if (at % 5 === 0) await delay(15);
  }
}
