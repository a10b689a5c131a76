import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import {
  Follower,
  eager,
  eventually,
  failure,
  nothingOpen,
  toLines,
} from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { skipped } from "../support/skipped.ts";
import { Sshd, hasSshd } from "../support/sshd.ts";

if (!hasSshd) skipped("No sshd here (apt-get install openssh-server): its suite is skipped");

describe.skipIf(!hasSshd)("an engine behind a real sshd, by the system's ssh", () => {
  let fake: FakeEngine;
  let host: Sshd;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(async () => {
    await host[Symbol.asyncDispose]();
    await fake.close();
  });

  async function start(settings: readonly string[] = []): Promise<void> {
    host = await Sshd.start(fake.engine.socketPath ?? "", settings);
  }

  async function read(engine: string = host.url): Promise<string[]> {
    const source = new ContainerLogSource("web", { engine, follow: false });
    const lines: string[] = [];
    for await (const { line } of source) lines.push(line);
    return lines;
  }

  it("is followed exactly over rotations, cuts and killed processes, by one connection", async () => {
    await start();
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 200; line++)
      web.write(`line ${line} ${"x".repeat(line)}`, {
        stream: line % 3 === 0 ? "stderr" : "stdout",
      });
    const source = new ContainerLogSource("web", { engine: host.url, ...eager });
    const follower = new Follower(source);
    await follower.has(200);
    let lines = 200;
    for (let rotation = 0; rotation < 2; rotation++) {
      await source.rotate();
      web.write(`behind rotation ${rotation}`);
      await follower.has(++lines);
    }
    web.cut();
    web.write("behind the cut");
    await follower.has(++lines);
    expect(host.letIn).toBe(1);
    for (const kind of ["sessions", "masters"] as const) {
      host.kill(kind);
      web.write(`behind killed ${kind}`);
      await follower.has(++lines);
    }
    expect(source.stats.sockets).toBeGreaterThan(0);
    web.stop();
    await follower.status("stopped");
    expect(follower.lines).toEqual(toLines(web.written));
    await source.close();
    await host.nothingLeft();
    await nothingOpen(fake);
  });

  it("is followed by a pool, each line once, over a few connections", async () => {
    await start();
    const containers = Array.from({ length: 14 }, (_, index) => fake.create({ name: `c${index}` }));
    const pool = new StreamPool({ engine: host.url, maxStreams: 11, source: eager });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.seen("attached").length === 14, "14 attached");
    for (let line = 0; line < 30; line++)
      for (const container of containers) container.write(`line ${line}`);
    const isAll = (): boolean => containers.every((each) => follower.lines(each).length >= 30);
    await follower.until(isAll, "all lines");
    for (const each of containers) expect(follower.lines(each)).toEqual(toLines(each.written));
    // Eight share one, and there are never more than eleven streams, the events and a few questions.
    expect(host.processes().masters.length).toBeLessThan(5);
    expect(host.letIn).toBe(host.processes().masters.length);
    await pool.close();
    await host.nothingLeft();
    await nothingOpen(fake);
  });

  it("is followed where the host allows one session on a connection", async () => {
    await start(["MaxSessions 1"]);
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 50; line++) web.write(`line ${line}`);
    const pool = new StreamPool({ engine: host.url, from: "start", source: eager });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.lines(web).length === 50, "all lines");
    expect(follower.lines(web)).toEqual(toLines(web.written));
    await pool.close();
    await host.nothingLeft();
  });

  it("is the one at the path of the URL", async () => {
    await start();
    await using other = await FakeEngine.start();
    fake.create({ name: "web" }).write("at the usual socket");
    other.create({ name: "web" }).write("at the other socket");
    expect(await read()).toEqual(["at the usual socket"]);
    expect(await read(`${host.url}${other.engine.socketPath}`)).toEqual(["at the other socket"]);
  });

  it("is found by a name of ssh_config, through a jump host", async () => {
    await start();
    fake.create({ name: "web" }).write("behind");
    expect(await read("ssh://behind")).toEqual(["behind"]);
    expect(host.letIn).toBe(2);
    await host.nothingLeft();
  });

  it.each([
    ["is not known", undefined, /its host key is not known here/],
    ["has changed", "other_key.pub", /its host key is not the one in \S+known_hosts:1 any more/],
  ])("is refused for good where the host's key %s", async (_what, known, message) => {
    await start();
    await host.setKnownHost(known?.replace(".pub", ""));
    const error = await failure(read(), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`ssh://127.0.0.1:${host.port}`);
    expect(error.transient).toBe(false);
    expect(host.letIn).toBe(0);
    await host.nothingLeft();
  });

  it("is refused for good with a key that the host does not know", async () => {
    await start();
    await host.setAuthorized(false);
    const error = await failure(read(), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(/ssh: .*Permission denied \(publickey\)/);
    expect(error.transient).toBe(false);
    await host.nothingLeft();
  });

  it("tells that a key is revoked midway, and goes on exactly when it is back", async () => {
    await start();
    const web = fake.create({ name: "web" });
    web.write("before");
    const pool = new StreamPool({ engine: host.url, from: "start", source: eager });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.lines(web).length === 1, "the first line");
    expect(pool.health().status).toBe("healthy");
    await host.setAuthorized(false);
    host.kill("masters");
    web.write("meanwhile");
    const { error } = await follower.status(web, "reconnecting");
    expect(error).toMatchObject({ transient: true });
    const isTold = (): boolean =>
      follower.of(web).some((status) => /Permission denied/.test(JSON.stringify(status)));
    await follower.until(isTold, "why");
    await follower.until(() => pool.health().status !== "healthy", "it is told by health");
    await host.setAuthorized(true);
    await follower.until(() => follower.lines(web).length === 2, "the second line");
    web.write("after");
    await follower.until(() => follower.lines(web).length === 3, "the third line");
    await eventually(() => pool.health().status === "healthy", "health");
    expect(follower.lines(web)).toEqual(toLines(web.written));
    await pool.close();
    await host.nothingLeft();
  });

  it.each([
    ["has no docker command", "", /there: .*docker.*not found.*needs the `docker` command/],
    [
      "has no engine",
      "#!/bin/sh\necho 'Cannot connect to tcp://me:secret@there. Is it running?' >&2\nexit 1\n",
      /`docker system dial-stdio` there: Cannot connect to tcp:\/\/…@there. Is it running\?/,
    ],
    [
      "talks without end",
      `#!/bin/sh\nPATH=/usr/bin:/bin\nhead -c 100000 /dev/zero | tr '\\0' x >&2\nexit 1\n`,
      /there: x{400,500}…/,
    ],
  ])(
    "can't be reached where the host %s, and what it says is told",
    async (_what, script, message) => {
      await start();
      await host.setDocker(script);
      const follower = new Follower(new ContainerLogSource("web", { engine: host.url, ...eager }));
      const { error } = await follower.status("reconnecting");
      expect(error).toMatchObject({ code: "ENGINE_UNREACHABLE", transient: true });
      expect(String(error)).toMatch(message);
      expect(String(error).length).toBeLessThan(1_000);
      await follower.source.close();
      await host.nothingLeft();
    },
  );

  it("is not waited for where ssh is not installed", async () => {
    await start();
    const former = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      const error = await failure(read(), "ENGINE_UNREACHABLE");
      expect(error.message).toContain("there is no program `ssh` on the PATH");
      expect(error.transient).toBe(false);
    } finally {
      process.env["PATH"] = former;
    }
    await host.nothingLeft();
  });

  describe("whose host says nothing", () => {
    let server: Server;
    const sockets = new Set<Socket>();
    beforeEach(async () => {
      server = createServer((socket) => sockets.add(socket));
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy();
        sockets.clear();
        server.close();
      });
    });

    it.each(["close", "abort", "deadline"] as const)("leaves nothing after a %s", async (how) => {
      await start();
      const { port } = server.address() as AddressInfo;
      const life = new AbortController();
      const engine = {
        host: `ssh://me@127.0.0.1:${port}`,
        ...(how === "deadline" && { connectTimeoutMs: 300 }),
      };
      const source = new ContainerLogSource("web", { engine, signal: life.signal });
      const follower = new Follower(source);
      await eventually(() => sockets.size > 0, "a connection");
      if (how === "deadline") await follower.status("reconnecting");
      if (how === "abort") life.abort();
      else await source.close();
      await follower.done;
      await host.nothingLeft();
    });
  });
});
