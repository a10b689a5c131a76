import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { shownUrl } from "../../src/engine/shown-url.ts";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { AnsweringPeer, respond } from "../support/answering-peer.ts";
import { eager, failure, Follower, nothingOpen, thrown } from "../support/fake-follow.ts";

const SECRET = "s3cr3t";
const { signal } = new AbortController();
const shownOf = (value: unknown): string => inspect(value, { depth: 12, showHidden: true });

const urls = [
  `https://ci:${SECRET}@10.0.0.5:99999`,
  `ftp://ci:${SECRET}@10.0.0.5`,
  `https://ci:${SECRET}`,
  `ci:${SECRET}`,
  `https://ci:a/${SECRET}@10.0.0.5`,
  `https://ci:a?${SECRET}@10.0.0.5`,
  `https://ci:a@b${SECRET}@host:x`,
  `tcp://host:port/?token=${SECRET}`,
  `tcp://host:port/${SECRET}`,
  `ssh://ci:${SECRET}@[::1`,
  `tcp://host:port#${SECRET}`,
];

describe("an engine's URL with a secret that can't be used", () => {
  it.each(urls)("%# is not shown", async (url) => {
    expect(shownUrl(url)).not.toContain(SECRET);
    const asString = thrown(() => new ContainerLogSource("web", { engine: url }), "INVALID_OPTION");
    const inPool = thrown(() => new StreamPool({ engines: { east: url } }), "INVALID_OPTION");
    const source = new ContainerLogSource("web", { engine: { host: url }, ...eager });
    const follower = new Follower(source);
    const asHost = await failure(follower.finished(), "INVALID_OPTION");
    const environment = process.env["DOCKER_HOST"];
    process.env["DOCKER_HOST"] = url;
    const asVariable = await failure(new EngineClient().list(signal), "INVALID_OPTION").finally(
      () => {
        if (environment === undefined) delete process.env["DOCKER_HOST"];
        else process.env["DOCKER_HOST"] = environment;
      },
    );
    expect(asString.message).toContain('"engine"');
    expect(inPool.message).toContain('"engines.east"');
    expect(asHost.message).toContain('"engine.host"');
    expect(asVariable.message).toContain('"DOCKER_HOST"');
    expect(JSON.stringify([asString, inPool, asHost, asVariable])).not.toContain(SECRET);
    for (const error of [asString, inPool, asHost, asVariable, source, follower.statuses])
      expect(shownOf(error)).not.toContain(SECRET);
  });

  it("is shown as far as it helps", () => {
    expect(shownUrl("ftp://box:1234")).toBe("ftp://box:1234");
    expect(shownUrl("https://ci:x@box:99999/path")).toBe("https://…@box:99999/…");
    expect(shownUrl("box")).toBe("box");
    expect(shownUrl("unix:///run/docker.sock")).toBe("unix:///run/docker.sock");
  });
});

it("what is made with secrets shows none of them", async () => {
  const settings = {
    host: `tcp://ci:${SECRET}@127.0.0.1:1`,
    ca: SECRET,
    key: SECRET,
    sshOptions: { password: SECRET },
  };
  const client = new EngineClient(settings);
  const error = await failure(client.list(signal), "ENGINE_UNREACHABLE");
  const source = new ContainerLogSource("web", { engine: settings, ...eager });
  const pool = new StreamPool({ engines: { east: settings } });
  const follower = new Follower(source);
  await follower.until(() => follower.statuses.length > 0).catch(() => {});
  for (const each of [error, client, source, pool, follower.statuses, follower.error])
    expect(shownOf(each)).not.toContain(SECRET);
  await source.close();
  await pool.close();
});

it("a misspelt setting is called unknown, and the nearest known one is named", () => {
  for (const [name, meant] of [
    ["sockerPath", "socketPath"],
    ["passwort", undefined],
  ]) {
    const engine = { [name ?? ""]: SECRET };
    const error = thrown(() => new StreamPool({ engines: { b: engine } }), "INVALID_OPTION");
    expect(error.message).toContain(`Unknown option "engines.b.${name}"`);
    if (meant !== undefined) expect(error.message).toContain(`"engines.b.${meant}"`);
    expect(shownOf(error)).not.toContain(SECRET);
  }
});

describe("an engine given as a string", () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await FakeEngine.start();
  });
  afterEach(() => fake.close());

  it("is found by its socket", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const engine = `unix://${fake.engine.socketPath}`;
    const source = new ContainerLogSource("web", { engine, follow: false });
    const follower = new Follower(source);
    await follower.finished();
    expect(follower.texts).toEqual(["one"]);
    await nothingOpen(fake);
  });

  it.each([(port: number) => `tcp://127.0.0.1:${port}`, (port: number) => `127.0.0.1:${port}`])(
    "is found by host and port",
    async (url) => {
      await using other = await FakeEngine.start({ port: 0 });
      other.create({ name: "web" });
      const client = new EngineClient(url(other.engine.port ?? 0));
      expect(await client.list(signal)).toHaveLength(1);
    },
  );

  it.each(["", "ftp://box", "context:", "a b"])("%j is refused", (engine) => {
    const error = thrown(() => new ContainerLogSource("web", { engine }), "INVALID_OPTION");
    expect(error.message).toContain("context:NAME");
  });
});

it.each([
  ["escape sequences and line ends", "\u001b]0;pwned\u0007\u001b[2Jhello\nFAKE LOG LINE"],
  ["marks of writing direction", "\u202eevil\u2066\u200f"],
  ["control characters of eight bits", "\u009b2J\u0085"],
])("%s of a peer do not stand in a message", async (_, words) => {
  await using fake = await FakeEngine.start();
  await using peer = await AnsweringPeer.start(fake);
  const client = new EngineClient(peer.engine);
  for (const status of [400, 403, 500, 200]) {
    for (const body of [JSON.stringify({ message: words }), words, `<html>${words}`]) {
      peer.own = (socket) => respond(socket, status, body);
      const { message } = await failure(client.list(signal), "ENGINE_RESPONSE");
      expect(message).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    }
  }
});
