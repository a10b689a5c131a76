import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Modem from "docker-modem";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Engine } from "../../src/index.ts";
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
import { sizes, twoSizes } from "../support/size.ts";
import { SshPeer, knownHost, strangersKey } from "../support/ssh-peer.ts";
import type { SshPeerOptions } from "../support/ssh-peer.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

async function startPeer(options?: SshPeerOptions): Promise<SshPeer> {
  const peer = await SshPeer.start(fake.engine, options);
  onTestFinished(() => peer[Symbol.asyncDispose]());
  return peer;
}

async function expectNothingOpen(peer: SshPeer): Promise<void> {
  await eventually(() => peer.connections === 0, "the end of all ssh connections");
  await nothingOpen(fake);
}

const ways: readonly (readonly [string, (peer: Pick<SshPeer, "engine">) => Engine])[] = [
  ["by settings", ({ engine }) => engine],
  ["with a modem of the caller's", ({ engine }) => new Modem(engine)],
];

describe.each(ways)("an engine that is reached by ssh, %s", (_way, engineOf) => {
  it("is followed exactly over rotations and cuts, and no connection is left", async () => {
    const peer = await startPeer();
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 200; line++)
      web.write(`line ${line}`, { stream: line % 3 === 0 ? "stderr" : "stdout" });
    const source = new ContainerLogSource("web", { engine: engineOf(peer), ...eager });
    const follower = new Follower(source);
    await follower.has(200);
    for (let rotation = 0; rotation < 5; rotation++) {
      await source.rotate();
      web.write(`behind rotation ${rotation}`);
    }
    await follower.has(205);
    web.cut();
    web.write("behind the cut");
    await follower.has(206);
    expect(source.stats.sockets).toBeGreaterThan(0);
    web.stop();
    await follower.status("stopped");
    expect(follower.lines).toEqual(toLines(web.written));
    await source.close();
    await expectNothingOpen(peer);
    expect(peer.accepted).toBeGreaterThan(7);
    expect([...peer.commands]).toEqual(["docker system dial-stdio"]);
  });

  it("is followed by a pool, each line once, and no connection is left", twoSizes, async () => {
    const count = sizes({ short: 8, long: 20 });
    const peer = await startPeer();
    const containers = Array.from({ length: count }, (_, index) =>
      fake.create({ name: `c${index}` }),
    );
    const pool = new StreamPool({ engine: engineOf(peer), maxStreams: 4, source: eager });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.seen("attached").length === count, `${count} attached`);
    for (let line = 0; line < 30; line++)
      for (const container of containers) container.write(`line ${line}`);
    const isAll = (): boolean => containers.every((each) => follower.lines(each).length >= 30);
    await follower.until(isAll, "all lines");
    for (const each of containers) expect(follower.lines(each)).toEqual(toLines(each.written));
    await pool.close();
    await expectNothingOpen(peer);
  });
});

describe("a connection by ssh", () => {
  it("ends with bytes that nobody has taken", async () => {
    const peer = await startPeer();
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 2_000; line++) web.write(`line ${line} ${"x".repeat(2_000)}`);
    const source = new ContainerLogSource("web", { engine: peer.engine, bufferBytes: 65_536 });
    const follower = new Follower(source, () => "break");
    await follower.finished();
    await source.close();
    await expectNothingOpen(peer);
  });

  it("ends before the host has said who it is to let in", async () => {
    const peer = await startPeer({ mute: true });
    // Until then docker-modem keeps what it has.
    const sshOptions = { ...peer.engine.sshOptions, readyTimeout: 300 };
    const source = new ContainerLogSource("web", { engine: { ...peer.engine, sshOptions } });
    const follower = new Follower(source);
    await eventually(() => peer.connections > 0, "a connection");
    await source.close();
    await follower.done;
    await expectNothingOpen(peer);
  });

  it("ends while it is being made", async () => {
    const peer = await startPeer();
    const source = new ContainerLogSource("web", { engine: peer.engine });
    const follower = new Follower(source);
    await eventually(() => peer.connections > 0, "a connection");
    await source.close();
    await follower.done;
    await eventually(() => peer.commands.size > 0, "a command of nobody's");
    await expectNothingOpen(peer);
  });

  it("ends before the engine has answered", async () => {
    const peer = await startPeer({ execute: () => {} });
    const source = new ContainerLogSource("web", { engine: peer.engine });
    const follower = new Follower(source);
    await eventually(() => peer.commands.size > 0, "a command");
    await source.close();
    await follower.done;
    await expectNothingOpen(peer);
  });

  it.each([
    ["a key that is not accepted", strangersKey, /authentication methods failed/],
    ["a key that is none", "no key", /privateKey/],
  ])("fails for good with %s", async (_what, privateKey, message) => {
    const peer = await startPeer();
    const engine = { ...peer.engine, sshOptions: { ...peer.engine.sshOptions, privateKey } };
    const source = new ContainerLogSource("web", { engine });
    const follower = new Follower(source);
    const error = await failure(follower.finished(), "ENGINE_UNREACHABLE");
    expect(error.transient).toBe(false);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`ssh://127.0.0.1:${engine.port}`);
    await expectNothingOpen(peer);
  });

  describe("without a hostVerifier", () => {
    let home: string;
    const former = process.env["HOME"];
    beforeEach(async () => {
      home = await mkdtemp(join(tmpdir(), "dockspool-home-"));
      await mkdir(join(home, ".ssh"));
      process.env["HOME"] = home;
    });
    afterEach(async () => {
      process.env["HOME"] = former;
      await rm(home, { recursive: true });
    });

    it.each(ways)("asks known_hosts for the host's key, %s", async (_way, engineOf) => {
      const peer = await startPeer();
      fake.create({ name: "web" }).write("hello");
      const { hostVerifier: _own, ...sshOptions } = peer.engine.sshOptions ?? {};
      const settings = { engine: { ...peer.engine, sshOptions } };
      const read = async (): Promise<string[]> => {
        const engine = engineOf(settings);
        const source = new ContainerLogSource("web", { engine, follow: false });
        const lines: string[] = [];
        for await (const { line } of source) lines.push(line);
        return lines;
      };
      const unknown = await failure(read(), "ENGINE_UNREACHABLE");
      expect(unknown.message).toMatch(/its host key \(SHA256:\S{43}\) is not in known_hosts/);
      expect(unknown.transient).toBe(false);
      const file = join(home, ".ssh/known_hosts");
      await writeFile(file, knownHost(peer.engine.port, strangersKey));
      const changed = await failure(read(), "ENGINE_UNREACHABLE");
      expect(changed.message).toContain("is not the one in known_hosts");
      await appendFile(file, knownHost(peer.engine.port));
      expect(await read()).toEqual(["hello"]);
      await expectNothingOpen(peer);
    });
  });

  it("tells what the host says where no engine can be reached there", async () => {
    const peer = await startPeer({
      execute: (channel) => {
        channel.stderr.write("sh: docker: not found\n");
        channel.exit(127);
        channel.end();
      },
    });
    const follower = new Follower(new ContainerLogSource("web", { engine: peer.engine, ...eager }));
    const { error } = await follower.status("reconnecting");
    expect(error).toMatchObject({ code: "ENGINE_UNREACHABLE", transient: true });
    expect(String(error)).toContain("`docker system dial-stdio` there: sh: docker: not found.");
    await follower.source.close();
    await expectNothingOpen(peer);
  });
});
