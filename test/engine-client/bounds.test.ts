import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { EventDecoder, MAX_EVENT_BYTES } from "../../src/engine/events.ts";
import { FakeEngine } from "../../src/testing.ts";
import { AnsweringPeer, respond } from "../support/answering-peer.ts";
import { eventually, failure } from "../support/fake-follow.ts";

const { signal } = new AbortController();
const MIB = 1024 * 1024;

let fake: FakeEngine;
let peer: AnsweringPeer;
let client: EngineClient;
beforeEach(async () => {
  fake = await FakeEngine.start();
  fake.create({ name: "web" });
  peer = await AnsweringPeer.start(fake);
  client = new EngineClient(peer.engine);
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

/** Writes for as long as somebody reads; tells how much was taken. */
function pour(socket: Socket, head: string, piece: string): () => number {
  let bytes = 0;
  socket.write(head);
  const write = (): void => {
    if (!socket.writable) return;
    bytes += piece.length;
    if (socket.write(piece)) setImmediate(write);
    else socket.once("drain", write);
  };
  write();
  return () => bytes;
}

describe("what a peer sends without an end", () => {
  it.each([
    ["an inspection", (): Promise<unknown> => client.inspect("web", signal)],
    ["who it is", (): Promise<unknown> => client.identify(signal)],
    [
      "events",
      (): Promise<unknown> =>
        client.readEvents(undefined, { opened: () => {}, event: () => {} }, signal),
    ],
    ["past events", (): Promise<unknown> => client.pastEvents("web", 0, signal)],
  ])("in place of %s is an error by its name", async (_, ask) => {
    let poured = (): number => 0;
    peer.own = (socket) => {
      poured = pour(socket, 'HTTP/1.1 200 OK\r\n\r\n{"a":"', "x".repeat(64 * 1024));
    };
    const error = await failure(ask(), "ENGINE_RESPONSE");
    expect(error.transient).toBe(true);
    expect(error.message).toMatch(/more than \d+ bytes/);
    await eventually(() => peer.connections === 0, "no connection");
    // What sockets hold comes on top.
    expect(poured()).toBeLessThan(24 * MIB);
  });

  it("in a header is an error by its name", async () => {
    await client.list(signal);
    peer.own = (socket) => void pour(socket, "HTTP/1.1 200 OK\r\nA: ", "x".repeat(64 * 1024));
    const error = await failure(client.list(signal), "ENGINE_RESPONSE");
    expect(error.message).toContain("its header has no end");
    expect(error.transient).toBe(true);
    await eventually(() => peer.connections === 0, "no connection");
  });

  it("in a refusal is cut, and so is what is shown of it", async () => {
    let poured = (): number => 0;
    peer.own = (socket) => {
      poured = pour(socket, "HTTP/1.1 500 Oops\r\n\r\n", "x".repeat(64 * 1024));
    };
    const error = await failure(client.list(signal), "ENGINE_RESPONSE");
    expect(error.message.length).toBeLessThan(400);
    await eventually(() => peer.connections === 0, "no connection");
    expect(poured()).toBeLessThan(16 * MIB);
    peer.own = (socket) => respond(socket, 500, JSON.stringify({ message: "y".repeat(5_000) }));
    expect((await failure(client.list(signal), "ENGINE_RESPONSE")).message.length).toBeLessThan(
      400,
    );
  });
});

describe("an event", () => {
  it("of many pieces is copied a few times only, however small they are", () => {
    const decoder = new EventDecoder();
    const piece = Buffer.alloc(1, " ");
    for (let bytes = 0; bytes < MAX_EVENT_BYTES; bytes++) decoder.push(piece);
    expect(() => decoder.push(piece)).toThrow(RangeError);
  });

  it("that is as long as may be is decoded", () => {
    const event = { Type: "container", Action: "start", Actor: { ID: "ab", Attributes: {} } };
    const line = `${" ".repeat(MAX_EVENT_BYTES - 200)}${JSON.stringify(event)}\n`;
    const decoder = new EventDecoder();
    const events = [line.slice(0, 500_000), line.slice(500_000)].flatMap((part) =>
      decoder.push(Buffer.from(part)),
    );
    expect(events).toMatchObject([{ container: "ab", action: "start" }]);
  });

  it("that renames a container to nothing is passed over", () => {
    const rename = (attributes: object): string =>
      `${JSON.stringify({ Type: "container", Action: "rename", Actor: { ID: "ab", Attributes: attributes } })}\n`;
    const text = `${rename({})}${rename({ name: "" })}${rename({ name: "/" })}${rename({ name: "new" })}`;
    expect(new EventDecoder().push(Buffer.from(text))).toMatchObject([
      { action: "rename", name: "new" },
    ]);
  });

  it("without nanoseconds has the time that it says in seconds", () => {
    const event = { Type: "container", Action: "die", Actor: { ID: "ab" }, time: 1_795_900_000 };
    expect(new EventDecoder().push(Buffer.from(`${JSON.stringify(event)}\n`))).toMatchObject([
      { at: 1_795_900_000_000 },
    ]);
  });
});
