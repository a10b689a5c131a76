import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually, turns } from "../support/fake-follow.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { connecting, readRaw, ways } from "../support/raw-read.ts";

const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNKS = "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n";

const byByte = (text: string): string[] =>
  Array.from(Buffer.from(text), (byte) => String.fromCharCode(byte));

/** Each piece is sent when the client has had the chance to read those before. */
async function sendSlowly(socket: Socket, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await turns(2);
  }
}

describe.each(ways)("a response read %s", (way) => {
  it.each([
    ["head and body byte by byte", byByte(`${HEAD}${CHUNKS}`)],
    ["head and body at once", [`${HEAD}${CHUNKS}`]],
    ["a head that is cut in its end", [HEAD.slice(0, -1), `${HEAD.slice(-1)}${CHUNKS}`]],
    ["a head and the beginning of the first size", [`${HEAD}6`, CHUNKS.slice(1)]],
    [
      "a head with carriage returns of its own",
      [`HTTP/1.1 200 OK\r\nA: \r\nTransfer-Encoding: chunked\r\n\r`, `\n${CHUNKS}`],
    ],
    [
      "a head of 15,000 bytes",
      [
        `HTTP/1.1 200 OK\r\nA: ${"a".repeat(15_000)}\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
      ],
    ],
  ])("may come as %s", async (_, pieces) => {
    await using peer = await RawPeer.start((socket) => void sendSlowly(socket, pieces));
    const { body, end } = await readRaw(connecting(peer.engine, way));
    expect({ body: body.toString(), end }).toEqual({ body: "hello world", end: "complete" });
  });

  it.each([
    ["100 Continue", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["102 Processing", "HTTP/1.1 102 Processing\r\n\r\n"],
    ["103 Early Hints", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"],
    ["several of them", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"],
  ])("may have %s before it", async (_, early) => {
    for (const pieces of [
      [early, HEAD, CHUNKS],
      [`${early}${HEAD}${CHUNKS}`],
      [...byByte(early), HEAD, CHUNKS],
    ]) {
      await using peer = await RawPeer.start((socket) => void sendSlowly(socket, pieces));
      const engine = connecting({ ...peer.engine, connectTimeoutMs: 1_000 }, way);
      const { body, end } = await readRaw(engine);
      expect({ body: body.toString(), end }).toEqual({ body: "hello world", end: "complete" });
    }
  });

  it("is not read before its reader is ready for it", async () => {
    await using peer = await RawPeer.start((socket) => socket.end(`${HEAD}${CHUNKS}`));
    const order: string[] = [];
    const { body, end } = await readRaw(connecting(peer.engine, way), {
      opened: async () => {
        await turns(20);
        order.push("opened");
      },
      take: () => void order.push("taken"),
    });
    expect({ body: body.toString(), end }).toEqual({ body: "hello world", end: "complete" });
    expect(order[0]).toBe("opened");
    expect(order).toContain("taken");
  });

  it("that ends within its head is an error, not a log", async () => {
    await using peer = await RawPeer.start((socket) => socket.end(HEAD.slice(0, 30)));
    await expect(readRaw(connecting(peer.engine, way))).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
      transient: true,
    });
  });

  it("that is no HTTP is an error that no second try mends", async () => {
    await using peer = await RawPeer.start((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    await expect(readRaw(connecting(peer.engine, way))).rejects.toMatchObject({
      code: "ENGINE_RESPONSE",
      transient: false,
    });
  });
});

describe("an answer that goes on as something else than HTTP", () => {
  it.each(ways)("is given up at once, %s", async (way) => {
    const upgrade =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n";
    await using peer = await RawPeer.start((socket) => socket.write(upgrade));
    await expect(readRaw(connecting(peer.engine, way))).rejects.toMatchObject({
      code: "ENGINE_RESPONSE",
      transient: true,
    });
    await eventually(() => peer.connections === 0, "no connection");
  });
});
