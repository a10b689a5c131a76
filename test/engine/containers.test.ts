import { hostname } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { EngineEventRecord, LogRecord, PoolOptions } from "../../src/index.ts";
import { eventually } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";

/** Runs a container by the docker command, as users do; it is removed with the test. */
async function docker(engine: RealEngine, name: string, args: readonly string[]): Promise<string> {
  const id = await engine.docker(["run", "-d", "--network", "host", "--name", name, ...args]);
  onTestFinished(async () => {
    await engine.docker(["rm", "-f", name]).catch(() => {});
  });
  return id.trim();
}

async function exited(engine: RealEngine, name: string): Promise<void> {
  await engine.docker(["wait", name]);
}

function follow(engine: RealEngine, options: PoolOptions): PoolFollower {
  const pool = new StreamPool({ engine: { socketPath: engine.socketPath }, ...options });
  onTestFinished(() => pool.close());
  return new PoolFollower(pool);
}

async function readAll(
  engine: RealEngine,
  name: string,
  attributes: boolean,
): Promise<LogRecord[]> {
  const socketPath = { socketPath: engine.socketPath };
  const source = new ContainerLogSource(name, { engine: socketPath, follow: false, attributes });
  const records: LogRecord[] = [];
  for await (const record of source) records.push(record);
  return records;
}

function select(name: string): PoolOptions {
  return { select: { names: name } };
}

describeWithEngine("what an engine says of containers", (engine) => {
  test("that had stopped before is read to the end, with how they stopped", async () => {
    const id = await docker(engine, "c-job", ["bb:1", "sh", "-c", "seq 1 500; exit 3"]);
    await exited(engine, "c-job");
    await engine.docker(["create", "--name", "c-never", "bb:1", "true"]);
    onTestFinished(async () => {
      await engine.docker(["rm", "-f", "c-never"]);
    });
    const follower = follow(engine, { ...select("c-*"), stopped: true });
    await follower.until(() => follower.records.length === 500);
    await follower.pool.ready({ timeoutMs: 60_000 });
    await follower.until(() => follower.pool.sources.get(id)?.stats.state === "stopped");
    expect(follower.records.map(({ line }) => Number(line))).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    expect([...follower.pool.sources.keys()]).toEqual([id]);
    const stops = follower.seen("source").filter(({ status }) => status.type === "stopped");
    expect(stops.map(({ status }) => status)).toEqual([
      { type: "stopped", exitCode: 3, oomKilled: false },
    ]);
    await follower.end();
  });

  test("that restart, and are checked, is told with exit codes and health", async () => {
    const check = ["--health-cmd", "test -e /tmp/ok", "--health-interval", "1s"];
    const script = "sleep 0.3; touch /tmp/ok; sleep 600 & trap 'exit 7' TERM; wait";
    const follower = follow(engine, select("c-web"));
    await follower.discovered();
    const id = await docker(engine, "c-web", [...check, "bb:1", "sh", "-c", script]);
    const statuses = (): unknown[] =>
      follower
        .seen("source")
        .flatMap(({ status }) =>
          ["health", "stopped", "restarted"].includes(status.type) ? [status] : [],
        );
    await follower.until(() => follower.pool.sources.get(id)?.stats.health === "healthy");
    await engine.docker(["restart", "c-web"]);
    const exit = { exitCode: 7, oomKilled: false };
    await follower.until(() =>
      statuses().some(
        (status) => JSON.stringify(status) === JSON.stringify({ type: "restarted", ...exit }),
      ),
    );
    expect(statuses()).toContainEqual({ type: "health", health: "healthy" });
    await follower.end();
  });

  test("is told in details, of which the environment only as it is allowed", async () => {
    const args = [
      "--env",
      "VERSION=1.2",
      "--env",
      "TOKEN=secret",
      "bb:1",
      "sh",
      "-c",
      "echo; sleep 600",
    ];
    await docker(engine, "c-env", args);
    const follower = follow(engine, {
      ...select("c-env"),
      from: "start",
      details: { env: ["VERSION"] },
    });
    await follower.until(() => follower.records.length === 1);
    const [record] = follower.records;
    expect(record?.container.details).toEqual({
      imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      networks: [{ name: "host", addresses: [] }],
      env: { VERSION: "1.2" },
      compose: undefined,
      swarm: undefined,
      engine: {
        name: "default",
        product: expect.stringMatching(/^Docker \d/),
        id: expect.stringMatching(/./),
        host: hostname(),
      },
    });
    expect(JSON.stringify(follower.records)).not.toContain("secret");
    await follower.end();
  });

  test.each([
    { driver: "json-file", tty: false },
    { driver: "json-file", tty: true },
    { driver: "local", tty: false },
  ])("comes with each line as attributes: $driver, terminal $tty", async ({ driver, tty }) => {
    // The driver `local` takes none, and keeps none.
    const all = ["labels=team,zone", "env=VERSION", "tag={{.Name}}/x"];
    const options = driver === "local" ? [] : all;
    const script =
      "echo one; echo ' a=b text'; head -c 40000 /dev/zero | tr '\\0' y; echo; echo error >&2; echo";
    const name = `c-attributes-${driver}-${tty}`;
    await docker(engine, name, [
      ...["--log-driver", driver, ...options.flatMap((option) => ["--log-opt", option])],
      ...["--label", "team=a, b & ü", "--label", "zone=1=2", "--env", "VERSION=1 2"],
      ...(tty ? ["--tty"] : []),
      ...["bb:1", "sh", "-c", script],
    ]);
    await exited(engine, name);
    const plain = await readAll(engine, name, false);
    const records = await readAll(engine, name, true);
    expect(records.map(({ id, line }) => ({ id, line }))).toEqual(
      plain.map(({ id, line }) => ({ id, line })),
    );
    expect(records.length).toBe(5);
    const expected = { VERSION: "1 2", tag: `${name}/x`, team: "a, b & ü", zone: "1=2" };
    for (const record of records)
      expect(record.attributes).toEqual(driver === "local" ? {} : expected);
  });

  test("is told as events of a pool, over streams that are cut", async () => {
    const pool = new StreamPool({ engine: { socketPath: engine.socketPath } });
    onTestFinished(() => pool.close());
    const records: EngineEventRecord[] = [];
    const loop = (async () => {
      for await (const record of pool.events()) records.push(record);
    })();
    await eventually(() => pool.stats.sockets === 1, "a stream of events");
    const actions = (): string[] =>
      records.flatMap((one) =>
        one.kind === "event" && one.actor.attributes["name"]?.startsWith("c-event") === true
          ? [one.action]
          : [],
      );
    await eventually(() => {
      void engine.api({ method: "POST", path: "/images/bb:1/tag?repo=bb&tag=events" });
      return records.some((one) => one.kind === "event" && one.type === "image");
    }, "an image's event");
    await docker(engine, "c-event1", ["bb:1", "sh", "-c", "exit 4"]);
    await eventually(() => actions().includes("die"), "its end");
    const died = records.find((one) => one.kind === "event" && one.action === "die");
    expect(died).toMatchObject({ type: "container", actor: { attributes: { exitCode: "4" } } });
    expect(records.filter(({ kind }) => kind === "gap")).toEqual([]);
    await pool.close();
    await loop;
  });
});
