import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineClient } from "../../src/engine/engine-client.ts";
import type { LogHandlers } from "../../src/engine/engine-client.ts";
import { traitsOf } from "../../src/engine/traits.ts";
import type { ContainerInfo } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { AnsweringPeer } from "../support/answering-peer.ts";
import { eventually, failure, turns } from "../support/fake-follow.ts";
import { expectNoneLeft, ownResources } from "../support/own-resources.ts";
import { writeChunk } from "../wire/http-chunks.ts";

const { signal } = new AbortController();
/** Long enough for a machine with other work. */
const PATIENCE_MS = 600;
const STATUS = "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n";
const HEAD = `${STATUS}Transfer-Encoding: chunked\r\n\r\n`;
const UNTIL_CLOSE = `${STATUS}\r\n`;
/** A frame of stdout, without a meaning to anybody here. */
const FRAME = Buffer.from("\u0001\0\0\0\0\0\0\u0003hi\n");

let fake: FakeEngine;
let web: FakeContainer;
let peer: AnsweringPeer;
let client: EngineClient;
let container: ContainerInfo;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
  peer = await AnsweringPeer.start(fake);
  client = new EngineClient({ ...peer.engine, connectTimeoutMs: PATIENCE_MS });
  ({ info: container } = await client.inspect("web", signal));
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

function read(follow: boolean, handlers: Partial<LogHandlers> = {}): Promise<unknown> {
  const all = { opened: () => {}, take: () => {}, ...handlers };
  return client.readLogs(container, { follow, tail: "all" }, traitsOf({}), all, signal);
}

/** Writes pieces, each well within the patience of the client. */
function trickle(socket: Socket, pieces: readonly (string | Buffer)[]): void {
  const [first, ...rest] = pieces;
  if (first === undefined || !socket.writable) return;
  socket.write(first);
  setTimeout(() => trickle(socket, rest), PATIENCE_MS / 6);
}

describe("a plain read", () => {
  it.each([
    ["behind its headers", [HEAD]],
    ["within a chunk", [HEAD, "ff\r\n\u0001\0\0"]],
    ["behind a frame", [HEAD, writeChunk(FRAME)]],
    ["behind its last byte, where the connection's end is the body's", [UNTIL_CLOSE, FRAME]],
  ])("that stalls %s ends, and says why", async (_, pieces) => {
    peer.own = (socket) => pieces.forEach((piece) => socket.write(piece));
    const error = await failure(read(false), "ENGINE_UNREACHABLE");
    expect(error.transient).toBe(true);
    expect(error.message).toContain(`no byte for ${PATIENCE_MS} ms while the log was read`);
    await eventually(() => peer.connections === 0, "no connection");
  });

  it("may take its time, as long as bytes come", async () => {
    const frames = Array.from({ length: 8 }, () => writeChunk(FRAME));
    peer.own = (socket) => trickle(socket, [HEAD, ...frames, "0\r\n\r\n"]);
    expect(await read(false)).toBe("complete");
  });

  it("is not at fault where its consumer takes its time", async () => {
    peer.own = (socket) => {
      socket.write(HEAD);
      socket.write(writeChunk(FRAME));
      socket.end("0\r\n\r\n");
    };
    const take = (): Promise<void> =>
      new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS));
    expect(await read(false, { take })).toBe("complete");
  });

  it("that stalls behind its consumer's pause ends as well", async () => {
    peer.own = (socket) => {
      socket.write(HEAD);
      socket.write(writeChunk(FRAME));
    };
    const take = (): Promise<void> => turns(10);
    await failure(read(false, { take }), "ENGINE_UNREACHABLE");
  });
});

describe("a follow", () => {
  it("may be silent", async () => {
    let socket: Socket | undefined;
    peer.own = (own) => {
      socket = own;
      own.write(HEAD);
    };
    let isOver = false;
    const reading = read(true).finally(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS));
    expect(isOver).toBe(false);
    socket?.end("0\r\n\r\n");
    expect(await reading).toBe("complete");
  });

  it("may not where its reader says so, until it does no more", async () => {
    peer.own = (socket) => void socket.write(HEAD);
    await failure(read(true, { mayBeSilent: () => false }), "ENGINE_UNREACHABLE");
    let asked = 0;
    let socket: Socket | undefined;
    peer.own = (own) => {
      socket = own;
      own.write(HEAD);
    };
    const reading = read(true, { mayBeSilent: () => ++asked > 0 });
    await eventually(() => asked === 1, "a question");
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS));
    expect(asked).toBe(1);
    socket?.end("0\r\n\r\n");
    expect(await reading).toBe("complete");
  });
});

describe("a short answer", () => {
  const json = (): Buffer => Buffer.from(JSON.stringify({ Id: web.id, Name: "/web" }));

  it.each([
    ["behind its headers", () => [HEAD]],
    ["in its middle", () => [HEAD, writeChunk(json().subarray(0, 20))]],
  ])("that stalls %s is an error", async (_, pieces) => {
    peer.own = (socket) => pieces().forEach((piece) => socket.write(piece));
    expect(await failure(client.inspect("web", signal), "ENGINE_UNREACHABLE")).toMatchObject({
      transient: true,
    });
    await failure(client.list(signal), "ENGINE_UNREACHABLE");
    await failure(client.identify(signal), "ENGINE_UNREACHABLE");
    await eventually(() => peer.connections === 0, "no connection");
  });

  it("that trickles without an end is an error", async () => {
    peer.own = (socket) => trickle(socket, [HEAD, ...Array<string>(1_000).fill("1\r\n \r\n")]);
    const error = await failure(client.inspect("web", signal), "ENGINE_UNREACHABLE");
    expect(error.message).toContain("takes too long");
    await eventually(() => peer.connections === 0, "no connection");
  });

  it("that says no and has no end is what its status says", async () => {
    for (const body of ["", "a page", "x".repeat(100_000)]) {
      peer.own = (socket) => void socket.write(`HTTP/1.1 403 Forbidden\r\n\r\n${body}`);
      const error = await failure(client.inspect("web", signal), "ENGINE_RESPONSE");
      expect(error.message).toContain("403");
      expect(error.message.length).toBeLessThan(400);
      await eventually(() => peer.connections === 0, "no connection");
    }
  });
});

describe("events", () => {
  const handlers = { opened: () => {}, event: () => {} };

  it("whose headers do not come are an error, unless who asks is patient", async () => {
    let asked = 0;
    let socket: Socket | undefined;
    peer.own = (own) => {
      asked++;
      socket = own;
    };
    await failure(client.readEvents(undefined, handlers, signal), "ENGINE_UNREACHABLE");
    let isOpen = false;
    const opened = (): void => {
      isOpen = true;
    };
    const reading = client.readEvents(undefined, { ...handlers, opened }, signal, {
      patient: true,
    });
    await eventually(() => asked === 2, "the second question");
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS));
    expect(isOpen).toBe(false);
    socket?.end(`${HEAD}0\r\n\r\n`);
    await reading;
    expect(isOpen).toBe(true);
  });

  it("of the past that stall are an error", async () => {
    for (const begin of ["", HEAD, `${HEAD}3\r\n{}\n\r\n`]) {
      peer.own = (socket) => void socket.write(begin);
      await failure(client.pastEvents(web.id, 0, signal), "ENGINE_UNREACHABLE");
    }
    peer.own = (socket) => void socket.end(`${HEAD}3\r\n{}\n\r\n`);
    await failure(client.pastEvents(web.id, 0, signal), "ENGINE_UNREACHABLE");
    await eventually(() => peer.connections === 0, "no connection");
  });
});

it("nothing is left of reads that ended by themselves", async () => {
  const before = ownResources();
  peer.own = (socket) => void socket.write(HEAD);
  await failure(read(false), "ENGINE_UNREACHABLE");
  await failure(client.inspect("web", signal), "ENGINE_UNREACHABLE");
  await eventually(() => peer.connections === 0, "no connection");
  await expectNoneLeft(before);
});
