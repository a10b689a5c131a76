import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { traitsOf } from "../../src/engine/traits.ts";
import type { ContainerInfo } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { AnsweringPeer, respond } from "../support/answering-peer.ts";
import { eventually, failure } from "../support/fake-follow.ts";

const { signal } = new AbortController();
const HTML = "<html><title>404 Not Found</title></html>";

let fake: FakeEngine;
let web: FakeContainer;
let peer: AnsweringPeer;
let client: EngineClient;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
  peer = await AnsweringPeer.start(fake);
  client = new EngineClient({ ...peer.engine, connectTimeoutMs: 1_500 });
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

async function info(): Promise<ContainerInfo> {
  return (await client.inspect("web", signal)).info;
}

function read(container: ContainerInfo, follow = false): Promise<unknown> {
  const handlers = { opened: () => {}, take: () => {} };
  return client.readLogs(container, { follow, tail: "all" }, traitsOf({}), handlers, signal);
}

const answers: readonly (readonly [string, (socket: Socket) => void])[] = [
  ["404 with a page", (socket) => respond(socket, 404, HTML)],
  ["404 with other JSON", (socket) => respond(socket, 404, '{"message":"page not found"}')],
  ["404 with the words as text", (socket) => respond(socket, 404, "No such container: web")],
  ["403 with a page", (socket) => respond(socket, 403, HTML)],
  ["401", (socket) => respond(socket, 401, "Unauthorized")],
  ["400", (socket) => respond(socket, 400, "Bad Request")],
  ["407", (socket) => respond(socket, 407, "")],
  ["409", (socket) => respond(socket, 409, "Conflict")],
  ["429", (socket) => respond(socket, 429, "slow down")],
  ["501", (socket) => respond(socket, 501, "Not Implemented")],
  ["500 without a word", (socket) => respond(socket, 500, "")],
  ["503", (socket) => respond(socket, 503, HTML)],
  ["a redirect", (socket) => respond(socket, 302, "", { Location: "/login" })],
  ["200 with a page", (socket) => respond(socket, 200, HTML)],
  ["200 with a text", (socket) => respond(socket, 200, "please log in")],
  ["200 with nothing", (socket) => respond(socket, 200, "")],
  ["204", (socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n")],
  ["200 with JSON of another kind", (socket) => respond(socket, 200, '{"status":"ok"}')],
  [
    "101",
    (socket) =>
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
      ),
  ],
  ["no HTTP", (socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n")],
  [
    "a header without an end",
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${"a".repeat(100_000)}`),
  ],
];

describe.each(answers)("%s", (_, answer) => {
  const questions = {
    "an inspection": () => client.inspect("web", signal),
    "a list": () => client.list(signal),
    "who it is": () => client.identify(signal),
    "a plain read": async () => read(await known),
    "a follow": async () => read(await known, true),
    events: () => client.readEvents(undefined, { opened: () => {}, event: () => {} }, signal),
    "past events": () => client.pastEvents(web.id, 0, signal),
  };
  let known: Promise<ContainerInfo>;

  it.each(Object.entries(questions))(
    "in place of %s passes, once the engine was reached",
    async (what, ask) => {
      known = info();
      await known;
      expect(client.wasReached).toBe(true);
      peer.own = answer;
      expect(await failure(ask(), "ENGINE_RESPONSE")).toMatchObject({ transient: true });
      peer.own = () => false;
      if (what !== "events" && what !== "a follow") await ask();
      await eventually(() => peer.connections === 0, "no connection");
    },
  );
});

it.each([
  ["404 with a page", 404, HTML],
  ["403", 403, "no"],
  ["401", 401, "no"],
  ["a page", 200, HTML],
  ["other JSON", 200, "[]"],
])("%s from what was never an engine is an error for good", async (_, status, body) => {
  peer.own = (socket) => respond(socket, status, body);
  const error = await failure(client.inspect("web", signal), "ENGINE_RESPONSE");
  expect(error.transient).toBe(false);
  expect(client.wasReached).toBe(false);
});

describe("in the engine's own words", () => {
  const podman = (cause: string, message: string, response: number): string =>
    JSON.stringify({ cause, message, response });
  const gone = 'no container with name or ID "web" found: no such container';

  it.each([
    ["Docker", 404, '{"message":"No such container: web"}'],
    ["Podman", 404, podman("no such container", gone, 404)],
    ["Podman while it removes it", 500, podman("no such container", gone, 500)],
    ["Podman, with status 200", 200, podman("no such container", gone, 500)],
  ])("a container is gone: %s", async (_, status, body) => {
    const container = await info();
    peer.own = (socket) => respond(socket, status, body);
    await failure(client.inspect("web", signal), "CONTAINER_NOT_FOUND");
    await failure(read(container), "CONTAINER_NOT_FOUND");
    await failure(read(container, true), "CONTAINER_NOT_FOUND");
  });

  it("a word with status 200 that comes byte by byte is understood, also where the answer has no end", async () => {
    const container = await info();
    peer.own = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      for (const byte of podman("no such container", gone, 500)) socket.write(byte);
    };
    await failure(read(container, true), "CONTAINER_NOT_FOUND");
    await eventually(() => peer.connections === 0, "no connection");
  });

  it.each([
    ["Docker", 501, '{"message":"configured logging driver does not support reading"}'],
    ["Podman", 500, podman("this container is not logging output", "unable to obtain logs", 500)],
  ])("a log can't be read: %s", async (_, status, body) => {
    const container = await info();
    peer.own = (socket) => respond(socket, status, body);
    const error = await failure(read(container), "LOGS_UNREADABLE");
    expect(error.transient).toBe(false);
  });

  it("a container that is being removed is not gone yet", async () => {
    const container = await info();
    const message = "can not get logs from container which is dead or marked for removal";
    peer.own = (socket) => respond(socket, 409, JSON.stringify({ message }));
    expect((await failure(read(container), "ENGINE_RESPONSE")).transient).toBe(true);
  });

  it("a word about no container is none about one", async () => {
    await info();
    peer.own = (socket) => respond(socket, 404, '{"message":"No such container: web"}');
    expect((await failure(client.list(signal), "ENGINE_RESPONSE")).transient).toBe(true);
  });
});

describe("somebody else's empty answer", () => {
  it("is no empty list and no empty log, where the engine says who it is in all others", async () => {
    const container = await info();
    peer.own = (socket, path) => respond(socket, 200, path.includes("/logs") ? "" : "[]");
    expect((await failure(client.list(signal), "ENGINE_RESPONSE")).transient).toBe(true);
    expect((await failure(read(container), "ENGINE_RESPONSE")).transient).toBe(true);
  });

  it("can't be told apart where a proxy takes that out of all answers", async () => {
    const one = { Id: web.id, Name: "/web" };
    peer.own = (socket) => respond(socket, 200, JSON.stringify(one));
    const container = await info();
    peer.own = (socket, path) => respond(socket, 200, path.includes("/logs") ? "" : "[]");
    expect(await client.list(signal)).toEqual([]);
    expect(await read(container)).toBe("complete");
  });
});

it("an answer about another container than the one that was asked for is none", async () => {
  await info();
  const other = fake.create({ name: "other" });
  peer.own = (socket) => respond(socket, 200, JSON.stringify({ Id: other.id, Name: "/other" }));
  expect((await failure(client.inspect(web.id, signal), "ENGINE_RESPONSE")).transient).toBe(true);
});

describe("an engine whose /info a proxy forbids", () => {
  const forbidding =
    (...parts: readonly string[]) =>
    (socket: Socket, path: string): false | void => {
      if (!parts.some((part) => path.startsWith(part))) return false;
      respond(socket, 403, HTML);
    };

  it("is known by its address", async () => {
    peer.own = forbidding("/info", "/events");
    const { id } = await client.identify(signal);
    expect(id).toContain("default@");
    expect(await client.list(signal)).toHaveLength(1);
    await failure(
      client.readEvents(undefined, { opened: () => {}, event: () => {} }, signal),
      "ENGINE_RESPONSE",
    );
  });

  it("and the list as well is known by its address once it has answered something in between", async () => {
    peer.own = forbidding("/info", "/containers/json");
    await info();
    await failure(client.identify(signal), "ENGINE_RESPONSE");
    await info();
    expect((await client.identify(signal)).id).toContain("default@");
  });

  it("for a moment, along with all else, is not known by its address", async () => {
    await info();
    peer.own = forbidding("/");
    expect((await failure(client.identify(signal), "ENGINE_RESPONSE")).transient).toBe(true);
    peer.own = () => false;
    expect((await client.identify(signal)).id).not.toContain("default@");
  });

  it("just before it answers again is not known by its address", async () => {
    await info();
    let left = 1;
    peer.own = (socket, path) => (left-- > 0 ? forbidding("/info")(socket, path) : false);
    expect((await client.identify(signal)).id).not.toContain("default@");
  });
});
