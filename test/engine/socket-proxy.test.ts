import { request } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { FileCheckpointStore } from "../../src/index.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { compared, follow, jsonLog, run } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { comparedAll, followPool, runAll } from "../support/pool-following.ts";
import { Haproxy, describeWithHaproxy } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");

/** The page's configuration, with other sockets, and a line for each request. */
function configure(target: string, socketPath: string): string {
  const shown = /```haproxy\n(.*?)```/s.exec(page)?.[1] ?? "";
  const own = shown
    .replace(/bind unix@.*/, `bind unix@${socketPath}`)
    .replace(/server engine unix@.*/, `server engine unix@${target}`)
    .replace("global\n", "global\n  log stdout format raw local0\n")
    .replace("mode http\n", 'mode http\n  log global\n  log-format "request %HM %HP %ST"\n');
  expect(own).toContain("http-request deny unless");
  return own;
}

async function startProxy(engine: RealEngine): Promise<Haproxy> {
  const haproxy = await Haproxy.start(engine.ownSocketPath, { configure });
  onTestFinished(() => haproxy.close());
  return haproxy;
}

interface Asked {
  readonly what: string;
  readonly status: number;
}

/** What went through, or was refused. A request is told of when it has ended; who only knocks makes none. */
function asked({ log }: Haproxy): Asked[] {
  return [...log.matchAll(/^request ([A-Z]+) (\S+) (-?\d+)$/gm)].map(
    ([, method, path, status]) => ({
      what: `${method} ${path?.replace(/^\/containers\/[^/]+\/(json|logs)$/, "/containers/{id}/$1")}`,
      status: Number(status),
    }),
  );
}

/** The requests that the page's table has. */
const listed = [...page.matchAll(/^\| `(GET [^`]+)`/gm)].map(([, what = ""]) => what);

function expectNoOthers(haproxy: Haproxy): void {
  const all = asked(haproxy);
  expect(all.filter(({ status }) => status === 403)).toEqual([]);
  for (const { what } of all) expect(listed).toContain(what);
}

function statusOf(socketPath: string, method: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path, agent: false }, (response) => {
      response.destroy();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describeWithHaproxy("behind the read-only proxy of docs/security.md", (engine) => {
  test("the proxy lets through what the table lists, and nothing else", async () => {
    const haproxy = await startProxy(engine);
    const id = await run(engine, { script: "echo up" });
    await engine.wait(id);
    const status = (method: string, path: string): Promise<number | undefined> =>
      statusOf(haproxy.socketPath, method, path);
    const open = [`/containers/${id}/json`, `/v1.41/containers/${id}/logs?stdout=1`, "/info"];
    for (const path of open) expect(await status("GET", path)).toBe(200);
    const closed = [
      `/containers/${id}/export`,
      `/containers/${id}/archive?path=/`,
      `/containers/${id}/top`,
      `/containers/../${id}/json`,
      "/containers/%2e%2e/json",
      "/images/json",
      "/secrets",
      "/_ping/../images/json",
    ];
    for (const path of closed) expect(`${path} ${await status("GET", path)}`).toBe(`${path} 403`);
    for (const method of ["POST", "DELETE", "PUT", "PATCH", "OPTIONS"])
      expect(await status(method, `/containers/${id}/json`)).toBe(403);
    expect(await status("POST", "/containers/create")).toBe(403);
    expect(await status("DELETE", `/containers/${id}`)).toBe(403);
  });

  test("a source follows a container over a rotation, a stop and a start, and asks for nothing else", async () => {
    const haproxy = await startProxy(engine);
    const script = "for i in $(seq 1 200); do echo line $i; echo error $i >&2; usleep 2000; done";
    const id = await run(engine, { script });
    const checkpoints = new FileCheckpointStore(join(temporaryFolder(), "positions.json"));
    const following = follow(haproxy.socketPath, id, { checkpoints });
    await following.untilCount(20);
    await following.source.rotate();
    await engine.wait(id);
    await following.untilStatus("stopped");
    await engine.start(id);
    await engine.wait(id);
    await following.untilStatus("stopped", 2);
    const log = await jsonLog(engine, id);
    expect(compared("socket proxy, a source", log, following, {})).toEqual(noDifference);
    await engine.rm(id);
    expect(await following.done).toMatchObject({ kind: "removed" });
    await haproxy.kill();
    expectNoOthers(haproxy);
  });

  test("a pool finds, follows, turns and saves, and asks for nothing else", async () => {
    const haproxy = await startProxy(engine);
    const labels = { "dockspool.test": "socket-proxy" };
    const script = "for i in $(seq 1 300); do echo line $i; usleep 2000; done";
    const first = await runAll(engine, [{ script, labels, tty: true }]);
    const checkpoints = new FileCheckpointStore(join(temporaryFolder(), "positions.json"));
    const following = followPool(haproxy.socketPath, {
      select: { labels },
      from: "start",
      maxStreams: 2,
      timeSliceMs: 200,
      rotation: { everyMs: 500 },
      checkpoints,
    });
    await following.until("a line", () => following.count() > 0);
    const later = await runAll(engine, [
      { script, labels },
      { script, labels },
    ]);
    const ids = [...first, ...later];
    for (const id of ids) await engine.wait(id);
    await following.until("every line", () => following.count() >= 900);
    await following.pool.ready({ timeoutMs: 60_000 });
    await following.until("health", () => following.pool.health().status === "healthy");
    await following.pool.close();
    const containers = ids.map((id, index) => ({ id, tty: index === 0 }));
    const comparison = await comparedAll("socket proxy, a pool", engine, following, containers, {});
    expect(comparison).toMatchObject(noDifference);
    await haproxy.kill();
    expectNoOthers(haproxy);
    // Each of them was needed, but for what only Podman is asked.
    const kinds = new Set(asked(haproxy).map(({ what }) => what));
    const needed = listed.filter((what) => !what.includes("/libpod/"));
    expect([...kinds].toSorted()).toEqual(needed.toSorted());
  });
});
